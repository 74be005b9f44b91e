import type { LogLedger } from '../platform/log-ledger.ts';
import { lastLogLines, logReader } from '../platform/log-reading.ts';
import type { LogPort } from './ports.ts';

/** Logs that are files, with what was rotated out of them. */
export function fileLogs(ledger: LogLedger): LogPort {
  return {
    endOf: (file) => ledger.end(file),
    lastLines: (file, count, { start }) => lastLogLines(ledger, file, { count, start }),
    reader: (file, onLine, { from }) => logReader(ledger, file, { onLine, from }),
  };
}
