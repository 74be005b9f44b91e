import type { SecretSource, Times } from '../domain/app-spec.ts';
import type { EcoEvent } from '../domain/event.ts';
import type { AppKey, WorkerId } from '../domain/names.ts';
import type { Result } from '../domain/result.ts';
import type { Timestamp } from '../domain/time.ts';
import type { ExitCause, WorkerPhase } from '../domain/worker-state.ts';
import type { Clock } from '../platform/clock.ts';
import type { Cgroups } from '../platform/cgroups.ts';
import type { LaunchedProcess, LaunchListener, LaunchRequest } from '../platform/launcher.ts';
import type { ProbeAnswer, ProbeQuestion } from '../platform/probes.ts';
import type { ProcessInfo, StartedProcess, TreeRoot } from '../platform/process-table.ts';
import type { CommandOutcome, ShellCommand } from '../platform/run-command.ts';
import type { DaemonMessage } from '../protocol/worker.ts';
import type { BootGate } from './boot-gate.ts';
import type { SocketVault } from './socket-vault.ts';
import type { FileWatcher, WatchRequest } from './source-watch.ts';
import type { WorkerSurroundings } from './worker-launch.ts';

/** What keeping workers needs of the world; the daemon, `eco run` and `eco watch` each bring their own. */
export interface SupervisePorts {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly launch: (request: LaunchRequest, listener: LaunchListener) => Promise<LaunchedProcess | ExitCause>;
  readonly processes: ProcessPort;
  readonly cgroups: Cgroups;
  readonly gate: BootGate;
  readonly vault: SocketVault;
  /** Sends over the worker's control link; silent if it has none. */
  readonly tell: (worker: WorkerId, message: DaemonMessage) => void;
  readonly journal: WorkerJournal;
  readonly logs: LogPort;
  /** Asks once; ends at once when aborted. */
  readonly probe: (question: ProbeQuestion, signal: AbortSignal) => Promise<ProbeAnswer>;
  /** Its value now, or what is wrong, to complete "the secret X cannot be had: …". Nobody keeps it. */
  readonly secret: (source: SecretSource, cwd: string, signal: AbortSignal) => Promise<Result<string, string>>;
  /** Killed once `signal` is aborted. */
  readonly runCommand: (command: ShellCommand, signal?: AbortSignal) => Promise<CommandOutcome>;
  /** The first moment after `from` that the times name; null if there is none. */
  readonly nextTime: (times: Times, from: Timestamp) => Promise<Timestamp | null>;
  readonly watchFiles: (request: WatchRequest, onChange: (files: readonly string[]) => void) => Promise<FileWatcher>;
  readonly emit: (event: EcoEvent) => void;
  readonly surroundings: WorkerSurroundings;
}

/** What one worker needs. */
export interface WorkerPorts extends SupervisePorts {
  /** Resolved once nothing runs that workers of that app left behind under an earlier daemon, and that nobody took over. */
  readonly vacated: (key: AppKey) => Promise<void>;
}

export interface ProcessPort {
  readonly bootId: string;
  /** null if there is no such process. */
  readonly read: (pid: number) => ProcessInfo | null;
  /** What lives and was started with that variable, of those that can be read; empty where none can. */
  readonly startedWith: (variable: string) => readonly StartedProcess[];
  readonly inspect: (root: TreeRoot, callback: (living: readonly ProcessInfo[]) => void) => void;
  /** A negative pid is a process group. */
  readonly signal: (pid: number, signal: NodeJS.Signals) => boolean;
}

export interface LogPort {
  /** The position at which it ends, in bytes that were ever written to it; 0 for a file that is missing or null. */
  readonly endOf: (file: string | null) => number;
  /** The last lines from `start` on, oldest first; empty if there is no such file. */
  readonly lastLines: (file: string, count: number, range: { readonly start: number }) => readonly string[];
  /** Each call of what it answers calls back with the lines that were written since the one before. */
  readonly reader: (file: string, onLine: (line: string) => void, range: { readonly from: number }) => () => void;
}

/** Where workers are written down before anything is done to them, so that no process is started and forgotten. */
export interface WorkerJournal {
  readonly save: (record: WorkerRecord) => void;
  /** With what its process said of its end. */
  readonly forget: (id: WorkerId) => void;
  /** What a Node process said of its end before it ended; null where it did not. */
  readonly exitCodeOf: (id: WorkerId) => number | null;
}

/** One worker as the next daemon finds it. */
export interface WorkerRecord {
  readonly id: WorkerId;
  readonly key: AppKey;
  readonly instance: number;
  readonly generation: number;
  readonly phase: WorkerPhase;
  readonly restarts: number;
  /** Why a successor takes its place; missing in what earlier versions wrote. */
  readonly retiring?: ExitCause | null;
  /** Why not all of its `limits` hold; missing in what earlier versions wrote. */
  readonly unlimited?: string | null;
  /** null: about to be spawned, or without a process. */
  readonly process: ProcessIdentity | null;
  readonly startedAt: Timestamp | null;
  readonly lastExit: ExitCause | null;
  /** Where its log files ended when it was started; missing in what earlier versions wrote. */
  readonly logStart?: LogStart;
}

/** Positions, as of `LogPort.endOf`. */
export interface LogStart {
  readonly out: number;
  readonly error: number;
}

/** Names one process that never recurs, whatever becomes of its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}
