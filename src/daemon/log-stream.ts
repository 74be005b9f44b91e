import type { JsonStream } from '../platform/http-server.ts';
import type { LogLedger } from '../platform/log-ledger.ts';
import { LogCursor } from '../platform/log-reading.ts';
import type { LogQuery } from '../protocol/control.ts';
import { followLogs } from './log-follow.ts';
import { mergeByTime, pastLines } from './log-past.ts';
import type { LogSource } from './log-sources.ts';

export interface LogStreamOptions {
  readonly ledger: LogLedger;
  readonly stream: JsonStream;
  /** As they are now. */
  readonly sources: () => readonly LogSource[];
  /** Calls back when there may be others. */
  readonly onChange: (listener: () => void) => void;
}

/** The last lines of the chosen logs in the order of time, then what is appended to them, until the client goes. */
export async function streamLogs(query: LogQuery, options: LogStreamOptions): Promise<void> {
  const { ledger, stream, sources } = options;
  const ends = await Promise.all(
    sources().map(async (source) => {
      const end = ledger.end(source.file);
      // A line that is being written is told once it is whole.
      return { source, end: query.follow ? await new LogCursor(ledger, source.file).endOfLine(end) : end };
    }),
  );
  const logs = ends.map(({ source, end }) => pastLines(ledger, source, { filter: query, end }));
  for await (const { line } of mergeByTime(logs)) {
    if (stream.signal.aborted) return;
    stream.send(line);
    await stream.drained();
  }
  if (query.follow) await followLogs(query, options, new Map(ends.map(({ source, end }) => [source.file, end])));
}
