import type { CodeRevision } from './revision.ts';
import type { AppName } from './names.ts';
import type { Milliseconds } from './time.ts';

/**
 * One app as it should be: every default filled in, durations in milliseconds, paths absolute, no undefined.
 * Plain JSON. Two specs that are equal field by field ask for the same processes.
 */
export interface AppSpec {
  readonly name: AppName;
  readonly namespace: string;
  /** A service keeps running; a task runs to completion, and exit code 0 is its success. */
  readonly kind: 'service' | 'task';
  /** An absolute path, or the bare name of a command that is found in PATH when the worker is spawned. */
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly interpreter: Interpreter;
  readonly interpreterArgs: readonly string[];
  /** Folders put before PATH, such as the `node_modules/.bin` of an unwrapped package script. */
  readonly pathPrefix: readonly string[];
  /** The package runner that `script` stood for in the file, such as `npm run start`; null when there was none. */
  readonly unwrappedFrom: string | null;
  /** How many workers; at least 1. */
  readonly instances: number;
  readonly execMode: 'fork' | 'cluster';
  readonly balance: Balance;
  /** What the file adds to the daemon's base environment: `pass_env`, `env_file`, `env` and `env_NAME`, in that order. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are read when a worker is spawned, and kept nowhere. They win over `env`. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** Names in `env` whose values are masked wherever eco prints them, sorted. */
  readonly sensitiveEnv: readonly string[];
  /** The variable that tells a worker its instance number. */
  readonly instanceVar: string;
  /** A variable that is one more for each instance, counted from its value in `env`; null: none. */
  readonly incrementVar: string | null;
  /** `pm_id` and `name` for libraries that look for PM2. */
  readonly pm2Env: boolean;
  /** Whom its workers run as; null: the daemon's own user. */
  readonly user: ProgramUser | null;
  /** Whether an apply starts it, if it does not run yet. */
  readonly autostart: boolean;
  readonly autorestart: boolean;
  /** PM2's limit of restarts in a row that stayed below `minUptime`; null: eco never gives up by itself. */
  readonly maxRestarts: number | null;
  /** A worker that was ready for this long has run well: its next crash starts a new series. */
  readonly minUptime: Milliseconds;
  /** PM2's fixed delay before each restart; null: a growing one. */
  readonly restartDelay: Milliseconds | null;
  /** PM2's growing delay, by half with each restart up to 15 s, where this is the first; null: eco's own. */
  readonly expBackoffRestartDelay: Milliseconds | null;
  /** A worker that was ready and ends with one of these has ended as it should, and is left alone; sorted. */
  readonly stopExitCodes: readonly number[];
  readonly restart: RestartSettings;
  /** A worker whose processes together have more resident bytes than this is replaced; null: none is. */
  readonly maxMemoryRestart: number | null;
  /** When the task is run; null: when somebody asks for it. */
  readonly schedule: Schedule | null;
  /** Commands around the life of each worker. */
  readonly hooks: Hooks;
  /** When all workers are replaced, as by a reload; null: never. */
  readonly cronRestart: Times | null;
  /** Whose changes replace all workers, as by a reload. */
  readonly watch: WatchSettings;
  /** What the kernel lets a worker and everything that it starts have at most; null: no limits of eco's. */
  readonly limits: Limits | null;
  /** From the stop signal to SIGKILL. */
  readonly killTimeout: Milliseconds;
  /** Whether what a worker started is ended with it. */
  readonly treekill: boolean;
  /** `auto`: SIGTERM, or SIGINT for a program that handles only that one. */
  readonly stopSignal: StopSignal;
  /** How long a worker may take to become ready; a worker that takes longer has failed. */
  readonly readyTimeout: Milliseconds;
  readonly readiness: Readiness;
  /** Must succeed, on top of `readiness`, before a worker counts as ready; null: nothing more is asked. */
  readonly readinessProbe: Probe | null;
  /** Must succeed before anything else is asked of a worker that starts slowly; null: no such phase. */
  readonly startupProbe: Probe | null;
  /** A ready worker that fails it is ended, which counts as a crash; null: a worker that runs is taken to be well. */
  readonly livenessProbe: Probe | null;
  /** A line of output that matches this regular expression fails a start at once; null: none does. */
  readonly failWhen: string | null;
  readonly rollout: RolloutSettings;
  /** The app is told to end by the message `'shutdown'` instead of a signal. */
  readonly shutdownWithMessage: boolean;
  readonly outFile: LogTarget;
  readonly errorFile: LogTarget;
  /** Gets what both streams get, besides; only Node programs write it. `discard`: there is none. */
  readonly combinedFile: LogTarget;
  /** All workers share one file, instead of a file each. */
  readonly mergeLogs: boolean;
  /** `json`: each line becomes an object with its time; only Node programs write it. */
  readonly logType: 'raw' | 'json';
  /** In the tokens of dayjs; the time before each line, or within its object. null: none, or in ISO 8601. */
  readonly logDateFormat: string | null;
  /** null: the files grow for ever, or something else takes care of them. */
  readonly logRotation: LogRotation | null;
  readonly dependsOn: Readonly<Record<AppName, DependencyCondition>>;
  /** What it was called before: an app of that name is this one; null: nothing else. */
  readonly movedFrom: AppName | null;
  /** Keys of the file whose values are left as they are on the machine, `env.NAME` among them. */
  readonly ignoreChanges: readonly string[];
  /** Of `dependsOn`, the apps with which it is restarted; sorted. */
  readonly restartWith: readonly AppName[];
  readonly code: CodeRevision;
}

/** `shared`: all workers accept from one listening socket. `reuseport`: each has its own, and the kernel shares out connections. */
export type Balance = 'shared' | 'reuseport';

/** Whether a daemon can make the sockets that `balance: reuseport` asks for; where it cannot, workers share one. */
export type ReusePortSupport = 'supported' | 'needs-newer-node' | 'not-on-this-system';

/** `node`: the Node that runs the daemon. `program`: a path or a command in PATH. `none`: the script is itself the program. */
export type Interpreter =
  | { readonly type: 'node' }
  | { readonly type: 'program'; readonly path: string }
  | { readonly type: 'none' };

/** Without supplementary groups. */
export interface ProgramUser {
  readonly uid: number;
  readonly gid: number;
  /** null where no user of that number is known. */
  readonly name: string | null;
  readonly home: string | null;
}

export interface Times {
  /** Minute, hour, day, month, weekday; with seconds before them where there are six. */
  readonly cron: string;
  /** Such as `Europe/Berlin`; null: the daemon's. */
  readonly timezone: string | null;
}

export interface Schedule extends Times {
  /** Whether it is run although the run before it is still under way. */
  readonly overlap: boolean;
  /** What becomes of times at which no daemon ran: all of them together are one run, or none. */
  readonly missed: 'run' | 'skip';
}

/** null: nothing is run. */
export interface Hooks {
  /** Before the process; it is not started if this fails. */
  readonly preStart: Hook | null;
  readonly postReady: Hook | null;
  /** Before a worker that is ready is drained and stopped. */
  readonly preStop: Hook | null;
}

export interface Hook {
  /** A command line for `sh -c`, in the folder and the environment of the worker. */
  readonly command: string;
  readonly timeout: Milliseconds;
}

export interface WatchSettings {
  /** By the daemon; `eco watch` watches every app. */
  readonly enabled: boolean;
  /** Absolute; those of files or of folders. null: its code, in its working folder and in that of its script. */
  readonly paths: readonly string[] | null;
  /** Patterns relative to `cwd`; what is never watched comes on top. */
  readonly ignore: readonly string[];
  /** Nothing has changed any more for so long. */
  readonly delay: Milliseconds;
  /** As chokidar knows them. */
  readonly options: Readonly<Record<string, number | boolean>>;
}

/** Where the value of a secret is, on the machine and for the user of the daemon. */
export type SecretSource =
  /** The content of a file without its last line end; an absolute path. */
  | { readonly type: 'file'; readonly path: string }
  /** A variable of the daemon's own environment. */
  | { readonly type: 'env'; readonly name: string }
  /** What a command line for `sh -c` prints, without its last line end; it is run in the app's folder. */
  | { readonly type: 'command'; readonly command: string };

/** `auto`: listening, or alive for a while if it never listens. `message`: the app sent `'ready'`. */
export type Readiness = { readonly type: 'auto' } | { readonly type: 'listening' } | { readonly type: 'message' };

/** A question that is asked of a worker again and again. */
export interface Probe {
  readonly target: ProbeTarget;
  readonly period: Milliseconds;
  /** For one answer. */
  readonly timeout: Milliseconds;
  /** So many failures in a row are a failure of the worker. */
  readonly failures: number;
}

/** A null port is the one that the worker listens on. */
export type ProbeTarget =
  /** Any status from 200 to 399. */
  | { readonly type: 'http'; readonly host: string; readonly port: number | null; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number | null }
  /** A command line for `sh -c`, in the app's folder and environment; exit code 0. */
  | { readonly type: 'exec'; readonly command: string }
  /** A regular expression that a line of the worker's output matches. */
  | { readonly type: 'log'; readonly pattern: string };

export interface RolloutSettings {
  /** null: 1, a quarter of the instances above 8. */
  readonly maxSurge: Share | null;
  readonly maxUnavailable: Share;
  readonly minReady: Milliseconds;
  readonly progressDeadline: Milliseconds;
  /** Whether a failed rollout that left nothing of the old version goes back to the last stable revision. */
  readonly rollback: boolean;
}

/** How a worker that ended is started again, beyond what PM2 knows. */
export interface RestartSettings {
  /** Before the second restart in a series; each further one waits twice as long. */
  readonly delay: Milliseconds;
  readonly maxDelay: Milliseconds;
  /** Not started again once it has been restarted so often within a span of time; null: never given up. */
  readonly giveUp: { readonly count: number; readonly window: Milliseconds } | null;
}

/** null: not limited. */
export interface Limits {
  /** Bytes. */
  readonly memory: number | null;
  /** Of how many CPUs the time. */
  readonly cpu: number | null;
  /** Processes and threads. */
  readonly pids: number | null;
}

/** A number of workers, or a part of the instances. */
export type Share =
  | { readonly type: 'count'; readonly value: number }
  | { readonly type: 'percent'; readonly value: number };

/** `default`: a file of eco's own under ECO_HOME. */
export type LogTarget =
  | { readonly type: 'default' }
  | { readonly type: 'discard' }
  | { readonly type: 'file'; readonly path: string };

/** Holds for each log file by itself. */
export interface LogRotation {
  /** A file that is larger gives up its older lines to an archive. Bytes. */
  readonly maxSize: number;
  /** How many archives stay. */
  readonly keep: number;
  /** Archives are gzipped. */
  readonly compress: boolean;
}

/** What must be true of the dependency before the dependent starts. */
export type DependencyCondition = 'started' | 'ready' | 'completed';

export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'] as const;
export type SignalName = (typeof STOP_SIGNALS)[number];
export type StopSignal = 'auto' | SignalName;

/**
 * How eco's preload comes into an app's process, and what eco can do with it then.
 * `argument`: Node is told on its command line, and its process is the worker: sockets, readiness, draining.
 * `environment`: something else that may start Node in turn, such as a package runner or a shell. The first Node process
 * below it that listens is taken for the worker: readiness and draining; sockets do not pass.
 * `none`: the program is on its own.
 */
export type PreloadWay = 'argument' | 'environment' | 'none';

export function preloadWay(
  spec: Pick<AppSpec, 'interpreter' | 'interpreterArgs' | 'script' | 'env' | 'user'>,
): PreloadWay {
  const { interpreter, interpreterArgs, script, env, user } = spec;
  // What it reports to is for the daemon's own user.
  if (user !== null) return 'none';
  if (isNodeProgram(spec)) {
    if ([...interpreterArgs, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)].some(isPermissionFlag)) return 'none';
    return runsAppInItsOwnNode(script) ? 'environment' : 'argument';
  }
  const program = interpreter.type === 'program' ? interpreter.path : script;
  return OTHER_LANGUAGES.test(program) ? 'none' : 'environment';
}

/** Under Node's permission model neither the preload's file nor the daemon's socket can be reached. */
function isPermissionFlag(flag: string): boolean {
  return flag === '--permission' || flag === '--experimental-permission';
}

/** Deno would read NODE_OPTIONS and ask its user whether it may read that file. */
const OTHER_LANGUAGES = /(^|\/)(deno|bunx?|python[\d.]*|ruby|perl|php|java|dotnet)$/;

/** Commands that npm packages install, Node programs themselves, which run the app in a Node of its own. */
export function runsAppInItsOwnNode(script: string): boolean {
  return NODE_WRAPPERS.test(script);
}

const NODE_WRAPPERS =
  /\/node_modules\/(.*\/)?(babel-node|concurrently|cross-env|cross-env-shell|dotenv|dotenvx|env-cmd|nest|nf|node-dev|nodemon|npm|npm-run-all|npm-run-all2|npx|nuxi|nuxt|pnpm|pnpx|react-scripts|run-p|run-s|ts-node-dev|tsc-watch|tsnd|tsx|yarn|yarnpkg)$/;

/** Run by Node itself. */
export function isNodeProgram(spec: Pick<AppSpec, 'interpreter'>): boolean {
  const { interpreter } = spec;
  return interpreter.type === 'node' || (interpreter.type === 'program' && /(^|\/)node(js)?$/.test(interpreter.path));
}
