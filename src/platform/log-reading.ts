import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { archivePath, type LogArchive } from './log-archive.ts';
import type { LogLedger } from './log-ledger.ts';

const CHUNK = 1 << 16;
/** Of one log, at most this much is read to find its last lines. */
const TAIL_BYTES = 1 << 20;
const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);
const unzip = promisify(gunzip);

/** The last lines from `start` on, oldest first, without their line ends; gzipped archives are left out. */
export function lastLogLines(
  ledger: LogLedger,
  path: string,
  { count, start }: { readonly count: number; readonly start: number },
): readonly string[] {
  const end = ledger.end(path);
  const parts: Buffer[] = [];
  for (let at = Math.max(start > end ? 0 : start, end - TAIL_BYTES); at < end;) {
    const chunk = ledger.read(path, at, TAIL_BYTES);
    if (chunk.type === 'compressed') at = chunk.archive.to;
    else if (chunk.bytes.length === 0) break;
    else {
      parts.push(chunk.bytes);
      at = chunk.at + chunk.bytes.length;
    }
  }
  const lines = Buffer.concat(parts).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return count === 0 ? [] : lines.slice(-count);
}

/** Each call of what it answers calls back with the whole lines that were written since the one before. */
export function logReader(
  ledger: LogLedger,
  path: string,
  { from, onLine }: { readonly from: number; readonly onLine: (line: string) => void },
): () => void {
  let position = from;
  let rest: Buffer = NOTHING;
  return () => {
    const end = ledger.end(path);
    if (position > end) position = 0;
    while (position < end) {
      const chunk = ledger.read(path, position, CHUNK);
      if (chunk.type === 'bytes' && chunk.bytes.length === 0) return;
      const at = chunk.type === 'bytes' ? chunk.at : chunk.archive.to;
      if (at !== position) rest = NOTHING;
      position = at;
      if (chunk.type === 'compressed') continue;
      position += chunk.bytes.length;
      const { lines, rest: partial } = splitLines(Buffer.concat([rest, chunk.bytes]), 0);
      for (const { text } of lines) onLine(text);
      rest = partial;
    }
  };
}

export interface LogText {
  /** Of its first byte. */
  readonly position: number;
  /** Without its line end. */
  readonly text: string;
  /** The position behind its line end. */
  readonly end: number;
}

export interface LogBatch {
  readonly lines: readonly LogText[];
  /** Behind the last of them. */
  readonly end: number;
  /** What stands behind them, without a line end, where nothing more is to be read. */
  readonly partial: LogText | null;
}

/** Reads one log, also what is gzipped, in either direction. */
export class LogCursor {
  readonly #ledger: LogLedger;
  readonly #path: string;
  #unzipped: { readonly number: number; readonly bytes: Buffer } | null = null;

  constructor(ledger: LogLedger, path: string) {
    this.#ledger = ledger;
    this.#path = path;
  }

  /** Lines that begin before `end`, the last one first; the first of them perhaps without its line end. */
  async *backward(end: number): AsyncGenerator<LogText> {
    const oldest = this.#ledger.oldest(this.#path);
    let carry: Buffer = NOTHING;
    for (let to = end; to > oldest;) {
      const from = Math.max(oldest, to - CHUNK);
      const { at, bytes } = await this.#range(from, to);
      const whole = Buffer.concat([bytes, carry]);
      to = from;
      const atLineStart = at > from || from === oldest;
      const head = atLineStart ? 0 : whole.indexOf(NEWLINE) + 1;
      carry = atLineStart || head > 0 ? whole.subarray(0, head) : whole;
      if (carry === whole) continue;
      const { lines, rest, restAt } = splitLines(whole.subarray(head), at + head);
      if (rest.length > 0) yield { position: restAt, text: rest.toString('utf8'), end: restAt + rest.length };
      yield* lines.toReversed();
    }
  }

  /** Lines from `start` on, in batches as they are read. The last one has an end only if it does before `end`. */
  async *forward(start: number, end: number): AsyncGenerator<LogBatch> {
    let position = start;
    let rest: Buffer = NOTHING;
    while (position < end) {
      const { at, bytes } = await this.#next(position, Math.min(CHUNK, end - position));
      if (bytes.length === 0) return;
      if (at !== position) rest = NOTHING;
      const split = splitLines(Buffer.concat([rest, bytes]), at - rest.length);
      rest = split.rest;
      position = at + bytes.length;
      const atEnd = position >= end && rest.length > 0;
      const partial = atEnd ? { position: split.restAt, text: rest.toString('utf8'), end: position } : null;
      yield { lines: split.lines, end: split.restAt, partial };
    }
  }

  /** Behind the last line that ends before this position. */
  async endOfLine(before: number): Promise<number> {
    const oldest = this.#ledger.oldest(this.#path);
    for (let to = before; to > oldest;) {
      const from = Math.max(oldest, to - CHUNK);
      const { at, bytes } = await this.#range(from, to);
      const newline = bytes.lastIndexOf(NEWLINE);
      if (newline >= 0) return at + newline + 1;
      to = from;
    }
    return Math.min(before, oldest);
  }

  /** As much as there is at this position, up to `limit` bytes; empty at the end. */
  async #next(position: number, limit: number): Promise<{ readonly at: number; readonly bytes: Buffer }> {
    const chunk = this.#ledger.read(this.#path, position, limit);
    if (chunk.type === 'bytes') return chunk;
    const at = Math.max(position, chunk.archive.from);
    const offset = at - chunk.archive.from;
    const bytes = (await this.#unzip(chunk.archive)).subarray(offset, offset + limit);
    return bytes.length > 0 ? { at, bytes } : this.#next(chunk.archive.to, limit);
  }

  /** The end of the range without a gap. */
  async #range(from: number, to: number): Promise<{ readonly at: number; readonly bytes: Buffer }> {
    let first = from;
    let parts: Buffer[] = [];
    for (let position = from; position < to;) {
      const { at, bytes } = await this.#next(position, to - position);
      if (at !== position) {
        first = Math.min(at, to);
        parts = [];
      }
      if (bytes.length === 0 || at >= to) break;
      parts.push(bytes.subarray(0, to - at));
      position = at + bytes.length;
    }
    return { at: first, bytes: Buffer.concat(parts) };
  }

  async #unzip(archive: LogArchive): Promise<Buffer> {
    if (this.#unzipped?.number === archive.number) return this.#unzipped.bytes;
    const bytes = await readFile(archivePath(this.#path, archive)).then(unzip, () => NOTHING);
    this.#unzipped = { number: archive.number, bytes };
    return bytes;
  }
}

/** `at`: the position of the first byte. */
function splitLines(
  bytes: Buffer,
  at: number,
): { readonly lines: readonly LogText[]; readonly rest: Buffer; readonly restAt: number } {
  const lines: LogText[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push({ position: at + start, text: bytes.toString('utf8', start, end), end: at + end + 1 });
    start = end + 1;
  }
  return { lines, rest: bytes.subarray(start), restAt: at + start };
}
