import { createReadStream, createWriteStream, existsSync, readdirSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isMissing } from './file-errors.ts';

/** Older lines of a log file, beside it: `<path>.<number>`, with `.gz` if compressed. Positions count as in the log. */
export interface LogArchive {
  /** Higher is newer. */
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly compressed: boolean;
}

export interface ByteSpan {
  readonly from: number;
  readonly to: number;
}

const COPY_CHUNK = 1 << 20;
const NEWLINE = 10;

export function archivePath(path: string, { number, compressed }: Pick<LogArchive, 'number' | 'compressed'>): string {
  return `${path}.${number}${compressed ? '.gz' : ''}`;
}

/** An archive that is not yet one. */
export function partPath(path: string, number: number): string {
  return `${path}.${number}.part`;
}

/** Above every number that is taken, be it by an archive or by somebody else's file. */
export function freeArchiveNumber(path: string): number {
  const taken = namesBeside(path).flatMap((rest) => /^\.(\d+)(\.gz|\.part)?$/.exec(rest)?.[1] ?? []);
  return Math.max(0, ...taken.map(Number)) + 1;
}

/** Copies a part of the file, so that it survives a power cut, under a name that does not count yet. */
export async function writePart(path: string, number: number, span: ByteSpan): Promise<void> {
  const from = await open(path, 'r');
  try {
    const to = await open(partPath(path, number), 'w', 0o600);
    try {
      await copyBytes(from, to, span);
      await to.datasync();
    } finally {
      await to.close();
    }
  } catch (error) {
    await rm(partPath(path, number), { force: true });
    throw error;
  } finally {
    await from.close();
  }
}

async function copyBytes(from: FileHandle, to: FileHandle, span: ByteSpan): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(COPY_CHUNK, Math.max(1, span.to - span.from)));
  for (let at = span.from; at < span.to;) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, span.to - at), at);
    if (bytesRead === 0) throw new Error('the file became shorter while it was copied');
    await to.writeFile(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Now it counts; nothing if it did already. */
export async function keepPart(path: string, number: number): Promise<void> {
  await rename(partPath(path, number), archivePath(path, { number, compressed: false })).catch(ignoreMissing);
}

/** What a rotation left behind that ended before its parts counted. */
export function removeParts(path: string): Promise<void> {
  return removeBeside(path, /^\.\d+\.part$/);
}

/** What a daemon left behind that died while it compressed. */
export function removeHalfCompressed(path: string): Promise<void> {
  return removeBeside(path, /^\.\d+\.gz\.part$/);
}

async function removeBeside(path: string, ending: RegExp): Promise<void> {
  for (const rest of namesBeside(path).filter((rest) => ending.test(rest))) await rm(`${path}${rest}`, { force: true });
}

/** Both forms: it may have died between making the one and removing the other. */
export async function removeArchive(path: string, { number }: Pick<LogArchive, 'number'>): Promise<void> {
  for (const compressed of [true, false]) await rm(archivePath(path, { number, compressed }), { force: true });
}

/** Makes the gzipped form, which is there only once it is whole, beside the plain one. */
export async function compressArchive(path: string, number: number): Promise<void> {
  const plain = archivePath(path, { number, compressed: false });
  const whole = archivePath(path, { number, compressed: true });
  const part = `${whole}.part`;
  try {
    await pipeline(createReadStream(plain), createGzip(), createWriteStream(part, { mode: 0o600, flush: true }));
    await rename(part, whole);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

export function isCompressed(path: string, number: number): boolean {
  return existsSync(archivePath(path, { number, compressed: true }));
}

export async function removePlain(path: string, number: number): Promise<void> {
  await rm(archivePath(path, { number, compressed: false }), { force: true });
}

/** The end of the last whole line in the span; null if it has none. */
export async function lastLineEnd(path: string, { from, to }: ByteSpan): Promise<number | null> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(1 << 16);
    for (let end = to; end > from;) {
      const begin = Math.max(from, end - buffer.length);
      const { bytesRead } = await file.read(buffer, 0, end - begin, begin);
      const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      if (newline >= 0) return begin + newline + 1;
      end = begin;
    }
    return null;
  } finally {
    await file.close();
  }
}

/** What follows the file's own name in the names of its neighbours. */
function namesBeside(path: string): readonly string[] {
  try {
    const own = basename(path);
    return readdirSync(join(dirname(path)))
      .filter((name) => name.startsWith(`${own}.`))
      .map((name) => name.slice(own.length));
  } catch {
    return [];
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
