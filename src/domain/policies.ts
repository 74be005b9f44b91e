import type { AppSpec, Share } from './app-spec.ts';
import { minutes, seconds, type Milliseconds } from './time.ts';

/** The published defaults (README, schema). A file that says nothing gets these. */
export const DEFAULTS = {
  killTimeout: seconds(30),
  readyTimeout: seconds(30),
  /** A worker that ran this long is healthy: its next crash starts a new series of restarts. */
  minUptime: seconds(60),
  restart: { delay: seconds(1), maxDelay: seconds(60), giveUp: null },
  hookTimeout: seconds(30),
  giveUpWindow: minutes(10),
  instanceVar: 'NODE_APP_INSTANCE',
  namespace: 'default',
  rollout: {
    maxSurge: null,
    maxUnavailable: { type: 'count', value: 0 },
    minReady: seconds(1),
    progressDeadline: minutes(10),
    rollback: true,
  },
  /** Of readiness and startup probes. */
  readinessProbe: { period: seconds(1), timeout: seconds(2), failures: 3 },
  logRotation: { maxSize: 10 << 20, keep: 5, compress: false },
  watch: { enabled: false, paths: null, ignore: [], delay: 200, options: {} },
  livenessProbe: { period: seconds(10), timeout: seconds(5), failures: 3 },
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

/** Successors first. Percentages of the instances: of the surge rounded up, of the unavailable ones rounded down, as in Kubernetes. */
export function rollingPolicy({ instances, rollout }: Pick<AppSpec, 'instances' | 'rollout'>): RolloutPolicy {
  const maxSurge =
    rollout.maxSurge === null ? defaultSurge(instances) : countOf(rollout.maxSurge, instances, Math.ceil);
  const maxUnavailable = countOf(rollout.maxUnavailable, instances, Math.floor);
  const { minReady, progressDeadline } = rollout;
  // With neither room above nor below, nothing could ever move.
  return {
    maxSurge: maxSurge + maxUnavailable === 0 ? 1 : maxSurge,
    maxUnavailable,
    overlap: true,
    minReady,
    progressDeadline,
  };
}

/** All old workers go before the first new one comes. */
export function replacePolicy({ instances, rollout }: Pick<AppSpec, 'instances' | 'rollout'>): RolloutPolicy {
  const { minReady, progressDeadline } = rollout;
  return { maxSurge: 0, maxUnavailable: instances, overlap: false, minReady, progressDeadline };
}

function defaultSurge(instances: number): number {
  return instances > 8 ? Math.ceil(instances / 4) : 1;
}

function countOf(share: Share, instances: number, round: (share: number) => number): number {
  return share.type === 'count' ? share.value : round((share.value * instances) / 100);
}

/** How the delays before restarts grow, where the file does not say. */
export const BACKOFF = {
  /** After a run that was healthy: at once, but for the time in which several workers that die together are told apart. */
  afterHealthyRun: 10,
  /** Of a growing delay, up and down. */
  jitter: 0.25,
  /** PM2's `exp_backoff_restart_delay`. */
  pm2: { factor: 1.5, maxDelay: seconds(15) },
  /** However short a written delay: from so many restarts in a row on (with as many PM2 gives up) it is at least this long. */
  fastLoop: { restarts: 16, atLeast: seconds(1) },
} as const;

/** The exit code by which a program says: do not restart me (s6's convention, http://skarnet.org/software/s6/servicedir.html). */
export const EXIT_CODE_NO_RESTART = 125;
