import type { Instant, Timestamp } from './time.ts';
import type { WorkerStats } from './worker-stats.ts';

/**
 * What one worker is doing. Each phase holds only what is true in it, and the deadline that ends it.
 *
 * ```
 *            spawn fails, exits, or is late
 *   starting ──────────────────────────────► backing-off ──(retryAt)──► starting
 *      │ became-ready                          ▲    │ policy says no more
 *      ▼            crashed                    │    ▼
 *    ready ────────────────────────────────────┘  failed        exit 0 of a task: completed
 *      │ stop-requested (also of a starting worker that failed but listens)
 *      ▼               drained, or drainedBy                 tree gone
 *   draining ──────────────────────────────► stopping ───────────────► stopped
 *                                               │ killAt: SIGKILL, again
 * ```
 */
export type WorkerState =
  | { readonly phase: 'starting'; readonly restarts: RestartCount; readonly readyBy: Instant }
  | { readonly phase: 'ready'; readonly restarts: RestartCount; readonly since: Instant }
  | {
      readonly phase: 'draining';
      readonly restarts: RestartCount;
      readonly drainedBy: Instant;
      readonly killAt: Instant;
      readonly afterwards: AfterStop;
    }
  | {
      readonly phase: 'stopping';
      readonly restarts: RestartCount;
      readonly killAt: Instant;
      readonly afterwards: AfterStop;
    }
  | {
      readonly phase: 'backing-off';
      readonly restarts: RestartCount;
      readonly retryAt: Instant;
      readonly cause: ExitCause;
    }
  | { readonly phase: 'stopped'; readonly restarts: RestartCount }
  | { readonly phase: 'completed'; readonly restarts: RestartCount }
  | { readonly phase: 'failed'; readonly restarts: RestartCount; readonly cause: ExitCause };

export type WorkerPhase = WorkerState['phase'];

/** Why a process that still lives has failed; null if it has not. */
export function condemnation(state: WorkerState): ExitCause | null {
  const leaving = state.phase === 'draining' || state.phase === 'stopping';
  return leaving && state.afterwards.type === 'count-as-crash' ? state.afterwards.cause : null;
}

/** `total` counts since the worker was created; `inSeries` since it last ran well. */
export interface RestartCount {
  readonly total: number;
  readonly inSeries: number;
  /** When those within `restart.give_up.window` were; absent where nothing asks for it. */
  readonly recent?: readonly Instant[];
}

/** Why the process is being ended decides what follows once it is gone. */
export type AfterStop =
  | { readonly type: 'stay-stopped' }
  /** The process failed while alive (it never became ready, say): its end counts as a crash of this cause. `readyFor` as in a crash: null if it never was. */
  | { readonly type: 'count-as-crash'; readonly cause: ExitCause; readonly readyFor: number | null };

/** Why a process ended, or why it had to be ended. */
export type ExitCause =
  | { readonly type: 'exit-code'; readonly code: number }
  | { readonly type: 'signal'; readonly signal: string }
  | { readonly type: 'spawn-error'; readonly message: string }
  | { readonly type: 'not-ready-in-time'; readonly timeout: number; readonly waitingFor: string }
  /** So many answers in a row to its liveness probe were bad; `lastAnswer` says how: `it said 500`. */
  | { readonly type: 'liveness-failed'; readonly failures: number; readonly lastAnswer: string }
  /** Before it was ready it wrote a line that `fail_when` names. */
  | { readonly type: 'matched-fail-when'; readonly line: string }
  /** Its processes together stayed above `max_memory_restart`; both in bytes. */
  | { readonly type: 'over-memory'; readonly memoryBytes: number; readonly limit: number }
  /** It ended while no daemon watched it. */
  | { readonly type: 'unknown' };

/** It serves without a preload that reports to the daemon: eco starts and stops it, and knows nothing else of it. */
export function isUnmanaged({ phase, managed }: Pick<ObservedWorker, 'phase' | 'managed'>): boolean {
  return phase === 'ready' && !managed;
}

/** A worker as observed from outside the daemon. */
export interface ObservedWorker {
  readonly id: string;
  readonly instance: number;
  /** null while no process exists. */
  readonly pid: number | null;
  readonly phase: WorkerPhase;
  readonly restarts: number;
  /** Of these, those since it last ran well; absent from a daemon that does not know it. */
  readonly restartsInSeries?: number;
  /** When its present process was started; null while no process exists. */
  readonly startedAt: Timestamp | null;
  /** Milliseconds since `startedAt`; null while no process exists. */
  readonly uptime: number | null;
  /** The last reason for which a process of this worker ended; null if none did. */
  readonly lastExit: ExitCause | null;
  /** Why a successor takes its place, although it runs well otherwise; null: it is to stay. As above. */
  readonly retiring?: ExitCause | null;
  /** Why not all of its `limits` hold; null: they do, or it has none. As above. */
  readonly unlimited?: string | null;
  /** Runs the spec that the app has now, not that of an earlier revision. */
  readonly current: boolean;
  /** A preload reports to the daemon: readiness and draining work, and where Node itself is the worker, sockets too. */
  readonly managed: boolean;
  /** `process.version` of a worker that reports to the daemon; null or absent of any other. */
  readonly node?: string | null;
  /** A successor can share everything that it listens on. Otherwise the two cannot run side by side. */
  readonly handsOver: boolean;
  /** What it listens on, such as `0.0.0.0:3000` or a unix path. */
  readonly listening: readonly string[];
  readonly outFile: string | null;
  readonly errorFile: string | null;
  /** Milliseconds until the next attempt, while backing off. */
  readonly retryIn: number | null;
  /** Resident, of it and everything that it started; null before the first sample. */
  readonly memoryBytes: number | null;
  /** Of one CPU, since the last sample, or its start if there was none; null where that says nothing yet. */
  readonly cpuPercent: number | null;
  /** null for a program that has no preload, and until it has said something. As above. */
  readonly stats?: WorkerStats | null;
}
