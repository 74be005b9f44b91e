/** A span of time in milliseconds. */
export type Milliseconds = number;

/** A point on a monotonic clock, in milliseconds since an arbitrary origin of this process. Never stored, never sent. */
export type Instant = number;

/** A point on the wall clock, in milliseconds since the Unix epoch. For people and records, never for delays. */
export type Timestamp = number;

export function seconds(count: number): Milliseconds {
  return count * 1000;
}

export function minutes(count: number): Milliseconds {
  return seconds(count * 60);
}

export function after(now: Instant, span: Milliseconds): Instant {
  return now + span;
}

/** The first of the moments that will come; null if none will. */
export function earliest(moments: readonly (Instant | null)[]): Instant | null {
  const due = moments.filter((moment): moment is Instant => moment !== null && Number.isFinite(moment));
  return due.length === 0 ? null : Math.min(...due);
}
