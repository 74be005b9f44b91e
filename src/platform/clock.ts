import type { Instant, Milliseconds, Timestamp } from '../domain/time.ts';

/** Time as an argument: the real one here, a fake one in tests. */
export interface Clock {
  readonly now: () => Instant;
  readonly wallTime: () => Timestamp;
  /** Calls back once, never before `span` is over. The timer does not keep the process alive. */
  readonly after: (span: Milliseconds, callback: () => void) => Timer;
}

export interface Timer {
  readonly cancel: () => void;
}

/** setTimeout fires at once for longer spans than this (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (span, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(span)), LONGEST_TIMEOUT));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Keeps the process alive meanwhile; ends early, as if the time were over, when the signal is aborted. */
export function wait(span: Milliseconds, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, span);
    signal?.addEventListener('abort', end);
  });
}
