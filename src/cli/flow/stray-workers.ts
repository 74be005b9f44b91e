import type { WorkerId } from '../../domain/names.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import type { Health } from '../../platform/health.ts';

/** A process that says of itself that a daemon of this home started it as a worker. */
export interface StartedWorker {
  readonly pid: number;
  readonly worker: WorkerId;
}

/** On this machine, by what their own environment says. */
export function startedWorkers(home: string, health: Pick<Health, 'startedWith'>): readonly StartedWorker[] {
  const prefix = `${home} `;
  return health
    .startedWith('ECO_ID')
    .filter(({ value }) => value.startsWith(prefix))
    .map(({ pid, value }) => ({ pid, worker: value.slice(prefix.length) }));
}

/** Those that the daemon does not keep: neither its workers, nor what these have started. */
export function strayWorkers(
  started: readonly StartedWorker[],
  apps: readonly ObservedApp[],
): readonly StartedWorker[] {
  const kept = apps.flatMap(({ workers }) => workers).filter(({ pid }) => pid !== null);
  return started.filter(({ pid, worker }) => !kept.some((own) => own.pid === pid || own.id === worker));
}

/** Those that were there before and are there still: what has ended meanwhile was on its way out. */
export function stillThere(before: readonly StartedWorker[], now: readonly StartedWorker[]): readonly StartedWorker[] {
  return before.filter(({ pid, worker }) => now.some((other) => other.pid === pid && other.worker === worker));
}
