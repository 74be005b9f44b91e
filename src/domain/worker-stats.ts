import type { Milliseconds } from './time.ts';

/** What a Node worker says of itself, over the time since it last did. */
export interface WorkerStats {
  /** The share of the time in which its event loop was busy, from 0 to 1. */
  readonly eventLoopUtilization: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Sockets, servers, timers and whatever else keeps its event loop alive. */
  readonly activeHandles: number;
  /** null until it has answered a request by HTTP/1. */
  readonly http: HttpStats | null;
}

export interface HttpStats {
  /** Answers that were sent in full. */
  readonly requestsPerSecond: number;
  /** Of these, by class of status; `5xx` are the app's errors. */
  readonly statusesPerSecond: Readonly<Record<StatusClass, number>>;
  /** From the head of the request to the end of the answer, within 10 %; null where there was no request. */
  readonly latency: Latency | null;
}

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

export interface Latency {
  readonly p50: Milliseconds;
  readonly p95: Milliseconds;
  readonly p99: Milliseconds;
}
