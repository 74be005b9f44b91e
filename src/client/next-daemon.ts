import { seconds, type Milliseconds } from '../domain/time.ts';
import type { Failure } from '../domain/failure.ts';
import type { Result } from '../domain/result.ts';
import type { DaemonInfo } from '../protocol/control.ts';
import { systemClock, wait } from '../platform/clock.ts';

export interface NextDaemonOptions {
  readonly info: () => Promise<Result<DaemonInfo>>;
  readonly signal?: AbortSignal;
}

/** From the end of a daemon that was to be replaced until nobody is expected any more. */
const REPLACEMENT_TIMEOUT = seconds(15);
/** The same of a daemon that was there a moment ago, and of which nobody knows what became. */
const ABSENCE_TIMEOUT = seconds(3);
const POLL = 25;

/**
 * What is asked between two daemons is asked of the second: one that is about to end begins nothing, and then there is none for
 * a moment. Only what certainly was not begun is asked again.
 */
export async function askInTurn<T>(ask: () => Promise<Result<T>>, options: NextDaemonOptions): Promise<Result<T>> {
  for (;;) {
    const answer = await ask();
    if (answer.ok || !(await nextDaemon(answer.error, options))) return answer;
  }
}

/** Resolved with true once there is another daemon to ask. */
async function nextDaemon(failure: Failure, options: NextDaemonOptions): Promise<boolean> {
  if (failure.reason === 'daemon-ending') return answers({ ...options, not: failure.pid, within: REPLACEMENT_TIMEOUT });
  if (failure.reason === 'daemon-unreachable' && !failure.taken)
    return answers({ ...options, within: ABSENCE_TIMEOUT });
  return false;
}

interface Expected extends NextDaemonOptions {
  /** The one that is about to end; it may take its time. */
  readonly not?: number;
  readonly within: Milliseconds;
}

async function answers({ info, signal, not, within }: Expected): Promise<boolean> {
  let deadline = systemClock.now() + within;
  while (systemClock.now() < deadline) {
    if (signal?.aborted === true) return false;
    const found = await info();
    if (found.ok && found.value.pid !== not) return true;
    if (found.ok) deadline = systemClock.now() + within;
    await wait(POLL);
  }
  return false;
}
