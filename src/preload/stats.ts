import type { WorkerStats } from '../domain/worker-stats.ts';
import type { ControlLink } from './control-link.ts';
import { httpMeter, type HttpMeter } from './http-meter.ts';

const PERIOD = 10_000;
/** Of each period, how long a busy server's requests are counted. */
const WINDOW = 1000;
/** Up to so many requests per second to count all of them costs nothing that could be measured. */
const BUSY = 500;
/** How long who has asked is expected to ask again. */
const INTEREST = 3000;
const SHORTEST_SPAN = 200;

/** Tells the daemon what this process does: every ten seconds if there is something new to tell, and whenever it asks. */
export function installStats(link: ControlLink): void {
  const http = httpMeter();
  const take = statsTaker(http);
  let said: WorkerStats | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let reopening: NodeJS.Timeout | undefined;

  const say = (stats: WorkerStats): void => {
    said = stats;
    link.send({ type: 'stats', stats });
  };
  const count = (): void => {
    clearTimeout(reopening);
    http.open();
  };
  http.open();
  setInterval(() => {
    const stats = take();
    if (said === undefined || saysMore(stats, said)) say(stats);
    const watched = performance.now() - askedAt < INTEREST;
    if (watched || (stats.http?.requestsPerSecond ?? 0) <= BUSY) return count();
    http.close();
    reopening = setTimeout(count, PERIOD - WINDOW).unref();
  }, PERIOD).unref();
  link.onMessage(({ type }) => {
    if (type !== 'report') return;
    askedAt = performance.now();
    say(take());
    count();
  });
  link.onReconnect(() => say(take()));
}

/** What there is to say since it was asked last; the same again if that was just now. */
function statsTaker(http: Pick<HttpMeter, 'take'>): () => WorkerStats {
  let utilization = performance.eventLoopUtilization();
  let last: WorkerStats | undefined;
  let takenAt = performance.now();
  return () => {
    const now = performance.now();
    if (last !== undefined && now - takenAt < SHORTEST_SPAN) return last;
    const before = utilization;
    utilization = performance.eventLoopUtilization();
    const { heapUsed, heapTotal } = process.memoryUsage();
    takenAt = now;
    last = {
      eventLoopUtilization: round(performance.eventLoopUtilization(utilization, before).utilization),
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      activeHandles: process.getActiveResourcesInfo().length,
      http: http.take(),
    };
    return last;
  };
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}

/** What an idle process does changes too little to be worth the daemon's time. */
function saysMore(now: WorkerStats, before: WorkerStats): boolean {
  return (
    Math.abs(now.eventLoopUtilization - before.eventLoopUtilization) > 0.01 ||
    Math.abs(now.heapUsedBytes - before.heapUsedBytes) > 1 << 20 ||
    now.activeHandles !== before.activeHandles ||
    JSON.stringify(now.http) !== JSON.stringify(before.http)
  );
}
