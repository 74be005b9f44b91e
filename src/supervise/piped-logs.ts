import { EMPTY, splitLines } from '../platform/lines.ts';
import type { LogPort } from './ports.ts';

/** Of each file that is none, how many lines are kept for reports and probes. */
const KEPT_LINES = 5000;
/** A line that is longer is passed on in parts. */
const LONGEST_LINE = 1 << 16;

interface KeptLog {
  /** Bytes that were written so far. */
  size: number;
  /** The last lines, each with the position of its end. */
  readonly lines: { readonly text: string; readonly end: number }[];
}

/** Takes what one process writes to one of its streams. */
export interface LogSink {
  readonly write: (bytes: Buffer) => void;
  readonly end: () => void;
}

/** Logs that are no files: what workers write comes as lines, and the last ones are kept for reports and probes. */
export class PipedLogs implements LogPort {
  readonly #logs = new Map<string, KeptLog>();

  /** Calls back with each whole line, and at the end with what has no line end. */
  sink(file: string, onLine: (line: string) => void): LogSink {
    const log = this.#logOf(file);
    let rest = EMPTY;
    const take = (line: string): void => {
      log.size += Buffer.byteLength(line) + 1;
      log.lines.push({ text: line, end: log.size });
      if (log.lines.length > KEPT_LINES) log.lines.splice(0, log.lines.length - KEPT_LINES);
      onLine(line);
    };
    const flush = (): void => {
      if (rest.length > 0) take(rest.toString('utf8'));
      rest = EMPTY;
    };
    return {
      write: (bytes) => {
        rest = splitLines(Buffer.concat([rest, bytes]), take);
        if (rest.length > LONGEST_LINE) flush();
      },
      end: flush,
    };
  }

  endOf(file: string | null): number {
    return file === null ? 0 : this.#logOf(file).size;
  }

  lastLines(file: string, count: number, { start }: { readonly start: number }): readonly string[] {
    return count === 0 ? [] : this.#since(file, start).slice(-count);
  }

  reader(file: string, onLine: (line: string) => void, { from }: { readonly from: number }): () => void {
    let position = from;
    return () => {
      const lines = this.#since(file, position);
      position = this.#logOf(file).size;
      for (const line of lines) onLine(line);
    };
  }

  #since(file: string, start: number): readonly string[] {
    return this.#logOf(file)
      .lines.filter(({ end }) => end > start)
      .map(({ text }) => text);
  }

  #logOf(file: string): KeptLog {
    const known = this.#logs.get(file);
    if (known !== undefined) return known;
    const log: KeptLog = { size: 0, lines: [] };
    this.#logs.set(file, log);
    return log;
  }
}
