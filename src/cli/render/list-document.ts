import { appStatus, readyCount, type ObservedApp } from '../../domain/observed-state.ts';
import type { ObservedWorker } from '../../domain/worker-state.ts';
import type { WorkerStats } from '../../domain/worker-stats.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { byCodeUnit } from '../../util/compare.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';

/** `eco list --json`. Published. */
export function listDocument(apps: readonly ObservedApp[]) {
  return { format_version: FORMAT_VERSION, apps: inOrder(apps).map(listedApp) } as const;
}

export function inOrder(apps: readonly ObservedApp[]): readonly ObservedApp[] {
  return [...apps].sort((a, b) => byCodeUnit(a.project, b.project) || byCodeUnit(a.name, b.name));
}

export function listedApp(app: ObservedApp) {
  const { name, project, spec, revision, workers, nextRun = null } = app;
  return {
    name,
    project,
    namespace: spec.namespace,
    status: appStatus(app),
    ready: readyCount(app),
    desired: spec.instances,
    revision,
    restarts: workers.reduce((total, { restarts }) => total + restarts, 0),
    next_run_at: nextRun === null ? null : new Date(nextRun).toISOString(),
    workers: workers.map((worker) => listedWorker(worker, revision)),
  };
}

function listedWorker(worker: ObservedWorker, revision: number) {
  const { instance, pid, phase, restarts, uptime, cpuPercent, memoryBytes, startedAt, current, managed } = worker;
  const { restartsInSeries = 0, lastExit, retryIn, retiring = null, unlimited = null, stats = null } = worker;
  return {
    instance,
    pid,
    status: phase,
    ready: phase === 'ready',
    managed,
    restarts,
    uptime_ms: uptime,
    cpu_percent: cpuPercent,
    memory_bytes: memoryBytes,
    started_at: startedAt === null ? null : new Date(startedAt).toISOString(),
    // Which of the earlier revisions an old worker is of, nobody has to know while it goes.
    revision: current ? revision : null,
    restarts_in_row: restartsInSeries,
    last_exit: withSnakeCaseKeys(lastExit),
    retry_in_ms: retryIn,
    retiring: withSnakeCaseKeys(retiring),
    unlimited,
    stats: stats === null ? null : statsDocument(stats),
  };
}

function statsDocument({ http, ...stats }: WorkerStats) {
  return {
    event_loop_utilization: stats.eventLoopUtilization,
    heap_used_bytes: stats.heapUsedBytes,
    heap_total_bytes: stats.heapTotalBytes,
    active_handles: stats.activeHandles,
    http:
      http === null
        ? null
        : {
            requests_per_second: http.requestsPerSecond,
            statuses_per_second: http.statusesPerSecond,
            latency_ms: http.latency,
          },
  };
}
