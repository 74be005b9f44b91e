import type { ObservedApp } from '../../domain/observed-state.ts';
import type { ObservedWorker } from '../../domain/worker-state.ts';
import { printable } from '../../reconcile/printable.ts';
import { formatDuration } from './duration-text.ts';
import { exitCauseText } from './exit-cause-text.ts';

/** Below a list, a line for each worker that does not run as it should: why, and what eco does about it. */
export function formatTroubles(apps: readonly ObservedApp[]): readonly string[] {
  return apps.flatMap(({ name, workers }) =>
    workers.filter(({ phase }) => phase === 'backing-off' || phase === 'failed').map((worker) => trouble(name, worker)),
  );
}

function trouble(name: string, worker: ObservedWorker): string {
  const { instance, lastExit } = worker;
  const cause = lastExit === null ? 'ended' : exitCauseText(lastExit);
  return `${printable(name)}:${instance}  ${[cause, ...whatFollows(worker)].join(', ')}`;
}

/** After an end that nobody asked for; nothing of a worker that runs. */
export function whatFollows({ phase, restartsInSeries = 0, retryIn }: ObservedWorker): readonly string[] {
  if (phase === 'failed') return ['not started again'];
  if (phase !== 'backing-off' || retryIn === null) return [];
  const row = restartsInSeries < 2 ? [] : [`${restartsInSeries} restarts in a row`];
  return [...row, `next attempt in ${formatDuration(retryIn)}`];
}
