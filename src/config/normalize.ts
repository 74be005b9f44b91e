import { resolve } from 'node:path';
import {
  isNodeProgram,
  preloadWay,
  STOP_SIGNALS,
  type AppSpec,
  type Balance,
  type DependencyCondition,
} from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import { fileKind } from '../platform/files.ts';
import { byCodeUnit } from '../util/compare.ts';
import { appName } from './app-name.ts';
import type { OptionName } from './app-options.ts';
import { expandHome } from './find-file.ts';
import type { MergedApp } from './merge.ts';
import { readBoolean, readDuration, readInstances, readText } from './option-values.ts';
import { listOf, sortedRecord, type AppEnv } from './read-env.ts';
import type { Report } from './report.ts';
import type { Program } from './program.ts';
import { normalizeLogs } from './read-logs.ts';
import { normalizeHealth } from './read-probes.ts';
import { normalizeRestart } from './read-restart.ts';
import { readSecrets } from './read-secrets.ts';
import { readIgnoreChanges } from './read-ignore-changes.ts';
import { readHooks } from './read-hooks.ts';
import { readOccasions } from './read-times.ts';
import { readUser } from './read-user.ts';
import { resolveProgram } from './resolve-program.ts';
import { readRevision, type RevisionRule } from './revision-rule.ts';
import { sensitiveNames } from './sensitive-env.ts';
import { isRecord, type SourcePath } from './source.ts';
import { isOfWindows, OF_WINDOWS } from './windows-paths.ts';
import { splitWords } from './words.ts';

/** An app as it should be, but for the revision of its code. */
export interface NormalizedApp {
  /** Where the app stands in the file. */
  readonly path: SourcePath;
  /** Where its dependencies stand, by their names. */
  readonly dependencyPaths: ReadonlyMap<string, SourcePath>;
  /** Where it is told its port by a variable of its own, not one of `defaults`. */
  readonly portPath: SourcePath | null;
  /** As others name it in the file. */
  readonly writtenName: string;
  readonly spec: Omit<AppSpec, 'code'>;
  readonly revision: RevisionRule;
  /** The script is a command of the machine: the files in `cwd` need not be its code. */
  readonly foreign: boolean;
}

export interface NormalizeContext {
  /** Of this machine: for PATH, and for where versions of Node are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly envOf: (app: MergedApp) => AppEnv;
  readonly cpus: number;
  readonly report: Report;
}

/** null: the report says why. */
export function normalizeApp(app: MergedApp, context: NormalizeContext): NormalizedApp | null {
  const cwd = readCwd(app, context.report);
  const file = context.envOf(app);
  const user = readUser(app, context.report);
  const resolved = checkCwd(app, cwd, context) ? normalizeProgram(app, cwd, context) : null;
  const found = resolved === null ? null : withOptions({ ...resolved, user }, app);
  const name = checkName(app, appName(app), context);
  if (found === null || name === null) return null;

  const dependencies = readDependencies(app);
  const env = sortedRecord(new Map(Object.entries({ ...unbufferedPython(found), ...file.env, ...found.env })));
  const secrets = readSecrets(app, context.report);
  const program = { ...found, env };
  const { foreign, env: _, ...programFields } = found;
  const workers = normalizeInstances(app, program, context);
  return {
    ...placesOf(app),
    dependencyPaths: new Map([...dependencies].map(([dependency, { path }]) => [dependency, path])),
    revision: readRevision(app.options.get('revision')?.value),
    foreign,
    writtenName: name,
    spec: {
      name: fullName(name, app),
      ...programFields,
      cwd,
      env,
      secrets,
      sensitiveEnv: sensitiveNames(env, file.fromFiles),
      ...workers,
      ...normalizeHealth(app, program, context.report),
      ...dependencyFields(dependencies),
      ...normalizePolicies(app),
      ...normalizeRestart(app, context.report),
      movedFrom: readText(app.options.get('moved_from')?.value) ?? null,
      ignoreChanges: readIgnoreChanges(app, context.report),
      ...readOccasions(app, cwd, context.report),
      hooks: readHooks(app),
      ...normalizeLogs(app, { cwd, program, env, report: context.report, ...workers }),
    },
  };
}

type Policies =
  | 'namespace'
  | 'kind'
  | 'instanceVar'
  | 'incrementVar'
  | 'pm2Env'
  | 'autostart'
  | 'treekill'
  | 'killTimeout'
  | 'stopSignal'
  | 'readyTimeout';

/** The options that are read for themselves. */
function normalizePolicies({ options }: MergedApp): Pick<AppSpec, Policies> {
  const read = (name: OptionName): unknown => options.get(name)?.value;
  const kind = read('kind') === 'task' ? 'task' : 'service';
  return {
    namespace: readText(read('namespace')) ?? DEFAULTS.namespace,
    kind,
    instanceVar: readText(read('instance_var')) ?? DEFAULTS.instanceVar,
    incrementVar: readText(read('increment_var')) ?? null,
    pm2Env: readBoolean(read('pm2_env')) ?? false,
    autostart: readBoolean(read('autostart')) ?? true,
    treekill: readBoolean(read('treekill')) ?? true,
    killTimeout: readDuration(read('kill_timeout')) ?? DEFAULTS.killTimeout,
    stopSignal: STOP_SIGNALS.find((signal) => signal === read('stop_signal')) ?? 'auto',
    readyTimeout: readDuration(read('listen_timeout')) ?? DEFAULTS.readyTimeout,
  };
}

/** PM2's ways to make several apps of one. */
function fullName(name: string, { options, envName }: MergedApp): string {
  const prefix = readText(options.get('name_prefix')?.value) ?? '';
  const appended = envName !== undefined && readBoolean(options.get('append_env_to_name')?.value) === true;
  return `${prefix === '' ? '' : `${prefix}:`}${name}${appended ? `-${envName}` : ''}`;
}

/** What PM2 has options for and Node has arguments. */
function withOptions(program: Program, { options }: MergedApp): Program {
  const wantsMaps = readBoolean(options.get('source_map_support')?.value) === true && isNodeProgram(program);
  const has = program.interpreterArgs.includes('--enable-source-maps');
  if (!wantsMaps || has) return program;
  return { ...program, interpreterArgs: [...program.interpreterArgs, '--enable-source-maps'] };
}

/** Names are printed in lines and tables: they may hold anything that does not break those. */
function checkName(app: MergedApp, name: string | null, { report }: NormalizeContext): string | null {
  if (name === null || !/\p{Cc}/u.test(name)) return name;
  const path = app.options.get('name')?.path ?? app.path;
  report.error('ECO1308', path, { message: `${JSON.stringify(name)} cannot be a name: it holds a control character` });
  return null;
}

function placesOf({ env, path }: MergedApp): Pick<NormalizedApp, 'path' | 'portPath'> {
  const port = env.get('PORT')?.path;
  return { path, portPath: port !== undefined && path.every((step, depth) => port[depth] === step) ? port : null };
}

function readCwd({ options, path }: MergedApp, report: Report): string {
  const part = options.get('cwd');
  return resolve(report.folderOf(part?.path ?? path), expandHome(readText(part?.value) ?? '.'));
}

function checkCwd(app: MergedApp, cwd: string, { report }: NormalizeContext): boolean {
  const kind = fileKind(cwd);
  if (kind === 'folder') return true;
  const part = app.options.get('cwd');
  const problem = kind === 'missing' ? 'does not exist' : 'is not a folder';
  const written = readText(part?.value) ?? '';
  const shown = isOfWindows(written) ? written : cwd;
  report.error('ECO1403', part?.path ?? app.path, {
    message: `the working folder ${shown} ${problem}`,
    hint: cwdHint(written),
  });
  return false;
}

function cwdHint(written: string): string {
  if (isOfWindows(written)) return OF_WINDOWS;
  if (/^[/~]/.test(written))
    return 'a path relative to the folder of the file holds on every machine; without "cwd" it is that folder';
  if (written.includes('\\')) return 'write it with slashes; "cwd" is relative to the folder of the file';
  return '"cwd" is relative to the folder of the file';
}

function normalizeProgram(app: MergedApp, cwd: string, context: NormalizeContext): Program | null {
  const { report, environment } = context;
  const script = readText(app.options.get('script')?.value);
  const args = readWords(app, 'args', report);
  const interpreterArgs = readWords(app, 'interpreter_args', report);
  if (script === undefined) {
    reportNoScript(app, report);
    return null;
  }
  if (args === null || interpreterArgs === null) return null;
  const resolved = resolveProgram({
    script: script.trim(),
    args,
    cwd,
    folder: report.folderOf(app.path),
    interpreter: readText(app.options.get('interpreter')?.value)?.trim() ?? null,
    interpreterArgs,
    unwrap: readBoolean(app.options.get('unwrap')?.value) ?? true,
    searchPath: environment['PATH'] ?? '',
    environment,
  });
  if (resolved.ok) return resolved.value;
  const { code, option, message, hint } = resolved.error;
  const place = app.options.get(option) ?? app.options.get('script');
  report.error(code, place?.path ?? app.path, { message, hint });
  return null;
}

export function reportNoScript({ options, path }: MergedApp, report: Report): void {
  const name = readText(options.get('name')?.value);
  const who = name === undefined ? 'the app' : `the app "${name}"`;
  report.error('ECO1302', path, {
    message: `${who} has no "script"`,
    part: 'key',
    hint: 'name the program to run: script: ./server.js',
  });
}

/** A list as it is; a text in words, as a shell splits it. */
function readWords(app: MergedApp, name: 'args' | 'interpreter_args', report: Report): readonly string[] | null {
  const part = app.options.get(name);
  const words = typeof part?.value === 'string' ? (splitWords(part.value)?.words ?? null) : listOf(part?.value);
  if (part === undefined) return [];
  if (words === null)
    report.error('ECO1307', part.path, { message: `a quote in "${String(part.path.at(-1))}" is not closed` });
  if (words?.some((word) => word.includes('\0')) !== true) return words;
  report.error('ECO1307', part.path, { message: 'no argument of a program can hold a NUL character' });
  return null;
}

/** `instances` of a Node program means cluster, as in PM2. Only Node programs can be in a cluster. */
function normalizeInstances(
  app: MergedApp,
  program: Program,
  { cpus, report }: NormalizeContext,
): Pick<AppSpec, 'instances' | 'execMode' | 'balance'> {
  const given = app.options.get('instances');
  const mode = app.options.get('exec_mode');
  const instances = readInstances(given?.value ?? 1, cpus);
  const balance = normalizeBalance(app, program, report);
  const asked = readText(mode?.value)?.startsWith('cluster') === true;
  const implied = mode === undefined && given !== undefined && app.options.get('execute_command')?.value !== true;
  if (preloadWay(program) === 'argument')
    return { instances, execMode: asked || implied ? 'cluster' : 'fork', balance };
  if (asked && instances > 1) {
    report.warning('ECO1905', mode?.path ?? app.path, {
      message: `only programs that Node runs directly share their port: ${instances} processes would each try to listen on it`,
      hint: 'write "instances: 1", or give each a port of its own by its instance number',
    });
  }
  return { instances, execMode: 'fork', balance };
}

function normalizeBalance(app: MergedApp, program: Program, report: Report): Balance {
  const part = app.options.get('balance');
  if (part?.value !== 'reuseport') return 'shared';
  if (preloadWay(program) === 'argument') return 'reuseport';
  report.warning('ECO1907', part.path, {
    message: 'only programs that Node runs directly get their sockets from eco: this one listens as it likes',
    part: 'key',
    hint: 'remove "balance"',
  });
  return 'shared';
}

interface Dependency {
  readonly condition: DependencyCondition;
  readonly restart: boolean;
  readonly path: SourcePath;
}

function readDependencies(app: MergedApp): ReadonlyMap<string, Dependency> {
  const part = app.options.get('depends_on');
  if (part === undefined) return new Map();
  if (isRecord(part.value)) {
    const entries = Object.entries(part.value);
    return new Map(
      entries.map(([name, value]) => {
        const { condition, restart } = isRecord(value) ? value : { condition: value, restart: false };
        const path = [...part.path, name];
        return [name, { condition: readCondition(condition), restart: readBoolean(restart) ?? false, path }];
      }),
    );
  }
  const isList = Array.isArray(part.value);
  return new Map(
    listOf(part.value).map((name, index) => [
      name,
      { condition: 'ready', restart: false, path: isList ? [...part.path, index] : part.path },
    ]),
  );
}

function readCondition(value: unknown): DependencyCondition {
  return value === 'started' || value === 'completed' ? value : 'ready';
}

function dependencyFields(dependencies: ReadonlyMap<string, Dependency>): Pick<AppSpec, 'dependsOn' | 'restartWith'> {
  const restartWith = [...dependencies].flatMap(([name, { restart }]) => (restart ? [name] : []));
  return { dependsOn: sortedConditions(dependencies), restartWith: restartWith.sort(byCodeUnit) };
}

function sortedConditions(
  dependencies: ReadonlyMap<string, Dependency>,
): Readonly<Record<string, DependencyCondition>> {
  const sorted = [...dependencies].sort(([a], [b]) => byCodeUnit(a, b));
  return Object.fromEntries(sorted.map(([name, { condition }]) => [name, condition]));
}

/** Python keeps what it prints to a file until it has a block of it; a log that comes late is no log. */
function unbufferedPython({ interpreter }: Program): Readonly<Record<string, string>> {
  return interpreter.type === 'program' && /(^|\/)python[\d.]*$/.test(interpreter.path)
    ? { PYTHONUNBUFFERED: '1' }
    : {};
}
