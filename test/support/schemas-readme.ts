import { APP_OPTIONS, type OptionName } from '../../src/config/app-options.ts';
import { DIAGNOSTIC_CODES } from '../../src/config/diagnostic-codes.ts';
import { KEYS_WITHOUT_EFFECT } from '../../src/config/pm2-options.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { CHANGE_CLASS } from '../../src/reconcile/change-classes.ts';
import { FILE_KEYS } from '../../src/reconcile/file-values.ts';
import type { DocumentSchema } from './document-schemas.ts';

export interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

export interface Property {
  /** As in `rollout.max_surge`. */
  readonly path: string;
  readonly schema: Schema;
}

type FileKey = (typeof FILE_KEYS)[keyof typeof FILE_KEYS];

/** What the options that are no field of a spec become part of; null: of nothing but other options. */
const PART_OF = {
  extends: null,
  on: null,
  env_file: 'env',
  pass_env: 'env',
  revision: 'code',
  unwrap: 'script',
  disable_logs: 'outFile',
  time: 'logDateFormat',
  logs: 'logRotation',
  overlap: 'schedule',
  ignore_watch: 'watch',
  watch_delay: 'watch',
  watch_options: 'watch',
  filter_env: 'env',
  port: 'env',
  name_prefix: 'name',
  append_env_to_name: 'name',
  gid: 'user',
  source_map_support: 'interpreterArgs',
  execute_command: 'execMode',
} as const satisfies Record<Exclude<OptionName, FileKey>, keyof AppSpec | null>;

/** `schemas/README.md`: every option, every code of a diagnostic, and every document that commands print. */
export function formatSchemasReadme(schema: Schema, documents: readonly DocumentSchema[]): string {
  const app = schema.$defs?.['app'] ?? {};
  const top = propertiesOf(schema, schema).filter(({ path }) => !path.includes('.'));
  return [
    '<!-- Made by `npm run docs` of the schema, the change classes and the diagnostic codes. A test compares it with them. -->',
    '# The ecosystem file, option by option',
    [
      '`ecosystem.schema.json` is what editors complete and explain options by. In a YAML file, the first line says where it is:',
      '`# yaml-language-server: $schema=./node_modules/eco-runner/schemas/ecosystem.schema.json`; in a JSON file, the key `$schema`;',
      'in JavaScript and TypeScript, `defineEcosystem` of this package.',
    ].join('\n'),
    '## At the top of the file',
    table(['key', 'default', 'what it is'], top.map(topRow)),
    '## Of an app',
    [
      'Each may also be written in camelCase (`maxMemoryRestart`), and under `defaults`, where it holds for every app. What a changed value asks of the',
      'processes: `none` nothing at all · `update` nothing, the daemon goes by it from now on · `scale` some workers come or go ·',
      '`reload` every worker is replaced, its successor first · `replace` every worker goes before the first new one starts.',
    ].join('\n'),
    table(
      ['option', 'status', 'also written', 'default', 'a change', 'what it is'],
      propertiesOf(app, schema).map((property) => optionRow(property)),
    ),
    '## Known, and without effect',
    "Options of PM2's that eco leaves out on purpose. Each is told once, as a warning, where its value asks for something.",
    table(
      ['option', 'status'],
      KEYS_WITHOUT_EFFECT.map(({ name, reason }) => [code(name), `ignored: ${reason}`]),
    ),
    '## What `--json` prints',
    [
      'Each is described by a schema in this folder. Readers ignore keys that they do not know; `format_version` changes its major number where a',
      'reader of the former documents would go wrong. What fails is told in words on stderr and by the exit code; a file that cannot be used, by a',
      'document of `validate.schema.json`. `eco schema` prints `ecosystem.schema.json`.',
    ].join('\n'),
    table(
      ['schema', 'what it is of', 'who prints it'],
      documents.map(({ name, title, description }) => [code(`${name}.schema.json`), title, description]),
    ),
    '## Diagnostic codes',
    '`eco explain CODE` shows each with an example.',
    table(
      ['code', 'meaning', 'cause', 'what to do'],
      Object.entries(DIAGNOSTIC_CODES)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { title, cause, cure }]) => [name, title, cause, cure]),
    ),
    '',
  ].join('\n\n');
}

/** Every property below a schema, those within options after them. */
export function propertiesOf(schema: Schema, root: Schema, prefix = ''): readonly Property[] {
  const target = resolved(schema, root);
  const patterns = Object.entries(target.patternProperties ?? {}).map(([pattern, inner]): [string, Schema] => [
    wordsOf(pattern),
    inner,
  ]);
  const own = [...Object.entries(target.properties ?? {}), ...patterns].flatMap(([name, inner]): Property[] => {
    const path = `${prefix}${name}`;
    // Apps within the file are options of their own.
    const isApp = inner.$ref === '#/$defs/app' || name === 'apps';
    return [{ path, schema: inner }, ...(isApp ? [] : propertiesOf(inner, root, `${path}.`))];
  });
  const branches = [...(target.anyOf ?? []), ...(target.oneOf ?? []), ...(target.items ? [target.items] : [])];
  const more = typeof target.additionalProperties === 'object' ? [target.additionalProperties] : [];
  const inner = [
    ...branches.flatMap((branch) => propertiesOf(branch, root, prefix)),
    ...more.flatMap((branch) => propertiesOf(branch, root, `${prefix}NAME.`)),
  ];
  const known = new Set<string>();
  return [...own, ...inner].filter(({ path, schema: { description } }) => {
    // The branches of an `anyOf` say which of the properties they ask for, without describing them again.
    if (known.has(path) || description === undefined) return known.has(path) ? false : !isBranchOf(path, own);
    known.add(path);
    return true;
  });
}

/** `^env_(?!file$)` → `env_NAME`. */
function wordsOf(pattern: string): string {
  return `${/^\^(\w+_)/.exec(pattern)?.[1] ?? ''}NAME`;
}

function isBranchOf(path: string, own: readonly Property[]): boolean {
  return own.some((property) => property.path === path);
}

function resolved(schema: Schema, root: Schema): Schema {
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? '')?.[1];
  return name === undefined ? schema : (root.$defs?.[name] ?? schema);
}

function topRow({ path, schema }: Property): readonly string[] {
  return [code(path), defaultOf(schema), schema.description ?? ''];
}

function optionRow({ path, schema }: Property): readonly string[] {
  const [name = ''] = path.split('.');
  const option = APP_OPTIONS.find((candidate) => candidate.name === name);
  const aliases = path === name ? (option?.aliases ?? []).map(code).join(', ') : '';
  const change = option === undefined ? (name === 'env_NAME' ? code(CHANGE_CLASS.env) : '') : classOf(option.name);
  return [code(path), 'works', aliases, defaultOf(schema), path === name ? change : '', schema.description ?? ''];
}

function classOf(name: OptionName): string {
  const field = Object.keys(FILE_KEYS).find((key): key is keyof AppSpec => Reflect.get(FILE_KEYS, key) === name);
  const part = field ?? (name in PART_OF ? PART_OF[name as keyof typeof PART_OF] : null);
  return part === null ? '' : code(CHANGE_CLASS[part]);
}

function defaultOf({ default: value }: Schema): string {
  return value === undefined || value === null ? '–' : code(typeof value === 'string' ? value : JSON.stringify(value));
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}
