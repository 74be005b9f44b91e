import type { Host } from '../domain/host.ts';
import { quoted } from '../util/quoted.ts';

export interface SshOptions {
  /** The program with options of the user's: `['ssh', '-F', 'ci-config']`. */
  readonly ssh: readonly string[];
  /** A person can be asked for what ssh wants to know. */
  readonly interactive: boolean;
  /** Where what comes after it shares its connection; null: nothing comes. */
  readonly shared: string | null;
  /** The far side gets a terminal. */
  readonly terminal?: boolean;
}

/** A dead network is noticed within half a minute. Options of the user's come first, which is how ssh lets them win. */
const KEEP_ALIVE = ['-o', 'ConnectTimeout=20', '-o', 'ServerAliveInterval=10', '-o', 'ServerAliveCountMax=3'];

/** All words of a call of ssh but for the host. */
export function sshWords({ port }: Pick<Host, 'port'>, options: SshOptions): readonly string[] {
  const { ssh, interactive, shared, terminal = false } = options;
  return [
    ...ssh,
    ...KEEP_ALIVE,
    ...(interactive ? [] : ['-o', 'BatchMode=yes']),
    ...(shared === null ? [] : ['-o', 'ControlMaster=auto', '-o', `ControlPath=${shared}`, '-o', 'ControlPersist=no']),
    // With a terminal ssh says goodbye, which is no error.
    ...(terminal ? ['-t', '-o', 'LogLevel=ERROR'] : ['-T']),
    ...(port === null ? [] : ['-p', String(port)]),
  ];
}

/** `command` is for the shell there. */
export function sshCommand(host: Host, command: string, options: SshOptions): readonly string[] {
  return [...sshWords(host, options), ...(host.user === null ? [] : ['-l', host.user]), '--', host.name, command];
}

export const ECO_THERE = 'eco';

/** A command of eco there, in the folder that is asked for. `~` is left to the shell. */
export function ecoCommand({ folder, command }: Host, args: readonly string[]): string {
  const line = [command ?? ECO_THERE, ...args.map(quoted)].join(' ');
  return folder === null ? line : `cd ${quoteFolder(folder)} && ${line}`;
}

function quoteFolder(folder: string): string {
  if (folder === '~') return '~';
  if (folder.startsWith('~/')) return `~/${quoted(folder.slice(2))}`;
  return quoted(folder.startsWith('-') ? `./${folder}` : folder);
}
