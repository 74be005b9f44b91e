import type { EcoEvent } from '../domain/event.ts';
import { ok, type Result } from '../domain/result.ts';
import type { ResetRequest, SignalAnswer, SignalRequest } from '../protocol/control.ts';
import type { Supervisor } from '../supervise/supervisor.ts';

/** What an operator does to workers without changing what their app shall be. Each is recorded. */
export interface Hands {
  readonly supervisor: Pick<Supervisor, 'cluster'>;
  readonly events: { readonly record: (event: EcoEvent) => void };
}

/** Answers whom the signal was sent to. */
export function signalWorkers(
  { signal, instance, by, project, app }: SignalRequest,
  { supervisor, events }: Hands,
): Result<SignalAnswer> {
  const cluster = supervisor.cluster({ project, app });
  if (!cluster.ok) return cluster;
  const pids: number[] = [];
  for (const worker of cluster.value.workers) {
    const pid = instance === null || instance === worker.instance ? worker.signal(signal) : null;
    if (pid === null) continue;
    pids.push(pid);
    events.record({ type: 'worker-signalled', worker: worker.id, signal, by });
  }
  return ok({ pids });
}

/** Counts the restarts of an app from zero again. */
export function resetRestarts({ by, project, app }: ResetRequest, { supervisor, events }: Hands): Result<object> {
  const cluster = supervisor.cluster({ project, app });
  if (!cluster.ok) return cluster;
  for (const worker of cluster.value.workers) worker.reset();
  events.record({ type: 'restarts-reset', project, app, by });
  return ok({});
}
