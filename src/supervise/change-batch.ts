import { seconds, type Instant, type Milliseconds } from '../domain/time.ts';

/** Changes of files that are answered together, once they have come to rest. */
export interface ChangeBatch {
  readonly paths: ReadonlySet<string>;
  readonly first: Instant;
  readonly last: Instant;
}

/** Changes that never come to rest are answered all the same. */
const LONGEST_BATCH: Milliseconds = seconds(10);

export function withChange(batch: ChangeBatch | null, path: string, now: Instant): ChangeBatch {
  if (batch === null) return { paths: new Set([path]), first: now, last: now };
  return { paths: new Set([...batch.paths, path]), first: batch.first, last: now };
}

/** `rest`: without a change for this long, the changes are complete. */
export function dueAt({ first, last }: ChangeBatch, { rest }: { readonly rest: Milliseconds }): Instant {
  return Math.min(last + rest, first + Math.max(LONGEST_BATCH, rest));
}
