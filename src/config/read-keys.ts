import { editDistance, nearest } from '../util/edit-distance.ts';
import { unreachable } from '../util/unreachable.ts';
import { envBlockName, OPTION_SPELLINGS, optionNamed, type OptionName } from './app-options.ts';
import { KNOWN_APP_KEYS, knownAppKey, knownTopKey, SYNONYMS, type KnownKey } from './pm2-options.ts';
import type { Block, EcosystemForm, Part } from './read-form.ts';
import type { Report } from './report.ts';
import { isRecord, type SourceDocument, type SourcePath } from './source.ts';

/** The options of an app under their own names, each with the place where it is written. */
export interface OptionBlock {
  readonly path: SourcePath;
  readonly options: ReadonlyMap<OptionName, Part>;
  /** The `env_NAME` blocks, by NAME. */
  readonly envBlocks: ReadonlyMap<string, Part>;
}

export interface KeyedEcosystem {
  readonly include: Part | null;
  readonly static: Part | null;
  readonly project: Part | null;
  readonly hosts: Part | null;
  readonly version: Part | null;
  readonly defaults: OptionBlock | null;
  readonly apps: readonly OptionBlock[];
}

const TOP_KEYS = ['apps', 'pm2', 'project', 'version', 'hosts', 'defaults', 'include', 'static', 'deploy'];

/** Says what is wrong with the keys of a file; the values are for later. */
export function readKeys(form: EcosystemForm, document: SourceDocument, report: Report): KeyedEcosystem {
  const reader = createReader(form, document, report);
  reportDuplicates(document, report);
  if (form.top !== null) reader.top(form.top);
  return {
    include: form.include,
    static: form.static,
    project: form.project,
    hosts: form.hosts,
    version: form.version,
    defaults: form.defaults === null ? null : reader.block(form.defaults),
    apps: form.apps.map(reader.block),
  };
}

interface Reader {
  readonly top: (top: Block) => void;
  readonly block: (block: Block) => OptionBlock;
}

interface Key {
  readonly key: string;
  readonly path: SourcePath;
}

function createReader({ strict, top }: EcosystemForm, document: SourceDocument, report: Report): Reader {
  const told = new Set<string>();
  /** Warnings come once per key and file, errors at each place. */
  const complain = ({ key, path }: Key, { code, message, hint }: Complaint): void => {
    if (strict) return report.error(code, path, { message, part: 'key', hint });
    if (told.has(`${code} ${key}`)) return;
    told.add(`${code} ${key}`);
    report.warning(code, path, { message, part: 'key', hint });
  };
  const unknown = remembering(unknownAppKey);
  const known = ({ key, path }: Key, meaning: KnownKey): void => {
    if (meaning.type === 'silent' || told.has(key)) return;
    told.add(key);
    reportKnown({ key, path }, meaning, report);
  };
  return {
    top: ({ value, path: at }) => {
      for (const key of Object.keys(value)) {
        const place = { key, path: [...at, key] };
        if (TOP_KEYS.includes(key) && !(key === 'pm2' && value['apps'] !== undefined)) continue;
        const meaning = knownTopKey(key);
        if (isFree(key)) continue;
        if (meaning !== undefined) known(place, meaning);
        else complain(place, unknownTopKey(key));
      }
    },
    block: (block) => {
      for (const [key, value] of Object.entries(block.value)) {
        const isOption = optionNamed(key) !== undefined || envBlockName(key) !== undefined;
        // A bare app may carry `deploy` beside its options.
        const isBare = top === null && typeof block.path.at(-1) !== 'number';
        if (isOption || isFree(key) || (key === 'deploy' && isBare)) continue;
        const meaning = knownAppKey(key, value);
        const place = { key, path: [...block.path, key] };
        if (value === undefined || value === null) continue;
        if (meaning !== undefined) known(place, meaning);
        else complain(place, unknown(key));
      }
      return readOptions(block, document, report);
    },
  };
}

interface Complaint {
  readonly code: 'ECO1203' | 'ECO1204';
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A generated file may make the same mistake in each of its apps. */
function remembering<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

/** Free for editors and for the writer's own use. */
function isFree(key: string): boolean {
  return key === '$schema' || key.startsWith('x-');
}

function reportKnown({ key, path }: Key, meaning: KnownKey, report: Report): void {
  switch (meaning.type) {
    case 'left-out':
      return report.warning('ECO1902', path, { message: `"${key}" is ignored: ${meaning.reason}`, part: 'key' });
    case 'silent':
      return;
    default:
      return unreachable(meaning);
  }
}

function unknownAppKey(key: string): Complaint {
  const meant = meantBy(key);
  return { code: 'ECO1203', message: `unknown key "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}` };
}

function unknownTopKey(key: string): Complaint {
  const isAppOption =
    optionNamed(key) !== undefined || envBlockName(key) !== undefined || knownAppKey(key, true) !== undefined;
  if (isAppOption || key === 'pm2') {
    const message = `"${key}" at the top of the file applies to no app`;
    return { code: 'ECO1204', message, hint: 'put options that hold for every app under "defaults"' };
  }
  const meant = nearest(key, TOP_KEYS);
  return { code: 'ECO1203', message: `unknown key "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}` };
}

/** Options that this version carries out come first where several spellings are equally near. */
function meantBy(key: string): string | undefined {
  const own = nearest(key, OPTION_SPELLINGS);
  const other = nearest(key, KNOWN_APP_KEYS);
  const synonym = SYNONYMS.find(([pattern]) => pattern.test(key))?.[1];
  if (own !== undefined && other !== undefined) return editDistance(key, other) < editDistance(key, own) ? other : own;
  return synonym ?? own ?? other;
}

function readOptions(block: Block, document: SourceDocument, report: Report): OptionBlock {
  const options = new Map<OptionName, Part>();
  const envBlocks = new Map<string, Part>();
  for (const [key, written] of Object.entries(block.value)) {
    const path = [...block.path, key];
    const envName = envBlockName(key);
    const name = optionNamed(key);
    if (name === 'instances' && meansNoNumber(written)) warnNoNumber(path, written, report);
    const value =
      name === 'instances' && meansNoNumber(written) ? null : readNull(written, { path, name, report, document });
    if (value === undefined || value === null) continue;
    if (envName !== undefined || name === 'env') warnOptionsInEnv({ value, path }, report);
    if (envName !== undefined) envBlocks.set(envName, { value, path });
    if (name !== undefined) setOption(options, { name, key, part: { value, path } }, report);
  }
  return { path: block.path, options, envBlocks };
}

interface Written {
  readonly name: OptionName;
  readonly key: string;
  readonly part: Part;
}

/** An option under two of its spellings: the option's own name counts. */
function setOption(options: Map<OptionName, Part>, { name, key, part }: Written, report: Report): void {
  const other = options.get(name);
  if (other === undefined) {
    options.set(name, part);
    return;
  }
  const otherKey = String(other.path.at(-1));
  if (JSON.stringify(other.value) !== JSON.stringify(part.value)) {
    const [kept, dropped] = key === name ? [key, other.path] : [otherKey, part.path];
    report.warning('ECO1207', dropped, {
      message: `"${String(dropped.at(-1))}" and "${kept}" are the same option with different values; "${kept}" counts`,
      part: 'key',
    });
  }
  if (key === name) options.set(name, part);
}

/** `Number(process.env.N)` and `${process.env.N}` of a variable that is not set. */
function meansNoNumber(value: unknown): boolean {
  return value === undefined || Number.isNaN(value) || value === 'NaN' || value === 'undefined';
}

function warnNoNumber(path: SourcePath, value: unknown, report: Report): void {
  report.warning('ECO1304', path, {
    message: `"instances" is ${String(value)}; one instance is run`,
    hint: 'a variable that the file reads is probably not set',
  });
}

interface NullContext {
  readonly path: SourcePath;
  readonly name: OptionName | undefined;
  readonly report: Report;
  readonly document: SourceDocument;
}

/** An option without a value is absent. But YAML reads PM2's word for "no log file", NULL, as no value. */
function readNull(value: unknown, { path, name, report, document }: NullContext): unknown {
  if (value !== null || document.positions === null || (name !== 'out_file' && name !== 'error_file')) return value;
  const { range, frame } = report.locate(path, 'value');
  const line = frame.at(-1)?.text ?? '';
  return range !== null && line.slice(range.start.column - 1, range.end.column - 1) === 'NULL' ? 'NULL' : value;
}

/** Names that are options and can hardly be meant as variables. */
function warnOptionsInEnv(block: Part, report: Report): void {
  if (!isRecord(block.value)) return;
  for (const key of Object.keys(block.value)) {
    if (/^PM2_SERVER_(PATH|PORT|SPA|HOST)/.test(key)) warnServeVariable(key, block, report);
    const known = optionNamed(key) !== undefined || KNOWN_APP_KEYS.includes(key);
    if (!known || !(key.includes('_') || ['watch', 'instances', 'autorestart'].includes(key))) continue;
    const message = `"${key}" inside "${String(block.path.at(-1))}" is an environment variable, not an option`;
    report.warning('ECO1205', [...block.path, key], {
      message,
      part: 'key',
      hint: 'options stand beside the env block',
    });
  }
}

/** PM2's static server reads PM2_SERVE_PATH and its kin. */
function warnServeVariable(key: string, block: Part, report: Report): void {
  const meant = key.replace('PM2_SERVER_', 'PM2_SERVE_');
  report.warning('ECO1208', [...block.path, key], {
    message: `the static server does not know the variable "${key}"; did you mean "${meant}"?`,
    part: 'key',
  });
}

function reportDuplicates(document: SourceDocument, report: Report): void {
  for (const duplicate of document.duplicates) {
    const { first, again, key } = duplicate;
    const message = `the key "${key}" is here for the second time; this one counts`;
    const related = [{ message: 'the first one is here', span: first }];
    report.warningAt('ECO1206', { document, span: again }, { message, related });
  }
}
