import type { JsonStream } from '../platform/http-server.ts';
import type { LogLedger } from '../platform/log-ledger.ts';
import { LogCursor } from '../platform/log-reading.ts';
import type { Timestamp } from '../domain/time.ts';
import type { LogQuery } from '../protocol/control.ts';
import { followLogs } from './log-follow.ts';
import { mergeByTime, pastLog } from './log-past.ts';
import type { LogSource } from './log-sources.ts';

export interface LogStreamOptions {
  readonly ledger: LogLedger;
  readonly stream: JsonStream;
  readonly now: () => Timestamp;
  /** As they are now. */
  readonly sources: () => readonly LogSource[];
  /** Calls back when there may be others. */
  readonly onChange: (listener: () => void) => void;
}

/** The last lines of the chosen logs in the order of time, then what is appended to them, until the client goes. */
export async function streamLogs(query: LogQuery, options: LogStreamOptions): Promise<void> {
  if (query.resume !== null) return followLogs(query, options, query.resume);
  const { stream, sources, now } = options;
  const began = now();
  const logs = await Promise.all(sources().map((source) => openLog(query, options, source)));
  const places = (of: 'start' | 'end') => ({
    began,
    places: Object.fromEntries(logs.map((log) => [log.file, log[of]])),
  });
  if (query.follow) stream.send(places('start'));
  for await (const { line } of mergeByTime(logs.map(({ lines }) => lines))) {
    if (stream.signal.aborted) return;
    stream.send(line);
    await stream.drained();
  }
  if (query.follow) await followLogs(query, options, places('end'));
}

async function openLog(query: LogQuery, { ledger }: LogStreamOptions, source: LogSource) {
  const known = ledger.end(source.file);
  // A line that is being written is told once it is whole.
  const end = query.follow ? await new LogCursor(ledger, source.file).endOfLine(known) : known;
  return { file: source.file, end, ...(await pastLog(ledger, source, { filter: query, end })) };
}
