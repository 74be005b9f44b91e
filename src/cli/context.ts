import type { LoadOptions, LoadedEcosystem } from '../config/load-ecosystem.ts';
import type { ConnectOptions } from '../client/connect.ts';
import type { DaemonClient } from '../client/daemon-client.ts';
import type { Program } from '../domain/failure.ts';
import type { Host } from '../domain/host.ts';
import type { Source } from '../domain/history.ts';
import type { LockHolder, LockId } from '../domain/lock.ts';
import type { Actor } from '../domain/observed-state.ts';
import type { Result } from '../domain/result.ts';
import type { Milliseconds } from '../domain/time.ts';
import type { Answer } from '../platform/ask.ts';
import type { BootMachine } from '../platform/boot-machine.ts';
import type { Clock } from '../platform/clock.ts';
import type { Creation, FileKind } from '../platform/files.ts';
import type { Health } from '../platform/health.ts';
import type { FullScreen } from '../platform/full-screen.ts';
import type { InterruptOptions, InterruptSignal } from '../platform/interrupt.ts';
import type { Foreground, ForegroundListener, ForegroundPlace } from '../supervise/foreground.ts';
import type { StartedWorker } from './flow/stray-workers.ts';
import type { Console } from './render/console.ts';

/** All that a command may touch; `main` makes the real one, tests a fake one. */
export interface CliContext {
  /** Where the daemon, the apps and their files are; null: here. */
  readonly host: Host | null;
  /** What that machine calls itself, and ECO_HOME there. */
  readonly place: () => Promise<{ readonly host: string; readonly home: string }>;
  /** The same about another machine; to be closed. */
  readonly reach: (host: Host) => Promise<CliContext>;
  /** The group of the file's hosts that was asked for, or `all`; null: none was. */
  readonly hostGroup: string | null;
  /** Lets go of what would keep this process from ending. */
  readonly close: () => Promise<void>;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly console: Console;
  readonly clock: Clock;
  /** Ends early when the signal is aborted. */
  readonly pause: (span: Milliseconds, signal?: AbortSignal) => Promise<void>;
  readonly actor: () => Promise<Actor>;
  /** This process as the holder of a lock that it is about to take. */
  readonly newLock: () => Promise<NewLock>;
  /** The state of the repository that holds the folder; null if there is none. */
  readonly source: (folder: string) => Promise<Source | null>;
  readonly load: (options: LoadOptions) => Promise<Result<LoadedEcosystem>>;
  readonly connect: (start: DaemonStart) => Promise<Result<DaemonClient>>;
  /** A daemon that runs, even of a version that this one does not understand: it can be asked who it is, and to end. */
  readonly runningDaemon: () => Promise<Result<DaemonClient>>;
  /** This eco. */
  readonly program: Program;
  /** Keeps apps in this process, without a daemon. */
  readonly foreground: (listener: ForegroundListener, place?: ForegroundPlace) => Promise<Result<Foreground>>;
  /** A daemon of this home, running or not, keeps apps. */
  readonly homeHasApps: () => Promise<boolean>;
  /** Processes there that say of themselves that a daemon of this home started them as a worker. */
  readonly startedWorkers: () => Promise<readonly StartedWorker[]>;
  /** Waits for the end of a process; false if it takes longer. */
  readonly processEnd: (pid: number, within: Milliseconds) => Promise<boolean>;
  /** What starts services here; loaded when it is needed. */
  readonly bootMachine: () => Promise<BootMachine>;
  /** What `eco doctor` asks of this machine; loaded when it is needed. */
  readonly health: () => Promise<Health>;
  /** null if it cannot be read. */
  readonly readFile: (path: string) => string | null;
  /** Links are followed. */
  readonly fileKind: (path: string) => FileKind;
  /** Only this user can read it. Says whether it worked. */
  readonly replaceFile: (path: string, content: string) => boolean;
  /** Everybody can read it; one that is there is replaced only if that is asked for. */
  readonly createFile: (path: string, content: string, options: { readonly replace: boolean }) => Creation;
  readonly ask: (question: string) => Promise<Answer>;
  readonly onInterrupt: (
    callback: (signal: InterruptSignal, count: number) => void,
    options?: InterruptOptions,
  ) => () => void;
  /** Keys of the terminal, one by one; never where there is none. */
  readonly onKey: (callback: (key: string) => void) => () => void;
  /** Takes the whole terminal until it is left. */
  readonly fullScreen: () => Promise<FullScreen>;
  readonly onOutputClosed: (callback: () => void) => () => void;
}

export interface NewLock {
  readonly id: LockId;
  readonly holder: LockHolder;
}

export type DaemonStart = ConnectOptions['start'];
