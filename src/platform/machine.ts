import { availableParallelism } from 'node:os';
import type { Milliseconds } from '../domain/time.ts';

/** The CPUs that this process may use: affinity and container limits counted. */
export function availableCpus(): number {
  return Math.max(1, availableParallelism());
}

/** Whether this Node runs TypeScript files by leaving out their types. */
export function stripsTypes(): boolean {
  return 'typescript' in process.features && Boolean(process.features.typescript);
}

/** `v20.19.0` */
export function nodeVersion(): string {
  return process.version;
}

/** The words of the command line, for configuration modules that are functions of them. */
export function commandLine(): readonly string[] {
  return process.argv.slice(2);
}

export type Settled<T> = { readonly type: 'settled'; readonly value: T } | { readonly type: 'timed-out' };

/** Keeps the process alive while it waits: an idle promise alone would let Node end early. Rejects as `promise` does. */
export async function settleWithin<T>(promise: Promise<T>, limit: Milliseconds): Promise<Settled<T>> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<Settled<T>>((resolve) => {
    timer = setTimeout(() => resolve({ type: 'timed-out' }), limit);
  });
  try {
    return await Promise.race([promise.then((value): Settled<T> => ({ type: 'settled', value })), expired]);
  } finally {
    clearTimeout(timer);
  }
}
