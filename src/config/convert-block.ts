import { isAbsolute, join, relative, resolve } from 'node:path';
import { APP_OPTIONS, type OptionName } from './app-options.ts';
import { isWithin } from '../platform/folders-upward.ts';
import type { DraftBlock } from './draft.ts';
import type { OptionBlock } from './read-keys.ts';
import { isOfWindows } from './windows-paths.ts';
import { isRecord } from './source.ts';

export interface Converter {
  /** Of the file that is to be written. */
  readonly folder: string;
  /** Values of `env` that are the same here came from here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ConvertedBlock {
  readonly options: DraftBlock;
  /** Variables that are passed on instead of being written down. */
  readonly passed: readonly string[];
}

/** What says nothing that would not hold without it. */
const NEEDLESS: Readonly<Partial<Record<OptionName, readonly unknown[]>>> = {
  autorestart: [true],
  treekill: [true],
  autostart: [true],
  args: ['', null],
  interpreter_args: ['', null],
  log_type: ['raw'],
  watch: [false, ''],
  cron_restart: [false, 0, ''],
  time: [false],
  log_date_format: [false, ''],
  wait_ready: [false],
  shutdown_with_message: [false],
  source_map_support: [false],
  disable_logs: [false],
  instance_var: ['NODE_APP_INSTANCE'],
  namespace: ['default'],
  cwd: ['', '.', './'],
};
/** Above that many, the file spread the whole environment. */
const FEW_VARIABLES = 20;

/** Options under their own names and in the order of the table; paths below the folder are relative. */
export function convertBlock({ options, envBlocks }: OptionBlock, converter: Converter): ConvertedBlock {
  const draft = new Map<string, unknown>();
  const passed: string[] = [];
  const cwd = resolve(converter.folder, textOf(options.get('cwd')?.value) ?? '.');
  for (const { name } of APP_OPTIONS) {
    const written = options.get(name)?.value;
    if (name !== 'env') {
      if (written === undefined || isNeedless(name, written)) continue;
      const value = convertValue(name, written, { ...converter, cwd });
      if (value !== undefined) draft.set(name, value);
      continue;
    }
    const { env, found } = convertEnv(written, converter);
    passed.push(...found);
    if (Object.keys(env).length > 0) draft.set('env', env);
    for (const [block, { value }] of envBlocks) draft.set(`env_${block}`, withoutUndefined(value));
  }
  if (passed.length > 0) draft.set('pass_env', passed.length > FEW_VARIABLES ? true : withPassed(draft, passed));
  return { options: draft, passed: passed.length > FEW_VARIABLES ? [] : passed };
}

function isNeedless(name: OptionName, value: unknown): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  return (isEmpty && name !== 'depends_on') || NEEDLESS[name]?.includes(value) === true;
}

function convertValue(name: OptionName, value: unknown, place: Converter & { readonly cwd: string }): unknown {
  switch (name) {
    case 'exec_mode':
      return String(value).replace(/_mode$/, '');
    case 'instances':
    case 'max_restarts':
      return typeof value === 'string' && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
    case 'cwd':
      if (isOfWindows(String(value))) return value;
      return place.cwd === place.folder ? undefined : relativePath(value, place.folder);
    case 'script':
    case 'out_file':
    case 'error_file':
    case 'log_file':
      return relativePath(value, place.cwd);
    default:
      return value;
  }
}

/** `.\\dist\\server.js`, of a file that was written on Windows. */
const WITH_BACKSLASHES = /^[\w.@-]+(\\[\w.@-]+)+$/;

/** `__dirname` made it absolute; on another machine the folder is another. */
function relativePath(value: unknown, from: string): unknown {
  const path = textOf(value);
  if (path !== null && WITH_BACKSLASHES.test(path)) return path.replaceAll('\\', '/');
  if (path === null || !isAbsolute(path) || path.includes(' ') || !isWithin(path, from)) return value;
  const below = relative(from, path);
  return below === '' ? '.' : `./${join(below)}`;
}

interface ConvertedEnv {
  readonly env: Readonly<Record<string, unknown>>;
  readonly found: readonly string[];
}

function convertEnv(value: unknown, { environment }: Converter): ConvertedEnv {
  const entries = Object.entries(withoutUndefined(value));
  const isPassed = ([name, written]: readonly [string, unknown]): boolean =>
    environment[name] !== undefined && environment[name] !== '' && environment[name] === written;
  return {
    env: Object.fromEntries(entries.filter((entry) => !isPassed(entry))),
    found: entries.filter(isPassed).map(([name]) => name),
  };
}

function withoutUndefined(value: unknown): Readonly<Record<string, unknown>> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

function withPassed(draft: ReadonlyMap<string, unknown>, names: readonly string[]): unknown {
  const given = draft.get('pass_env');
  if (given === true) return true;
  const list = Array.isArray(given) ? given.map(String) : typeof given === 'string' ? [given] : [];
  return [...new Set([...list, ...names])];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
