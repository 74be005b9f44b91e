import type { Timestamp } from './time.ts';

/** When a log was seen to end where. */
export interface LogMark {
  /** A position in the log, in bytes. */
  readonly end: number;
  readonly at: Timestamp;
  /** It was watched while it grew; if not, what lies before `end` may be any older. */
  readonly watched: boolean;
}

export interface LogTime {
  readonly at: Timestamp;
  readonly exact: boolean;
}

const MOST_MARKS = 256;

/** Marks in rising order, with one more. Beyond a number every second one is forgotten: times get coarser, none is lost. */
export function withMark(marks: readonly LogMark[], mark: LogMark): readonly LogMark[] {
  const last = marks.at(-1);
  if (last !== undefined && mark.end <= last.end) return marks;
  const all = [...marks, mark];
  return all.length > MOST_MARKS ? all.filter((_, index) => (all.length - index) % 2 === 1) : all;
}

/** When the byte at this position was written: by then it was there. null: after the last mark. */
export function timeOf(marks: readonly LogMark[], position: number): LogTime | null {
  const mark = marks.find(({ end }) => end > position);
  return mark === undefined ? null : { at: mark.at, exact: mark.watched };
}
