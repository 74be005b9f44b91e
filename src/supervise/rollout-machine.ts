import type { RolloutPolicy } from '../domain/policies.ts';
import type { Instant } from '../domain/time.ts';
import type { WorkerId } from '../domain/names.ts';
import { condemnation, type ExitCause, type WorkerState } from '../domain/worker-state.ts';

/** One worker as the rollout sees it. */
export interface RolloutWorker {
  readonly id: WorkerId;
  readonly instance: number;
  /** Runs what the rollout is towards. */
  readonly current: boolean;
  readonly state: WorkerState;
}

export interface RolloutInput {
  /** How many workers there shall be: D. */
  readonly desired: number;
  readonly policy: RolloutPolicy;
  readonly workers: readonly RolloutWorker[];
  /** A task is done when it has completed; it never becomes available. */
  readonly kind: 'service' | 'task';
  /** Somebody waits for the outcome: the first failure decides. Otherwise failing workers are left to their restart policy. */
  readonly failFast: boolean;
  readonly lastProgress: Instant;
  readonly now: Instant;
}

export interface RollStep {
  /** Instance numbers for new workers. */
  readonly start: readonly number[];
  readonly stop: readonly WorkerId[];
  readonly verdict: RollVerdict;
}

export type RollVerdict =
  | { readonly type: 'done' }
  /** Look again at `at` at the latest, or when a worker changes. */
  | { readonly type: 'wait'; readonly at: Instant | null }
  | { readonly type: 'failed'; readonly failures: readonly { readonly worker: WorkerId; readonly cause: ExitCause }[] }
  /** No progress for the whole progress deadline. */
  | { readonly type: 'stalled' };

/**
 * The next step of replacing an app's workers, from what is there now and nothing else: it may be asked again at any
 * moment, after any crash. With D desired, S surge, U unavailable, A available (ready for `minReady`), it never lets the
 * total of workers that are not on their way out rise above D + S (with S = 0, those on their way out count, too), nor A fall below D − U by its own doing.
 */
export function rollStep(input: RolloutInput): RollStep {
  const { desired, policy } = input;
  const workers = input.workers.filter(({ state }) => state.phase !== 'stopped');
  const current = workers.filter((worker) => worker.current);
  const old = workers.filter((worker) => !worker.current && !isOver(worker.state));
  const failures = input.failFast ? failuresOf(current) : [];
  if (failures.length > 0) return { start: [], stop: [], verdict: { type: 'failed', failures } };

  const available = [...current, ...old].filter((worker) => isAvailable(worker, input)).length;
  const staying = current.filter((worker) => !isLeaving(worker.state));
  const surplus = surplusOf(staying, desired);
  const missing = missingInstances(staying, desired);
  const unneeded = [...inOrder(surplus), ...inOrder(old)];
  const stop = stoppable(unneeded, available - (desired - policy.maxUnavailable)).map(({ id }) => id);
  const start = missing.slice(0, countToStart(input, staying, old));
  const settled = old.length === 0 && current.length === staying.length && surplus.length === 0 && missing.length === 0;
  const done = settled && staying.every((worker) => isAvailable(worker, input) || worker.state.phase === 'completed');
  return { start, stop, verdict: done ? { type: 'done' } : waitOrStall(input) };
}

/** When a worker that is ready has been so for long enough; null while it is not ready. */
function availableAt(state: WorkerState, policy: Pick<RolloutPolicy, 'minReady'>): Instant | null {
  return state.phase === 'ready' ? state.since + policy.minReady : null;
}

function isAvailable({ state }: RolloutWorker, { policy, now }: RolloutInput): boolean {
  const at = availableAt(state, policy);
  return at !== null && at <= now;
}

/** A new worker that ended before it was available, whatever its restart policy makes of that, has failed the rollout. */
function failuresOf(current: readonly RolloutWorker[]): { readonly worker: WorkerId; readonly cause: ExitCause }[] {
  return current.flatMap(({ id, state }) => {
    const cause = causeOfFailure(state);
    return cause === null ? [] : [{ worker: id, cause }];
  });
}

function causeOfFailure(state: WorkerState): ExitCause | null {
  if (state.phase === 'failed' || state.phase === 'backing-off') return state.cause;
  return condemnation(state);
}

function isOver(state: WorkerState): boolean {
  return state.phase === 'stopped' || state.phase === 'completed' || state.phase === 'failed';
}

/** One that is ended because it failed comes back by its restart policy: its place is not free. */
function isLeaving(state: WorkerState): boolean {
  return (state.phase === 'draining' || state.phase === 'stopping') && condemnation(state) === null;
}

/**
 * What is beyond the numbers 0 to D − 1, which are those that programs count on, and what has the number of another that
 * is further than it. A run that is over stays seen.
 */
function surplusOf(staying: readonly RolloutWorker[], desired: number): readonly RolloutWorker[] {
  const kept = new Map<number, RolloutWorker>();
  for (const worker of staying) {
    const other = kept.get(worker.instance);
    const better = other === undefined || (other.state.phase !== 'ready' && worker.state.phase === 'ready');
    if (worker.instance < desired && better) kept.set(worker.instance, worker);
  }
  return staying.filter((worker) => worker.state.phase !== 'completed' && kept.get(worker.instance) !== worker);
}

/** The numbers of 0 to D − 1 that no worker has. */
function missingInstances(staying: readonly RolloutWorker[], desired: number): readonly number[] {
  const taken = new Set(staying.map(({ instance }) => instance));
  return Array.from({ length: desired }, (_, instance) => instance).filter((instance) => !taken.has(instance));
}

/** Those that do not serve cost nothing to stop; of those that serve, as many as may be missed. */
function stoppable(unneeded: readonly RolloutWorker[], spare: number): readonly RolloutWorker[] {
  const idle = unneeded.filter(({ state }) => state.phase !== 'ready' && !isLeaving(state));
  const serving = unneeded.filter(({ state }) => state.phase === 'ready');
  return [...idle, ...serving.slice(0, Math.max(0, spare))];
}

function inOrder(workers: readonly RolloutWorker[]): readonly RolloutWorker[] {
  return [...workers].sort((a, b) => a.instance - b.instance);
}

/** At most one, the canary, until a worker of the new kind has proved itself. */
function countToStart(input: RolloutInput, staying: readonly RolloutWorker[], old: readonly RolloutWorker[]): number {
  const { desired, policy } = input;
  if (!policy.overlap && old.length > 0) return 0;
  // Without surge there is room for no process more: a successor takes the place of one that has gone.
  const leaving = policy.maxSurge === 0 ? input.workers.filter(({ state }) => isLeaving(state)).length : 0;
  const room =
    desired + policy.maxSurge - staying.length - old.filter(({ state }) => !isLeaving(state)).length - leaving;
  const proved = input.kind === 'task' || staying.some((worker) => isAvailable(worker, input));
  return Math.max(0, Math.min(room, proved ? desired : 1 - staying.length));
}

function waitOrStall({ workers, policy, lastProgress, now }: RolloutInput): RollVerdict {
  const stallsAt = lastProgress + policy.progressDeadline;
  if (now >= stallsAt) return { type: 'stalled' };
  const upcoming = workers
    .map(({ state }) => availableAt(state, policy))
    .filter((at): at is Instant => at !== null && at > now);
  return { type: 'wait', at: Math.min(stallsAt, ...upcoming) };
}
