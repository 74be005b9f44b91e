/**
 * What the CLI and the daemon say to each other: HTTP/1.1 and JSON on `ECO_HOME/daemon.sock`.
 *
 * | request | body or query | answer |
 * |---|---|---|
 * | `GET /v1/info` | | `DaemonInfo` |
 * | `GET /v1/observed` | `project=` to narrow; `settled=1` to wait for what adopted workers have to tell | `ObservedState` |
 * | `GET /v1/history` | `project=` and `app=` | `AppHistory` |
 * | `POST /v1/locks` | `LockRequest` | NDJSON of `LockMessage`; the lock is held until the connection ends |
 * | `POST /v1/unlocks` | `UnlockRequest` | `ProjectLock` |
 * | `POST /v1/applies` | `ClaimRequest` | `ClaimAnswer` |
 * | `POST /v1/steps` | `StepRequest` | NDJSON of `StepMessage`, the last one an outcome |
 * | `GET /v1/manifests/:digest` | | `CodeManifest` |
 * | `POST /v1/logs` | `LogQuery` | NDJSON of `LogMessage` |
 * | `POST /v1/flush` | `FlushRequest` | `FlushAnswer` |
 * | `GET /v1/events` | `follow=1` | NDJSON of `EventMessage` |
 * | `POST /v1/signals` | `SignalRequest` | `SignalAnswer` |
 * | `POST /v1/resets` | `ResetRequest` | `{}` |
 * | `POST /v1/shutdown` | `ShutdownRequest` | `{}`; sent once the apps are gone, if asked |
 *
 * An error is any status of 400 and above, with a `Failure` as its body.
 */
import type { ReusePortSupport } from '../domain/app-spec.ts';
import type { RecordedEvent } from '../domain/event.ts';
import type { LockHolder, LockId, ProjectLock } from '../domain/lock.ts';
import type { AppName, ProjectName, WorkerId } from '../domain/names.ts';
import type { Failure, Serving } from '../domain/failure.ts';
import type { Origin } from '../domain/desired-state.ts';
import type { Actor } from '../domain/observed-state.ts';
import type { Source } from '../domain/history.ts';
import type { Action, ActionType } from '../domain/plan.ts';
import type { CodeManifest } from '../domain/revision.ts';
import type { Milliseconds, Timestamp } from '../domain/time.ts';
import type { ExitCause, WorkerPhase } from '../domain/worker-state.ts';

/**
 * The same major version works together; the daemon tells its own in `DaemonInfo`. `GET /v1/info` and `POST /v1/shutdown` without
 * apps stay as they are in every version, so that any eco can take the place of any other.
 */
export const PROTOCOL_VERSION = 1;

export interface DaemonInfo {
  readonly protocol: number;
  readonly version: string;
  readonly pid: number;
  /** `process.version` of the daemon's Node, which also runs the Node apps. */
  readonly node: string;
  readonly reusePort: ReusePortSupport;
  readonly home: string;
  readonly uptime: Milliseconds;
  readonly apps: number;
  readonly workers: number;
  readonly memoryBytes: number;
  /** What starts it again whenever it ends, such as `systemd`; null or absent: whoever needs it next. */
  readonly service?: string | null;
}

/** Refused while somebody else has the lock of the project; granted again to who has it. */
export interface LockRequest {
  readonly id: LockId;
  readonly project: ProjectName;
  readonly holder: LockHolder;
  /** Not null: the lock stays until it is unlocked, for this reason. */
  readonly message: string | null;
}

export type LockMessage =
  | { readonly type: 'granted'; readonly lock: ProjectLock }
  /** Somebody has unlocked the project. */
  | { readonly type: 'lost' };

export interface UnlockRequest {
  readonly id: LockId;
  /** null: the holder itself gives it back. */
  readonly by: Actor | null;
}

/** Makes the caller the owner of the project before its first step; refused if another origin owns it. */
export interface ClaimRequest {
  readonly project: ProjectName;
  readonly origin: Origin;
  readonly file: string;
  readonly takeOwnership: boolean;
  readonly by: Actor;
  /** That of the caller; absent: it has none, and is refused while somebody has. */
  readonly lock?: LockId;
}

export interface ClaimAnswer {
  /** The serial of this apply. */
  readonly serial: number;
}

export interface StepRequest {
  readonly project: ProjectName;
  readonly app: AppName;
  readonly action: Action | RestartAction | RollbackAction;
  readonly by: Actor;
  /** `file`: an apply; becomes what the app is compared with. `hand`: an operator; recorded as a manual change. */
  readonly asked: 'file' | 'hand';
  /** The manifest behind the spec's `auto` revision; null if it has none. */
  readonly manifest: CodeManifest | null;
  /** Where the spec comes from; null or absent where nobody knows. */
  readonly source?: Source | null;
  /** That of the caller; absent: it has none, and is refused while somebody has. */
  readonly lock?: LockId;
  /** `off`: a rollout that fails is not rolled back, whatever the spec says. */
  readonly rollback?: 'off';
}

/** Ends every worker of the app and starts it again, whatever its spec: an operator's `eco restart`. */
export interface RestartAction {
  readonly type: 'restart';
}

/** Back to a revision of the app's history, with the spec that the daemon has kept of it. */
export interface RollbackAction {
  readonly type: 'rollback';
  readonly revision: number;
  /** What the difference between the two asks of the processes. */
  readonly as: RollbackMeans;
}

export const ROLLBACK_MEANS = [
  'start',
  'scale',
  'reload',
  'replace',
  'update',
] as const satisfies readonly ActionType[];
export type RollbackMeans = (typeof ROLLBACK_MEANS)[number];

export interface HistoryQuery {
  readonly project: ProjectName;
  readonly app: AppName;
}

export type StepMessage =
  | { readonly type: 'progress'; readonly workers: readonly WorkerProgress[] }
  | { readonly type: 'succeeded'; readonly outcome: StepOutcome }
  | { readonly type: 'failed'; readonly failure: Failure };

export interface WorkerProgress {
  readonly worker: WorkerId;
  readonly instance: number;
  readonly phase: WorkerPhase;
  /** Belongs to the revision that is being rolled out. */
  readonly current: boolean;
  readonly cause: ExitCause | null;
}

export interface StepOutcome {
  /** What serves after the step; null after a deletion or a stop. */
  readonly serving: Serving | null;
}

export interface LogQuery {
  /** Empty: all apps. */
  readonly targets: readonly LogTargetQuery[];
  /** How many of the last lines of each file; null: all that `since` leaves. */
  readonly lines: number | null;
  readonly follow: boolean;
  readonly streams: readonly LogStream[];
  /** Only what was written from then on, as far as that is known; null: whenever. */
  readonly since: Timestamp | null;
  /** Only lines whose message this regular expression matches; null: all. */
  readonly grep: string | null;
  /** To go on where a stream broke off that followed the same logs; null: this is the first. */
  readonly resume: LogPlaces | null;
}

/** The first message to who follows, and what it may come back with: nothing is told twice, and nothing is left out. */
export interface LogPlaces {
  /** When the following began: what files that turn up later held before is not told. */
  readonly began: Timestamp;
  /** By log file, the position from which it is yet to be told. */
  readonly places: Readonly<Record<string, number>>;
}

export type LogMessage = LogPlaces | ToldLine;

export interface ToldLine extends LogLine {
  readonly file: string;
  /** The position behind it. */
  readonly end: number;
}

/** Empties the log files of these apps, and removes what was rotated out of them. */
export interface FlushRequest {
  readonly targets: readonly LogTargetQuery[];
}

export interface FlushAnswer {
  readonly files: readonly FlushedFile[];
}

export interface FlushedFile {
  readonly file: string;
  /** How much it held, with what was rotated out of it. */
  readonly bytes: number;
}

export interface LogTargetQuery {
  readonly project: ProjectName;
  readonly app: AppName;
  /** null: all of them. */
  readonly instance: number | null;
}

export type LogStream = 'out' | 'err';

export interface LogLine {
  readonly project: ProjectName;
  readonly app: AppName;
  /** null where all workers share one file. */
  readonly instance: number | null;
  readonly stream: LogStream;
  /** As it stands in the file, without its line end. */
  readonly line: string;
  /** The line without the time, or the JSON, that eco put around it. */
  readonly message: string;
  /** When it was written: as it says itself, or when the daemon saw the file grow; null if neither is known. */
  readonly at: Timestamp | null;
}

export interface ShutdownRequest {
  /** Also ends every app. Without it the apps run on, and the next daemon adopts them. */
  readonly apps: boolean;
  /** No step is begun any more, and those under way get so long to end. Absent: no time. */
  readonly finishWithin?: Milliseconds;
}

/** Sends a signal to the processes of an app themselves, not to what they started. */
export interface SignalRequest {
  readonly project: ProjectName;
  readonly app: AppName;
  /** null: all of them. */
  readonly instance: number | null;
  readonly signal: NodeJS.Signals;
  readonly by: Actor;
}

export interface SignalAnswer {
  readonly pids: readonly number[];
}

/** Counts the restarts of an app from zero again. */
export interface ResetRequest {
  readonly project: ProjectName;
  readonly app: AppName;
  readonly by: Actor;
}

/** First the events so far, oldest first, as far back as they are kept for this; then each as it happens, if asked. */
export type EventMessage =
  | { readonly type: 'recent'; readonly events: readonly RecordedEvent[] }
  | { readonly type: 'event'; readonly event: RecordedEvent };
