import { resolve } from 'node:path';
import { readFileUpTo } from '../platform/files.ts';
import { byCodeUnit } from '../util/compare.ts';
import { unreachable } from '../util/unreachable.ts';
import { parseEnvFile } from './env-file.ts';
import { expandHome } from './find-file.ts';
import { locateSpan } from './locate.ts';
import type { MergedApp } from './merge.ts';
import { readNumber } from './option-values.ts';
import { describe, type Part } from './read-form.ts';
import type { Report } from './report.ts';
import type { OnRead, SourcePath } from './source.ts';

export interface EnvContext {
  /** Hears of each env file. */
  readonly onRead: OnRead;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
}

export interface AppEnv {
  readonly env: Readonly<Record<string, string>>;
  /** Names whose value in `env` comes from an env file. */
  readonly fromFiles: ReadonlySet<string>;
}

const LARGEST_ENV_FILE = 1024 * 1024;

/** `pass_env`, `env_file`, `env` and `env_NAME`: later ones win. Sorted by name. */
export function readEnv(app: MergedApp, context: EnvContext): AppEnv {
  const passed = filtered(readPassEnv(app.options.get('pass_env')?.value, context.environment), app);
  const files = readEnvFiles(app.options.get('env_file'), context);
  const written = withPort(readValues(app.env, context.report), app);
  const fromFiles = new Set([...files.keys()].filter((name) => !written.has(name)));
  return { env: sortedRecord(new Map([...passed, ...files, ...written])), fromFiles };
}

export function sortedRecord(entries: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...entries].sort(([a], [b]) => byCodeUnit(a, b)));
}

type Entries = ReadonlyMap<string, string>;

function readPassEnv(passEnv: unknown, environment: EnvContext['environment']): Entries {
  if (passEnv === undefined || passEnv === false) return new Map();
  const present = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (passEnv === true)
    return new Map(present.filter(([name]) => !OF_THE_SESSION.test(name) && !OF_THE_JOB.test(name)));
  const matches = listOf(passEnv).map(globPattern);
  return new Map(present.filter(([name]) => matches.some((pattern) => pattern.test(name))));
}

/** PM2's `filter_env`: true for nothing of it, one name, or a list of parts of names. */
function filtered(passed: Entries, { options }: MergedApp): Entries {
  const filter = options.get('filter_env')?.value;
  if (filter === true) return new Map();
  const isUnwanted = (name: string): boolean =>
    typeof filter === 'string' ? name === filter : listOf(filter).some((part) => part !== '' && name.includes(part));
  return new Map([...passed].filter(([name]) => !isUnwanted(name)));
}

/** PM2's `port` is a variable. */
function withPort(written: Entries, { options }: MergedApp): Entries {
  const port = readNumber(options.get('port')?.value);
  return port === undefined ? written : new Map([...written, ['PORT', String(port)]]);
}

/**
 * What tells one terminal or login from the next. Passed on with all the rest, it would make each apply from another
 * terminal a change of every app.
 */
const OF_THE_SESSION =
  /^(_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|WINDOWID|SSH_(CLIENT|CONNECTION|TTY|AUTH_SOCK)|XDG_SESSION_ID|TERM_SESSION_ID|STY|TMUX(_PANE)?)$/;

/**
 * The same of a CI job. A runner of GitHub's, and Jenkins, end every process that has their mark in its environment when the job is
 * over: the apps of a deploy, too.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/variables
 * https://docs.gitlab.com/ci/variables/predefined_variables/
 */
const OF_THE_JOB =
  /^(GITHUB_(ACTION(_PATH|_REF|_REPOSITORY|_STATUS|S)?|(TRIGGERING_)?ACTOR(_ID)?|BASE_REF|ENV|EVENT_NAME|EVENT_PATH|HEAD_REF|JOB|OUTPUT|PATH|REF(_\w+)?|RUN_\w+|SHA|STATE|STEP_SUMMARY|WORKFLOW(_\w+)?|WORKSPACE)|RUNNER_(TEMP|TRACKING_ID)|CI_(BUILDS?|COMMIT|CONCURRENT|JOB|MERGE_REQUEST|PIPELINE)(_\w+)?|JENKINS_(NODE|SERVER)_COOKIE)$/;

function globPattern(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}

function readEnvFiles(part: Part | undefined, context: EnvContext): Entries {
  if (part === undefined) return new Map();
  const isList = Array.isArray(part.value);
  return new Map(
    listOf(part.value).flatMap((file, index) => {
      const path = isList ? [...part.path, index] : part.path;
      return Object.entries(readOneEnvFile({ file, path }, context));
    }),
  );
}

interface EnvFile {
  readonly file: string;
  readonly path: SourcePath;
}

function readOneEnvFile({ file, path }: EnvFile, { report, onRead }: EnvContext): Readonly<Record<string, string>> {
  const absolute = resolve(report.folderOf(path), expandHome(file));
  onRead(absolute, 'own');
  const outcome = readFileUpTo(absolute, LARGEST_ENV_FILE);
  const fail = (problem: string, hint?: string): Readonly<Record<string, string>> => {
    report.error('ECO1404', path, { message: `the env file ${absolute} ${problem}`, hint });
    return {};
  };
  switch (outcome.type) {
    case 'missing':
      return fail('does not exist', 'paths of env files are relative to the folder of the ecosystem file');
    case 'folder':
      return fail('is a folder');
    case 'too-large':
      return fail('is larger than 1 MiB');
    case 'unreadable':
      return fail(`cannot be read: ${outcome.problem}`);
    case 'read': {
      const text = Buffer.from(outcome.bytes).toString('utf8');
      const { env, problems } = parseEnvFile(text);
      const [first] = problems;
      if (first !== undefined) {
        const location = locateSpan({ file: absolute, text: '' }, null);
        const range = { start: { line: first.line, column: 1 }, end: { line: first.line, column: 1 } };
        report.error('ECO1405', path, {
          message: `line ${first.line} of the env file ${absolute} is ${first.message}`.replace(
            'is the ',
            'is wrong: the ',
          ),
          related: [{ message: 'the line is here', location: { ...location, range } }],
        });
      }
      return env;
    }
    default:
      return unreachable(outcome);
  }
}

/** Numbers and booleans become text, objects JSON; what is null or undefined is left out. */
function readValues(env: ReadonlyMap<string, Part>, report: Report): Entries {
  const entries = new Map<string, string>();
  for (const [name, { value, path }] of env) {
    const problem = nameProblem(name);
    if (problem !== null) report.error('ECO1305', path, { message: problem, part: 'key' });
    const text = textOf(value);
    if (text === null)
      report.error('ECO1305', path, { message: `"${name}" cannot be a variable: it is ${describe(value)}` });
    else if (text.includes('\0'))
      report.error('ECO1305', path, { message: `"${name}" cannot be a variable: it holds a NUL character` });
    else entries.set(name, text);
  }
  return entries;
}

function nameProblem(name: string): string | null {
  if (name === '') return 'a variable must have a name';
  return /[=\p{Cc}]/u.test(name) ? `${JSON.stringify(name)} cannot be the name of a variable` : null;
}

function textOf(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      return jsonOf(value);
    default:
      return null;
  }
}

function jsonOf(value: object | null): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}

export function listOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : [];
}
