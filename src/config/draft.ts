import { isRecord } from './source.ts';

/** An ecosystem file that is yet to be written. */
export interface Draft {
  readonly project: string;
  readonly include: unknown;
  readonly hosts: unknown;
  readonly static: unknown;
  readonly defaults: DraftBlock | null;
  readonly apps: readonly DraftBlock[];
  /** PM2's deployment settings, as they were. */
  readonly deploy: unknown;
  /** Whether `${NAME}` in a value stands for a variable; if not, it is text. */
  readonly interpolated: boolean;
}

/** Options in the order in which they are to be written. */
export type DraftBlock = ReadonlyMap<string, unknown>;

export interface DraftComments {
  /** The first line for people. */
  readonly about: string;
  /** Where editors find the schema; null: nowhere. */
  readonly schema: string | null;
}

/** The YAML text of a draft; reading it gives the values of the draft. */
export async function formatDraft(draft: Draft, { about, schema }: DraftComments): Promise<string> {
  const { dump } = await import('js-yaml');
  const { project, include, hosts, static: served, defaults, apps, deploy, interpolated } = draft;
  const document = {
    project,
    ...(include === undefined ? {} : { include }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(defaults === null || defaults.size === 0 ? {} : { defaults: Object.fromEntries(defaults) }),
    apps: apps.map((app) => Object.fromEntries(app)),
    ...(served === undefined ? {} : { static: served }),
    ...(deploy === undefined ? {} : { deploy }),
  };
  const text = dump(interpolated ? document : escaped(document), { lineWidth: 120, noRefs: true });
  const spaced = text
    .replace(/\n(?=(apps|defaults|static|deploy|include|hosts):)/g, '\n\n')
    .replace(/\n(?=  - \w)/g, '\n\n');
  const editors = schema === null ? '' : `# yaml-language-server: $schema=${schema}\n`;
  return `${editors}# ${about}\n${spaced.replace(/^apps:\n\n/m, 'apps:\n')}`;
}

/** In YAML `${NAME}` stands for a variable and `$$` for a dollar sign. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\$(?=[${])/g, '$$$$');
  if (Array.isArray(value)) return value.map(escaped);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)]));
}
