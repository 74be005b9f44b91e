/** A part of a log in memory, by position. */
export interface LogTail {
  readonly at: number;
  readonly bytes: Buffer;
}

/** Who follows a log is hardly ever further behind. */
export const TAIL_BYTES = 4 << 20;

/** Goes on with what is kept already where nothing is missing in between. */
export function tailFrom(
  kept: LogTail | null,
  { readable, end }: { readonly readable: number; readonly end: number },
): LogTail {
  if (kept !== null && kept.at + kept.bytes.length >= readable) return kept;
  return { at: Math.max(readable, end - TAIL_BYTES), bytes: Buffer.alloc(0) };
}

export function shortened({ at, bytes }: LogTail): LogTail {
  const surplus = Math.max(0, bytes.length - TAIL_BYTES);
  return { at: at + surplus, bytes: bytes.subarray(surplus) };
}

/** null if it does not hold this position. */
export function bytesAt({ at, bytes }: LogTail, position: number, limit: number): Buffer | null {
  const from = position - at;
  return from >= 0 && from < bytes.length ? bytes.subarray(from, from + limit) : null;
}
