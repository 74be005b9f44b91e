import { setTimeout } from 'node:timers/promises';

/** Between two looks at the world. */
const PERIOD = 25;

export interface EventuallyOptions {
  /** Milliseconds; 15 s unless told. */
  readonly within?: number;
}

/**
 * Looks until `check` neither throws nor answers false, and answers what it answered.
 * Fails with the last reason when the time is over.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { within = 15_000 }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const deadline = Date.now() + within;
  for (;;) {
    const outcome = await attempt(check);
    if ('value' in outcome) return outcome.value;
    if (Date.now() >= deadline) {
      throw new Error(`not within ${within} ms: ${outcome.problem.message}`, { cause: outcome.problem });
    }
    await setTimeout(PERIOD);
  }
}

async function attempt<T>(
  check: () => T | Promise<T>,
): Promise<{ readonly value: Exclude<T, false> } | { readonly problem: Error }> {
  try {
    const value = await check();
    if (value === false) return { problem: new Error(`not true: ${check.toString()}`) };
    return { value: value as Exclude<T, false> };
  } catch (error) {
    return { problem: error instanceof Error ? error : new Error(String(error)) };
  }
}
