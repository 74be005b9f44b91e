import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { PreloadOrders } from '../protocol/worker.ts';

const LONGEST_WINDOW = 250;
/** Of a window's time, in which the loop works. */
const MOST_WORK = 0.5;
const WINDOWS_OF_REST = 2;
/** A program that always works has started as well. */
const LONGEST_WAIT = 5000;

/**
 * Modules, ES modules above all, are loaded over many turns of the event loop: only then does a server begin to listen.
 * The windows are short enough to tell of rest within half of `minReady`, which is the earliest that it can matter.
 */
export function reportRest(
  send: (message: { readonly type: 'rested' }) => void,
  { minReady }: Pick<PreloadOrders, 'minReady'>,
): void {
  const window = Math.min(LONGEST_WINDOW, minReady / (2 * WINDOWS_OF_REST));
  const start = performance.now();
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  let restful = 0;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    restful = utilization < MOST_WORK ? restful + 1 : 0;
    if (restful < WINDOWS_OF_REST && performance.now() - start < LONGEST_WAIT) return;
    clearInterval(timer);
    send({ type: 'rested' });
  }, window);
  timer.unref();
}
