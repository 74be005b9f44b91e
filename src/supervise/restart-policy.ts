import { BACKOFF, EXIT_CODE_NO_RESTART } from '../domain/policies.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import type { Instant, Milliseconds } from '../domain/time.ts';
import type { ExitCause, RestartCount } from '../domain/worker-state.ts';

export type RestartPolicy = Pick<
  AppSpec,
  | 'kind'
  | 'autorestart'
  | 'stopExitCodes'
  | 'maxRestarts'
  | 'minUptime'
  | 'restartDelay'
  | 'expBackoffRestartDelay'
  | 'restart'
>;

export interface EndOfRun {
  readonly cause: ExitCause;
  /** How long the worker had been ready; null if it never was: a failed start. */
  readonly readyFor: Milliseconds | null;
  readonly restarts: RestartCount;
  readonly now: Instant;
  /** In [0, 1). */
  readonly random: number;
}

export type AfterExit =
  | { readonly type: 'retry'; readonly delay: Milliseconds; readonly restarts: RestartCount }
  | { readonly type: 'completed' }
  | { readonly type: 'failed' };

/** What follows the end of a process that nobody asked to end. */
export function afterExit(policy: RestartPolicy, end: EndOfRun): AfterExit {
  const code = end.cause.type === 'exit-code' ? end.cause.code : null;
  const stops = code !== null && policy.stopExitCodes.includes(code);
  if (policy.kind === 'task' || !policy.autorestart || stops) {
    // A start that fails is none that the file wants, or a version that does not come up would replace one that serves.
    return { type: code === 0 || (stops && end.readyFor !== null) ? 'completed' : 'failed' };
  }
  if (code === EXIT_CODE_NO_RESTART) return { type: 'failed' };
  const { delay, restarts } = nextAttempt(policy, end);
  const overLimit = policy.maxRestarts !== null && restarts.inSeries > policy.maxRestarts;
  return overLimit || isGivenUp(policy, restarts) ? { type: 'failed' } : { type: 'retry', delay, restarts };
}

/** When the next process comes, whether or not one comes. A run of `min_uptime` begins a new series. */
export function nextAttempt(
  policy: RestartPolicy,
  { readyFor, restarts, now, random }: Omit<EndOfRun, 'cause'>,
): { readonly delay: Milliseconds; readonly restarts: RestartCount } {
  const ranWell = readyFor !== null && readyFor >= policy.minUptime;
  const before = ranWell ? 0 : restarts.inSeries;
  const { giveUp } = policy.restart;
  const recent = giveUp === null ? [] : (restarts.recent ?? []).filter((at) => at > now - giveUp.window);
  return {
    delay: restartDelay(policy, before, { readyFor, random }),
    restarts: {
      total: restarts.total + 1,
      inSeries: before + 1,
      ...(giveUp === null ? {} : { recent: [...recent, now] }),
    },
  };
}

function isGivenUp({ restart: { giveUp } }: RestartPolicy, { recent = [] }: RestartCount): boolean {
  return giveUp !== null && recent.length > giveUp.count;
}

/**
 * As written, but never a loop at full speed. Where nothing is written, the first crash of a worker that served is
 * answered at once, and each further one in the series waits twice as long: `min(maxDelay, delay · 2^(n−1)) · (1 ± jitter)`.
 */
function restartDelay(
  policy: RestartPolicy,
  crashesBefore: number,
  { readyFor, random }: Pick<EndOfRun, 'readyFor' | 'random'>,
): Milliseconds {
  const written = writtenDelay(policy, crashesBefore);
  const { fastLoop, jitter } = BACKOFF;
  if (written !== null) return crashesBefore >= fastLoop.restarts ? Math.max(written, fastLoop.atLeast) : written;
  if (crashesBefore === 0 && readyFor !== null) return BACKOFF.afterHealthyRun;
  const { delay, maxDelay } = policy.restart;
  const doubled = Math.max(BACKOFF.afterHealthyRun, Math.min(maxDelay, delay * 2 ** Math.max(0, crashesBefore - 1)));
  return Math.round(doubled * (1 + jitter * (2 * random - 1)));
}

/** In PM2's words; null if the file uses none of them. */
function writtenDelay({ restartDelay, expBackoffRestartDelay: first }: RestartPolicy, before: number) {
  if (first === null) return restartDelay;
  const { factor, maxDelay } = BACKOFF.pm2;
  return Math.floor(Math.min(Math.max(first, maxDelay), first * factor ** before));
}
