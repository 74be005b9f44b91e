import type { ObservedWorker } from '../../domain/worker-state.ts';
import type { WorkerStats } from '../../domain/worker-stats.ts';
import { formatBytes } from '../../reconcile/format-bytes.ts';
import { formatTable } from './table.ts';

const COLUMNS = ['instance', 'event loop', 'heap', 'handles', 'requests', 'errors', 'p50', 'p95', 'p99'];

/** What Node workers say of themselves; nothing for programs that say nothing. */
export function formatStatistics(workers: readonly ObservedWorker[]): readonly string[] {
  const rows = workers.flatMap(({ instance, stats = null }) => (stats === null ? [] : [row(instance, stats)]));
  return rows.length === 0 ? [] : formatTable([COLUMNS, ...rows]);
}

function row(instance: number, stats: WorkerStats): readonly string[] {
  const { eventLoopUtilization, heapUsedBytes, heapTotalBytes, activeHandles, http } = stats;
  const { p50, p95, p99 } = http?.latency ?? { p50: null, p95: null, p99: null };
  return [
    `${instance}`,
    `${(eventLoopUtilization * 100).toFixed(1)} % busy`,
    `${formatBytes(heapUsedBytes)} of ${formatBytes(heapTotalBytes)}`,
    `${activeHandles}`,
    perSecond(http?.requestsPerSecond),
    perSecond(http?.statusesPerSecond['5xx']),
    ...[p50, p95, p99].map((latency) => (latency === null ? '–' : `${latency} ms`)),
  ];
}

function perSecond(count: number | undefined): string {
  return count === undefined ? '–' : `${count}/s`;
}
