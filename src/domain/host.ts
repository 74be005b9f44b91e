import { err, ok, type Result } from './result.ts';

/** Another machine, reached over the user's own ssh. */
export interface Host {
  /** null: as ssh is set up. */
  readonly user: string | null;
  /** A name that ssh knows, or an address. */
  readonly name: string;
  readonly port: number | null;
  /** The folder there in the place of the one that the ecosystem file is in; null: where a login begins. */
  readonly folder: string | null;
  /** What runs eco there, for its shell; null: `eco`. */
  readonly command: string | null;
}

/** What is wrong with the text of a host. */
export type HostMistake = 'no-url' | 'password' | 'user' | 'name' | 'port' | 'query' | 'encoding';

const URL_PARTS = /^ssh:\/\/(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::([^/?#]*))?(\/[^?#]*)?(?:\?([^#]*))?$/i;
/** What is passed on to ssh must not be taken for an option, nor for more than one word by a shell of the user's settings. */
const USER = /^[A-Za-z0-9_.][\w.@+=-]*\$?$/;
const NAME = /^(?:[A-Za-z0-9_][\w.-]*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?)$/;

/** `ssh://user@host:port/folder?eco=command`, of which only the host has to be there. `/~/` is the home folder there. */
export function parseHost(text: string): Result<Host, HostMistake> {
  const parts = URL_PARTS.exec(text);
  if (parts === null) return err('no-url');
  const [, user, bracketed = '', port, path, query] = parts.map((part) =>
    part === undefined ? undefined : plain(part),
  );
  if ([user, bracketed, path, query].includes(null)) return err('encoding');
  const name = (bracketed ?? '').replace(/^\[(.*)\]$/, '$1');
  if (user?.includes(':') === true) return err('password');
  if (typeof user === 'string' && !USER.test(user)) return err('user');
  if (!NAME.test(name)) return err('name');
  if (typeof port === 'string' && !isPort(port)) return err('port');
  const command = commandIn(parts[5]);
  if (command === undefined) return err('query');
  return ok({
    user: user ?? null,
    name,
    port: typeof port === 'string' ? Number(port) : null,
    folder: folderOf(path ?? '/'),
    command,
  });
}

/** Two texts that mean the same machine, user and folder have the same form. */
export function formatHost({ user, name, port, folder }: Host): string {
  const at = user === null ? '' : `${encodeURIComponent(user)}@`;
  const to = port === null ? '' : `:${port}`;
  const path = folder === null ? '' : pathOf(folder).split('/').map(encodeURIComponent).join('/');
  return `ssh://${at}${name.includes(':') ? `[${name.replace('%', '%25')}]` : name}${to}${path}`;
}

/** null: what stands behind a % is no character. */
function plain(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function folderOf(path: string): string | null {
  const trimmed = path.replace(/(?<=.)\/+$/, '');
  if (trimmed === '/') return null;
  return /^\/~(\/|$)/.test(trimmed) ? trimmed.slice(1) : trimmed;
}

/** A relative folder begins where a login does. */
function pathOf(folder: string): string {
  if (folder.startsWith('/')) return folder;
  return /^~(\/|$)/.test(folder) ? `/${folder}` : `/~/${folder}`;
}

/** undefined: the query says something else than that. */
function commandIn(query: string | undefined): string | null | undefined {
  if (query === undefined || query === '') return null;
  const value = /^eco=([^&]+)$/.exec(query)?.[1];
  return value === undefined ? undefined : (plain(value) ?? undefined);
}
