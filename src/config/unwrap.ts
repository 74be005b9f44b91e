import { basename, join } from 'node:path';
import { readTextIfPresent } from '../platform/files.ts';
import { findBin, hasPackage } from './find-program.ts';
import { isRecord } from './source.ts';
import { splitAssignments, splitWords } from './words.ts';

/** What a package runner would have run in the end. */
export interface Unwrapped {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly pathPrefix: readonly string[];
}

/** A script may call another one; more than this is a circle. */
const MOST_LEVELS = 5;
const LARGEST_PACKAGE_JSON = 1024 * 1024;

/**
 * `npm start`, `npm run X`, `yarn X`, `pnpm run X`, `npx X` and the name of an installed command, down to the command that
 * does the work. null: it cannot be run without the runner, or there is none.
 */
export function unwrapCommand(words: readonly string[], cwd: string, level = 0): Unwrapped | null {
  const { env, rest } = splitAssignments(words);
  const [command = '', ...args] = rest;
  if (command === '' || level > MOST_LEVELS) return null;
  if (command === 'cross-env' || command === 'env') return withEnv(unwrapInner(args, cwd, level), env);
  const line = shellLine(command, args);
  if (line !== null) return withEnv(unwrapLine(line, cwd, level), env);
  const runner = basename(command);
  if (['npm', 'yarn', 'pnpm'].includes(runner)) {
    const script = scriptCall(runner, args);
    if (script !== null) return withEnv(unwrapScript(script, cwd, level), env);
  }
  const inner = execCall(runner, args);
  if (inner !== null) return withEnv(unwrapBin(inner, cwd), env);
  return withEnv(unwrapBin(rest, cwd), env);
}

/** What `sh -c LINE` is given; null for any other call of a shell. */
function shellLine(command: string, args: readonly string[]): string | null {
  const [flag, line, ...more] = args;
  return ['sh', 'bash'].includes(command) && flag === '-c' && line !== undefined && more.length === 0 ? line : null;
}

/** One plain command, which a shell would only start and wait for. */
function unwrapLine(line: string, cwd: string, level: number): Unwrapped | null {
  const split = splitWords(line);
  if (split === null || !split.plain) return null;
  return unwrapInner(split.words[0] === 'exec' ? split.words.slice(1) : split.words, cwd, level);
}

/** The last command of a script needs no unwrapping of its own: it is what is run. */
function unwrapInner(words: readonly string[], cwd: string, level: number): Unwrapped | null {
  const unwrapped = unwrapCommand(words, cwd, level + 1);
  if (unwrapped !== null) return unwrapped;
  const { env, rest } = splitAssignments(words);
  const runner = basename(rest[0] ?? '');
  return rest.length === 0 || ['npm', 'yarn', 'pnpm', 'npx', 'bun', 'bunx'].includes(runner)
    ? null
    : { words: rest, env, pathPrefix: [] };
}

interface ScriptCall {
  readonly name: string;
  readonly args: readonly string[];
}

/** Flags of the runner itself may change what it does: only those that silence it are passed over. */
function scriptCall(runner: string, args: readonly string[]): ScriptCall | null {
  const rest = args.slice(args.findIndex((arg) => arg !== '-s' && arg !== '--silent'));
  const [verb = '', ...more] = args.every((arg) => arg === '-s' || arg === '--silent') ? [] : rest;
  const runs = verb === 'run' || verb === 'run-script';
  const short = verb === 'start' || verb === 'test' || (runner !== 'npm' && /^[a-z]/i.test(verb) && !isBuiltIn(verb));
  if (!runs && !short) return null;
  const [name = '', ...after] = runs ? more : [verb, ...more];
  if (name === '' || name.startsWith('-')) return null;
  if (runner !== 'npm') return { name, args: after[0] === '--' && runner === 'yarn' ? after.slice(1) : after };
  // npm keeps for itself what stands before "--".
  const divider = after.indexOf('--');
  if (divider < 0) return after.some((arg) => arg.startsWith('-')) ? null : { name, args: after };
  return divider === 0 ? { name, args: after.slice(1) } : null;
}

/** Commands of yarn and pnpm that are no scripts. */
function isBuiltIn(verb: string): boolean {
  return [
    'exec',
    'dlx',
    'add',
    'install',
    'node',
    'workspace',
    'workspaces',
    'create',
    'global',
    'remove',
    'i',
  ].includes(verb);
}

function execCall(runner: string, args: readonly string[]): readonly string[] | null {
  if (runner === 'npx') {
    const words = args.slice(['-y', '--yes', '--no-install', '--no'].includes(args[0] ?? '') ? 1 : 0);
    return words[0] === undefined || words[0].startsWith('-') ? null : words;
  }
  const executes = (runner === 'pnpm' || runner === 'yarn') && args[0] === 'exec';
  return executes && args[1] !== undefined && !args[1].startsWith('-') ? args.slice(1) : null;
}

function unwrapScript({ name, args }: ScriptCall, cwd: string, level: number): Unwrapped | null {
  const manifest = readManifest(cwd);
  const line = manifest?.scripts[name] ?? (name === 'start' && manifest !== null ? 'node server.js' : undefined);
  if (manifest === null || line === undefined) return null;
  if (manifest.scripts[`pre${name}`] !== undefined || manifest.scripts[`post${name}`] !== undefined) return null;
  const split = splitWords(line);
  if (split === null || !split.plain || split.words.length === 0) return null;
  const unwrapped = unwrapInner([...split.words, ...args], cwd, level);
  if (unwrapped === null) return null;
  return {
    words: unwrapped.words,
    env: { npm_lifecycle_event: name, ...manifest.variables, ...unwrapped.env },
    pathPrefix: [join(cwd, 'node_modules/.bin')],
  };
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  /** Those that npm sets for scripts and programs are known to read. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Only of `cwd` itself: a runner would change to the folder of a package.json further up. */
function readManifest(cwd: string): Manifest | null {
  const value = parseManifest(readTextIfPresent(join(cwd, 'package.json'), LARGEST_PACKAGE_JSON));
  if (value === null) return null;
  const scripts = isRecord(value['scripts']) ? value['scripts'] : {};
  const texts = Object.entries(scripts).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const { name, version } = value;
  return {
    scripts: Object.fromEntries(texts),
    variables: {
      ...(typeof name === 'string' ? { npm_package_name: name } : {}),
      ...(typeof version === 'string' ? { npm_package_version: version } : {}),
    },
  };
}

export function parseManifest(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** A command of an installed package, by its bare name. `tsx FILE` is Node with a loader. */
function unwrapBin(words: readonly string[], cwd: string): Unwrapped | null {
  const [name = '', ...args] = words;
  const bin = findBin(name, cwd);
  if (bin === null) return null;
  const pathPrefix = [bin.folder];
  const first = args[0];
  if (name === 'tsx' && first !== undefined && /\.[cm]?[jt]sx?$/.test(first) && hasPackage('tsx', cwd)) {
    return { words: ['node', '--import', 'tsx', ...args], env: {}, pathPrefix };
  }
  return { words: [bin.path, ...args], env: {}, pathPrefix };
}

/** What stands nearer to the program wins. */
function withEnv(unwrapped: Unwrapped | null, env: Readonly<Record<string, string>>): Unwrapped | null {
  return unwrapped === null ? null : { ...unwrapped, env: { ...env, ...unwrapped.env } };
}
