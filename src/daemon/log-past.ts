import type { Timestamp } from '../domain/time.ts';
import type { LogLedger } from '../platform/log-ledger.ts';
import { LogCursor, type LogText } from '../platform/log-reading.ts';
import type { LogQuery, ToldLine } from '../protocol/control.ts';
import type { LogSource } from './log-sources.ts';

/** What of a log is wanted. */
export type LogFilter = Pick<LogQuery, 'lines' | 'since' | 'grep'>;

/** A line with the time that puts it in order among the lines of other logs, which may be a guess. */
export interface TimedLine {
  readonly line: ToldLine;
  readonly order: Timestamp;
}

/** Makes lines of one log, and says which are wanted. */
export function lineMaker(ledger: LogLedger, source: LogSource, { grep, since }: Omit<LogFilter, 'lines'>) {
  const { app, instance, file, read } = source;
  const pattern = grep === null ? null : new RegExp(grep);
  const stream = source.stream === 'err' ? 'err' : 'out';
  const make = ({ position, text, end }: LogText): TimedLine => {
    const { message, at } = read(text);
    const seen = at === null ? ledger.timeOf(file, position) : { at, exact: true };
    const line = { project: app.project, app: app.name, instance, stream, line: text, message, file, end } as const;
    return { line: { ...line, at: seen.exact ? seen.at : null }, order: seen.at };
  };
  const isWanted = ({ line, order }: TimedLine): boolean =>
    (since === null || order >= since) && (pattern === null || pattern.test(line.message));
  return { make, isWanted };
}

export interface PastLog {
  /** Where the first wanted line begins. */
  readonly start: number;
  /** The wanted lines, oldest first. */
  readonly lines: AsyncGenerator<TimedLine>;
}

/** What is wanted of one log among the lines that begin before `end`. */
export async function pastLog(
  ledger: LogLedger,
  source: LogSource,
  { filter, end }: { readonly filter: LogFilter; readonly end: number },
): Promise<PastLog> {
  const cursor = new LogCursor(ledger, source.file);
  const maker = lineMaker(ledger, source, filter);
  const start = await firstWanted(cursor, { end, filter, ...maker });
  return { start, lines: wantedLines(cursor, { start, end, ...maker }) };
}

interface Span extends ReturnType<typeof lineMaker> {
  readonly start: number;
  readonly end: number;
}

async function* wantedLines(cursor: LogCursor, { start, end, make, isWanted }: Span): AsyncGenerator<TimedLine> {
  let order = 0;
  for await (const { lines, partial } of cursor.forward(start, end)) {
    for (const text of partial === null ? lines : [...lines, partial]) {
      const made = make(text);
      // What follows in the file was written later, whatever the clock of the app said.
      order = Math.max(order, made.order);
      if (isWanted(made)) yield { ...made, order };
    }
  }
}

interface Search extends ReturnType<typeof lineMaker> {
  readonly end: number;
  readonly filter: LogFilter;
}

/** Where to begin, found from the end backwards, so that a long log costs no more than a short one. */
async function firstWanted(cursor: LogCursor, { end, filter, make, isWanted }: Search): Promise<number> {
  const { lines, since } = filter;
  let first = end;
  let found = 0;
  if (lines === 0) return end;
  for await (const text of cursor.backward(end)) {
    const made = make(text);
    if (since !== null && made.order < since) break;
    if (!isWanted(made)) continue;
    first = text.position;
    found += 1;
    if (found === lines) break;
  }
  return first;
}

/** All logs as one, in the order of time; equal times in the order of the logs. */
export async function* mergeByTime(logs: readonly AsyncGenerator<TimedLine>[]): AsyncGenerator<TimedLine> {
  const heads = await Promise.all(logs.map(async (log) => ({ log, next: await log.next() })));
  for (;;) {
    const open = heads.filter(({ next }) => next.done !== true);
    const [first, ...others] = open;
    if (first === undefined) return;
    const earliest = others.reduce((a, b) => (orderOf(b) < orderOf(a) ? b : a), first);
    if (earliest.next.done !== true) yield earliest.next.value;
    earliest.next = await earliest.log.next();
  }
}

function orderOf({ next }: { readonly next: IteratorResult<TimedLine> }): Timestamp {
  return next.done === true ? Infinity : next.value.order;
}
