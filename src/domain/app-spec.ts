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
  /** What the file adds to the daemon's base environment: `pass_env`, `env_file`, `env` and `env_NAME`, in that order. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env` whose values are masked wherever eco prints them, sorted. */
  readonly sensitiveEnv: readonly string[];
  /** The variable that tells a worker its instance number. */
  readonly instanceVar: string;
  readonly autorestart: boolean;
  /** PM2's limit of restarts in a row that stayed below `minUptime`; null: eco never gives up by itself. */
  readonly maxRestarts: number | null;
  /** A worker that was ready for this long has run well: its next crash starts a new series. */
  readonly minUptime: Milliseconds;
  /** PM2's fixed delay before each restart; null: eco's growing backoff. */
  readonly restartDelay: Milliseconds | null;
  /** From the stop signal to SIGKILL. */
  readonly killTimeout: Milliseconds;
  /** `auto`: SIGTERM, or SIGINT for a program that handles only that one. */
  readonly stopSignal: StopSignal;
  /** How long a worker may take to become ready; a worker that takes longer has failed. */
  readonly readyTimeout: Milliseconds;
  readonly readiness: Readiness;
  readonly outFile: LogTarget;
  readonly errorFile: LogTarget;
  /** All workers share one file, instead of a file each. */
  readonly mergeLogs: boolean;
  readonly dependsOn: Readonly<Record<AppName, DependencyCondition>>;
  readonly code: CodeRevision;
}

/** `node`: the Node that runs the daemon. `program`: a path or a command in PATH. `none`: the script is itself the program. */
export type Interpreter =
  | { readonly type: 'node' }
  | { readonly type: 'program'; readonly path: string }
  | { readonly type: 'none' };

/** `auto`: listening, or alive for a while if it never listens. `message`: the app sent `'ready'`. */
export type Readiness = { readonly type: 'auto' } | { readonly type: 'message' };

/** `default`: a file of eco's own under ECO_HOME. */
export type LogTarget =
  | { readonly type: 'default' }
  | { readonly type: 'discard' }
  | { readonly type: 'file'; readonly path: string };

/** What must be true of the dependency before the dependent starts. */
export type DependencyCondition = 'started' | 'ready' | 'completed';

export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'] as const;
export type SignalName = (typeof STOP_SIGNALS)[number];
export type StopSignal = 'auto' | SignalName;

/** Node programs get eco's preload, and with it sockets, readiness by listening, and draining. */
export function isNodeProgram(spec: Pick<AppSpec, 'interpreter'>): boolean {
  const { interpreter } = spec;
  return interpreter.type === 'node' || (interpreter.type === 'program' && /(^|\/)node(js)?$/.test(interpreter.path));
}
