import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import type { HttpStats, Latency, StatusClass } from '../domain/worker-stats.ts';

/** Counts the answers of this process's HTTP/1 servers, as long as it is open. */
export interface HttpMeter {
  readonly open: () => void;
  readonly close: () => void;
  /** Since it was asked last, of the time in which it was open; what it said last if that was too short to tell. */
  readonly take: () => HttpStats | null;
}

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const satisfies readonly StatusClass[];
const SHORTEST_SPAN = 100;
/** Latencies are counted in steps of a fourth of a power of two, from 0.05 ms on: none is off by more than a tenth. */
const FIRST_STEP = 0.05;
const STEPS_PER_DOUBLING = 4;
const STEPS = 96;

/** On the answer itself: to look each up in a map would cost several times as much. */
const STARTED = Symbol('eco.started');
type Answer = ServerResponse & { [STARTED]?: number };

export function httpMeter(): HttpMeter {
  const latencies = new Uint32Array(STEPS);
  const statuses = new Uint32Array(CLASSES.length);
  let openedAt: number | undefined;
  let span = 0;
  let last: HttpStats | null = null;

  const finished = guarded(({ response }) => {
    countIn(statuses, Math.trunc(response.statusCode / 100) - 1);
    const began = response[STARTED];
    if (began !== undefined) countIn(latencies, stepOf(performance.now() - began));
  });
  const stopClock = (): void => {
    if (openedAt !== undefined) span += performance.now() - openedAt;
    openedAt = openedAt === undefined ? undefined : performance.now();
  };
  return {
    open: () => {
      if (openedAt !== undefined) return;
      openedAt = performance.now();
      subscribe('http.server.request.start', started);
      subscribe('http.server.response.finish', finished);
    },
    close: () => {
      stopClock();
      openedAt = undefined;
      unsubscribe('http.server.request.start', started);
      unsubscribe('http.server.response.finish', finished);
    },
    take: () => {
      stopClock();
      if (span < SHORTEST_SPAN) return last;
      const total = statuses.reduce((sum, count) => sum + count, 0);
      if (total > 0 || last !== null) last = statsOf(statuses, latencies, span);
      statuses.fill(0);
      latencies.fill(0);
      span = 0;
      return last;
    },
  };
}

function countIn(counts: Uint32Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

const started = guarded(({ response }) => {
  response[STARTED] = performance.now();
});

/** An exception in here would become the app's uncaughtException. */
function guarded(listener: (message: { readonly response: Answer }) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as { readonly response: Answer });
    } catch {
      // One answer is not counted.
    }
  };
}

function statsOf(statuses: Uint32Array, latencies: Uint32Array, span: number): HttpStats {
  const perSecond = (count: number): number => Math.round((10_000 * count) / span) / 10;
  const byClass = CLASSES.map((name, index) => [name, perSecond(statuses[index] ?? 0)] as const);
  return {
    requestsPerSecond: perSecond(statuses.reduce((sum, count) => sum + count, 0)),
    statusesPerSecond: Object.fromEntries(byClass) as Record<StatusClass, number>,
    latency: latencyOf(latencies),
  };
}

function latencyOf(latencies: Uint32Array): Latency | null {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const quantile = (share: number): number => {
    let rest = Math.ceil(total * share);
    const step = latencies.findIndex((count) => (rest -= count) <= 0);
    return Math.round(100 * FIRST_STEP * 2 ** ((step + 0.5) / STEPS_PER_DOUBLING)) / 100;
  };
  return { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

function stepOf(latency: number): number {
  const step = Math.trunc(Math.log2(Math.max(latency, FIRST_STEP) / FIRST_STEP) * STEPS_PER_DOUBLING);
  return Math.min(step, STEPS - 1);
}
