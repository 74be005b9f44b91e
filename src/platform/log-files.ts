import { appendFileSync, closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

/** Of one file, at most this much is read to find its last lines. */
const TAIL_BYTES = 1 << 20;

/** Bytes; 0 for a file that is missing or null. */
export function fileSize(path: string | null): number {
  if (path === null) return 0;
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** The last lines within the range, oldest first, without their line ends; empty if there is no such file. */
export function lastLines(path: string, count: number, range: ByteRange = {}): readonly string[] {
  const { start = 0, end = fileSize(path) } = range;
  const from = Math.max(start > end ? 0 : start, end - TAIL_BYTES);
  const lines = readRange(path, from, end).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return count === 0 ? [] : lines.slice(-count);
}

/** Counted in bytes; `end` is exclusive. Without them the whole file. */
export interface ByteRange {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** Appends a line; past `limit` bytes the file becomes `<path>.1` and a new one begins. */
export function appendLine(path: string, line: string, limit: number): void {
  if (fileSize(path) > limit) renameSync(path, `${path}.1`);
  appendFileSync(path, `${line}\n`, { mode: 0o600 });
}

function readRange(path: string, from: number, to: number): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const length = Math.min(to, fstatSync(fd).size) - from;
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, TAIL_BYTES)));
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
