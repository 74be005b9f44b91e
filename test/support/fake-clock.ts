import { setImmediate } from 'node:timers/promises';
import type { Instant, Milliseconds } from '../../src/domain/time.ts';
import type { Clock } from '../../src/platform/clock.ts';

/** Time that passes only when a test says so; between two moments everything that is pending happens. */
export interface FakeClock extends Clock {
  readonly advance: (span: Milliseconds) => Promise<void>;
  /** Somebody sets the wall clock. */
  readonly jump: (span: Milliseconds) => void;
  /** How many timers are set. */
  readonly pending: () => number;
}

/** The wall clock is a day ahead, so that no test mistakes one for the other. */
const WALL_AHEAD = 86_400_000;

export function fakeClock(): FakeClock {
  let now: Instant = 0;
  let ahead = WALL_AHEAD;
  const timers = new Set<{ readonly due: Instant; readonly callback: () => void }>();
  const next = (until: Instant) => [...timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)[0];
  return {
    now: () => now,
    wallTime: () => now + ahead,
    after: (span, callback) => {
      const timer = { due: now + Math.max(0, span), callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance: async (span) => {
      const until = now + span;
      await everythingPending();
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.due);
        timer.callback();
        await everythingPending();
      }
      now = until;
    },
    jump: (span) => {
      ahead += span;
    },
    pending: () => timers.size,
  };
}

/** One event may bring about the next: a process ends, its tree is looked at, a new one is started. */
async function everythingPending(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await setImmediate();
}
