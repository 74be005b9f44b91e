import type { ProjectLock } from '../../domain/lock.ts';
import { err, type Result } from '../../domain/result.ts';
import type { Instant, Milliseconds } from '../../domain/time.ts';
import type { InterruptSignal } from '../../platform/interrupt.ts';
import type { CliContext } from '../context.ts';
import { REMIND } from './reminders.ts';

export interface PatienceOptions {
  /** How long to wait for a lock that somebody else has; absent: not at all. */
  readonly lockTimeout?: Milliseconds;
}

export interface Waiting {
  readonly lockTimeout: Milliseconds;
  /** Called at once, and again as long as it lasts. */
  readonly onWaiting: (lock: ProjectLock, waited: Milliseconds) => void;
}

export type Patiently = <T>(ask: () => Promise<Result<T>>) => Promise<Result<T>>;

const POLL: Milliseconds = 200;

/** Asks again for as long as the answer is that somebody else has the lock. One waiting for all that a command asks at once. */
export function patience(
  { clock, pause, onInterrupt }: Pick<CliContext, 'clock' | 'pause' | 'onInterrupt'>,
  { lockTimeout, onWaiting }: Waiting,
): Patiently {
  const began = clock.now();
  let remindAt: Instant = began;
  return async (ask) => {
    let interrupted: InterruptSignal | null = null;
    let ignore = (): void => {};
    try {
      for (let first = true; ; first = false) {
        const answer = await ask();
        if (answer.ok || answer.error.reason !== 'lock-held') return answer;
        const waited = clock.now() - began;
        if (waited >= lockTimeout) return answer;
        if (interrupted !== null) return err({ reason: 'interrupted', signal: interrupted });
        if (first) ignore = onInterrupt((signal) => (interrupted = signal));
        if (clock.now() >= remindAt) {
          onWaiting(answer.error.lock, waited);
          remindAt = clock.now() + REMIND;
        }
        await pause(Math.min(POLL, lockTimeout - waited));
      }
    } finally {
      ignore();
    }
  };
}
