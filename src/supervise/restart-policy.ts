import { BACKOFF, EXIT_CODE_NO_RESTART } from '../domain/policies.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import type { Milliseconds } from '../domain/time.ts';
import type { ExitCause, RestartCount } from '../domain/worker-state.ts';

export type RestartPolicy = Pick<AppSpec, 'kind' | 'autorestart' | 'maxRestarts' | 'minUptime' | 'restartDelay'>;

export interface EndOfRun {
  readonly cause: ExitCause;
  /** How long the worker had been ready; null if it never was: a failed start. */
  readonly readyFor: Milliseconds | null;
  readonly restarts: RestartCount;
  /** In [0, 1). */
  readonly random: number;
}

export type AfterExit =
  | { readonly type: 'retry'; readonly delay: Milliseconds; readonly restarts: RestartCount }
  | { readonly type: 'completed' }
  | { readonly type: 'failed' };

/** What follows the end of a process that nobody asked to end. */
export function afterExit(policy: RestartPolicy, end: EndOfRun): AfterExit {
  const { cause } = end;
  const succeeded = cause.type === 'exit-code' && cause.code === 0;
  if (policy.kind === 'task' || !policy.autorestart) return { type: succeeded ? 'completed' : 'failed' };
  if (cause.type === 'exit-code' && cause.code === EXIT_CODE_NO_RESTART) return { type: 'failed' };
  const ranWell = end.readyFor !== null && end.readyFor >= policy.minUptime;
  const before = ranWell ? 0 : end.restarts.inSeries;
  if (policy.maxRestarts !== null && before >= policy.maxRestarts) return { type: 'failed' };
  return {
    type: 'retry',
    delay: restartDelay(policy, before, end),
    restarts: { total: end.restarts.total + 1, inSeries: before + 1 },
  };
}

/**
 * `restart_delay` where it is written. Else the first crash of a worker that served is answered at once, and each
 * further one in the series waits twice as long: `min(maxDelay, delay · 2^(n−1)) · (1 ± jitter)`.
 */
function restartDelay(policy: RestartPolicy, crashesBefore: number, { readyFor, random }: EndOfRun): Milliseconds {
  if (policy.restartDelay !== null) return policy.restartDelay;
  if (crashesBefore === 0 && readyFor !== null) return BACKOFF.afterHealthyRun;
  const doubled = Math.min(BACKOFF.maxDelay, BACKOFF.delay * 2 ** Math.max(0, crashesBefore - 1));
  return Math.round(doubled * (1 + BACKOFF.jitter * (2 * random - 1)));
}
