import { minutes, seconds, type Milliseconds } from './time.ts';

/** The published defaults (README, schema). A file that says nothing gets these. */
export const DEFAULTS = {
  killTimeout: seconds(30),
  readyTimeout: seconds(30),
  /** A worker that ran this long is healthy: its next crash starts a new series of restarts. */
  minUptime: seconds(60),
  instanceVar: 'NODE_APP_INSTANCE',
  namespace: 'default',
} as const;

export interface RolloutPolicy {
  /** Workers above the desired number while a rollout runs. */
  readonly maxSurge: number;
  /** Workers below the desired number while a rollout runs. */
  readonly maxUnavailable: number;
  /** Whether old and new workers may run side by side; if not, the old ones are gone before the first new one starts. */
  readonly overlap: boolean;
  /** How long a new worker must have been ready before it counts. */
  readonly minReady: Milliseconds;
  /** A rollout that makes no progress for this long has failed. */
  readonly progressDeadline: Milliseconds;
}

const MIN_READY = seconds(1);
const PROGRESS_DEADLINE = minutes(10);

/** A surge of 1, of a quarter above 8 instances; never fewer workers than desired. */
export function rollingPolicy(instances: number): RolloutPolicy {
  const maxSurge = instances > 8 ? Math.ceil(instances / 4) : 1;
  return { maxSurge, maxUnavailable: 0, overlap: true, minReady: MIN_READY, progressDeadline: PROGRESS_DEADLINE };
}

/** All old workers go before the first new one comes. */
export function replacePolicy(instances: number): RolloutPolicy {
  return {
    maxSurge: 0,
    maxUnavailable: instances,
    overlap: false,
    minReady: MIN_READY,
    progressDeadline: PROGRESS_DEADLINE,
  };
}

export interface BackoffPolicy {
  readonly delay: Milliseconds;
  readonly maxDelay: Milliseconds;
  /** Of the delay, up and down. */
  readonly jitter: number;
  /** After a run that was healthy. */
  readonly afterHealthyRun: Milliseconds;
}

export const BACKOFF: BackoffPolicy = { delay: seconds(1), maxDelay: seconds(60), jitter: 0.25, afterHealthyRun: 100 };

/** The exit code by which a program says: do not restart me (s6's convention, http://skarnet.org/software/s6/servicedir.html). */
export const EXIT_CODE_NO_RESTART = 125;
