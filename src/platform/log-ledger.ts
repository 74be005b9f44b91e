import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { timeOf, withMark, type LogMark, type LogTime } from '../domain/log-times.ts';
import type { Timestamp } from '../domain/time.ts';
import { readJsonFolder, removeFile, writeJsonFile, writeJsonFileDurably } from './json-file.ts';
import { archivePath, partPath, type LogArchive } from './log-archive.ts';
import { hasToken, type CutMethod } from './log-cut.ts';
import { bytesAt, shortened, TAIL_BYTES, tailFrom, type LogTail } from './log-tail.ts';

/**
 * A log file as a stream of bytes that is only ever appended to. A *position* counts from the first byte that the file
 * ever held, so that it means the same before and after a rotation; an *offset* counts within the file as it is.
 *
 * ```
 * positions  0        archives[0].from      archives.at(-1).to = base + start            end
 *            ┊ forgotten ┊ archives …                        ┊ the live file from `start` on ┊
 * ```
 */
export interface LogDocument {
  readonly path: string;
  /** Another file under this path is another log, which goes on where this one ended. */
  readonly inode: number;
  /** The position of the file's first byte. */
  readonly base: number;
  /** The offset of the first byte that no archive has: what is before it is the rest of a block, or a hole. */
  readonly start: number;
  /** Oldest first. */
  readonly archives: readonly LogArchive[];
  /** What is being done to the file; a daemon that finds it does it again. */
  readonly cut: PendingCut | null;
}

export interface PendingCut {
  /** `marking`: the token may not be there yet. `cutting`: once it is gone, so are the bytes. */
  readonly phase: 'marking' | 'cutting';
  readonly method: CutMethod;
  readonly token: string;
  /** To go, from the beginning of the file. */
  readonly bytes: number;
}

export interface LiveLog {
  /** Positions. */
  readonly start: number;
  readonly end: number;
  /** The offset of `start`. */
  readonly offset: number;
  readonly device: number;
}

export type LogChunk =
  /** Empty at the end. `at` is behind the position that was asked for if that is no longer kept. */
  | { readonly type: 'bytes'; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'compressed'; readonly archive: LogArchive };

interface Entry {
  document: LogDocument;
  /** Whether it is on disk: files that were never rotated need none. */
  kept: boolean;
  /** The position at which the file was last seen to end. */
  seen: number;
  marks: readonly LogMark[];
  /** Who tells others what is added to it. */
  followers: number;
  /** The end of what was flushed, for followers that had not come so far. */
  tail: LogTail | null;
}

const NEVER_SEEN = 0;
const GONE = -1;

/** Raised when a document gets a form that an older eco would misread. */
const FORMAT_VERSION = 1;

/** What eco knows of the log files of this home; `rotations/` under it. */
export class LogLedger {
  readonly #folder: string;
  readonly #now: () => Timestamp;
  readonly #entries = new Map<string, Entry>();

  constructor(home: string, now: () => Timestamp) {
    this.#folder = join(home, 'rotations');
    this.#now = now;
    for (const [name, value] of readJsonFolder(this.#folder)) this.#load(name, value);
  }

  /** Of every file that was ever rotated and still has something to show for it. */
  documents(): readonly LogDocument[] {
    return [...this.#entries.values()].filter(({ kept }) => kept).map(({ document }) => document);
  }

  document(path: string): LogDocument {
    return this.#entry(path).document;
  }

  /** null if it is missing or no regular file. Remembers when it was seen to end where. */
  look(path: string): LiveLog | null {
    const entry = this.#entry(path);
    const seen = this.#lookAt(entry);
    if (seen === null) {
      // The next file of this path may get the very inode of this one.
      if (entry.document.inode !== NEVER_SEEN) entry.document = { ...entry.document, inode: GONE };
      return null;
    }
    const { stats } = seen;
    const base = this.#noticeStrangers(entry, stats, seen.base);
    const { document } = entry;
    const end = base + stats.size;
    this.#mark(entry, end, stats);
    const start = document.base + document.start;
    return { start, end, offset: document.start, device: stats.dev };
  }

  /** The position at which the log ends; 0 if nothing was ever written. */
  end(path: string | null): number {
    if (path === null) return 0;
    return this.look(path)?.end ?? this.#entry(path).seen;
  }

  /** The position of the first byte that is kept. */
  oldest(path: string): number {
    const { archives, base, start } = this.#entry(path).document;
    return archives[0]?.from ?? base + start;
  }

  /** When what stands at this position was written, as far as that is known. */
  timeOf(path: string, position: number): LogTime {
    return timeOf(this.#entry(path).marks, position) ?? { at: this.#now(), exact: true };
  }

  /** What stands at this position, or at the next one that is kept; at most `limit` bytes, fewer at a seam. */
  read(path: string, position: number, limit: number): LogChunk {
    const entry = this.#entry(path);
    const kept = entry.tail === null ? null : bytesAt(entry.tail, position, limit);
    if (kept !== null) return { type: 'bytes', at: position, bytes: kept };
    const archive = entry.document.archives.find(({ to }) => to > position);
    if (archive?.compressed === true) return { type: 'compressed', archive };
    if (archive !== undefined) {
      const at = Math.max(position, archive.from);
      const bytes = readArchive(path, archive, { at, limit });
      // An archive that somebody removed is passed over.
      return bytes.length > 0 ? { type: 'bytes', at, bytes } : this.read(path, archive.to, limit);
    }
    return this.#readLive(entry, position, limit);
  }

  /** Survives the daemon. */
  write(path: string, change: Partial<LogDocument>): void {
    writeJsonFile(this.#file(path), this.#changed(path, change), { flushed: false });
  }

  /** Survives a power cut too: for what must be known before the next thing is done. Holds at once for who reads here. */
  async writeDurably(path: string, change: Partial<LogDocument>): Promise<void> {
    const entry = this.#entry(path);
    const written = this.#changed(path, change);
    await writeJsonFileDurably(this.#file(path), written);
    // What was written meanwhile was of a newer state.
    if (entry.document !== written.value) this.write(path, {});
  }

  /** Before a log is flushed: what followers may not have told yet is kept for them. Answers where the log ends. */
  keepForFollowers(path: string): number {
    const entry = this.#entry(path);
    const end = this.end(path);
    if (entry.followers === 0) return end;
    const { archives } = entry.document;
    const readable = Math.max(this.oldest(path), archives.findLast(({ compressed }) => compressed)?.to ?? 0);
    const tail = tailFrom(entry.tail, { readable, end });
    const parts = [tail.bytes];
    let position = tail.at + tail.bytes.length;
    while (position < end) {
      const chunk = this.read(path, position, TAIL_BYTES);
      if (chunk.type === 'compressed' || chunk.bytes.length === 0) break;
      parts.push(chunk.bytes);
      position += chunk.bytes.length;
    }
    entry.tail = shortened({ at: tail.at, bytes: Buffer.concat(parts) });
    return Math.max(end, position);
  }

  /** From now on, until what this answers is called, a flush keeps what may not have been told yet. */
  follow(path: string): () => void {
    const entry = this.#entry(path);
    entry.followers += 1;
    return () => {
      entry.followers -= 1;
      if (entry.followers === 0) entry.tail = null;
    };
  }

  /** Where the log ended at that time; at the latest: what was written since lies behind it. */
  endAt(path: string, at: Timestamp): number {
    this.look(path);
    return this.#entry(path).marks.findLast((mark) => mark.at <= at)?.end ?? this.oldest(path);
  }

  /** Nothing is left of it. */
  forget(path: string): void {
    this.#entries.delete(path);
    removeFile(this.#file(path));
  }

  /** All files are looked at again and again: where nothing is under way, without opening them. */
  #lookAt(entry: Entry): { readonly stats: Stats; readonly base: number } | null {
    const { path, base, cut } = entry.document;
    if (cut !== null) return this.#onLive(entry, (_fd, stats, base) => ({ stats, base }));
    try {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() === true ? { stats, base } : null;
    } catch {
      return null;
    }
  }

  #changed(path: string, change: Partial<LogDocument>) {
    const entry = this.#entry(path);
    entry.document = { ...entry.document, ...change };
    entry.kept = true;
    return { format: FORMAT_VERSION, value: entry.document };
  }

  #readLive(entry: Entry, position: number, limit: number): LogChunk {
    const { path } = entry.document;
    const chunk = this.#onLive(entry, (fd, stats, base): LogChunk => {
      const { document } = entry;
      const at = Math.max(position, document.base + document.start);
      const length = Math.min(limit, base + stats.size - at);
      return { type: 'bytes', at, bytes: length <= 0 ? Buffer.alloc(0) : readFully(fd, at - base, length) };
    });
    return chunk ?? { type: 'bytes', at: Math.max(position, this.#entry(path).seen), bytes: Buffer.alloc(0) };
  }

  /**
   * Calls with the position of the file's first byte. While its beginning is being cut off, only the token tells whether
   * that has happened; if it happened meanwhile, this calls again.
   */
  #onLive<T>(entry: Entry, use: (fd: number, stats: Stats, base: number) => T): T | null {
    const { path } = entry.document;
    let fd: number | undefined;
    try {
      fd = openSync(path, 'r');
      if (!fstatSync(fd).isFile()) return null;
      for (;;) {
        const base = baseOf(entry.document, fd);
        const result = use(fd, fstatSync(fd), base);
        if (baseOf(entry.document, fd) === base) return result;
      }
    } catch {
      return null;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Somebody else emptied or replaced the file: what it holds now comes after all that it held. */
  #noticeStrangers(entry: Entry, stats: Stats, base: number): number {
    const { document } = entry;
    const known = document.inode !== NEVER_SEEN;
    const shrunk = base + stats.size < Math.max(entry.seen, document.base + document.start);
    if (known && document.inode === stats.ino && !shrunk) return base;
    const next = known ? Math.max(entry.seen, document.base + document.start) : base;
    const change = { inode: stats.ino, base: next, ...(known ? { start: 0, cut: null } : {}) };
    if (entry.kept || known) this.write(document.path, change);
    else entry.document = { ...document, ...change };
    return next;
  }

  #mark(entry: Entry, end: number, { mtimeMs }: Stats): void {
    const watched = entry.marks.length > 0;
    if (!watched) entry.marks = archiveMarks(entry.document);
    entry.marks = withMark(entry.marks, { end, at: watched ? this.#now() : mtimeMs, watched });
    entry.seen = Math.max(entry.seen, end);
  }

  #entry(path: string): Entry {
    const known = this.#entries.get(path);
    if (known !== undefined) return known;
    const document: LogDocument = { path, inode: NEVER_SEEN, base: 0, start: 0, archives: [], cut: null };
    const entry: Entry = { document, kept: false, seen: 0, marks: [], followers: 0, tail: null };
    this.#entries.set(path, entry);
    return entry;
  }

  #load(name: string, value: unknown): void {
    const { format, value: document } = (value ?? {}) as { readonly format?: number; readonly value?: LogDocument };
    if (format !== FORMAT_VERSION || document === undefined || fileNameOf(document.path) !== name) return;
    const seen = document.base + document.start;
    this.#entries.set(document.path, { document, kept: true, seen, marks: [], followers: 0, tail: null });
  }

  #file(path: string): string {
    return join(this.#folder, `${fileNameOf(path)}.json`);
  }
}

/** A path may be longer than the name of a file. */
function fileNameOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 32);
}

function baseOf({ base, cut }: LogDocument, fd: number): number {
  if (cut === null || cut.method !== 'collapse' || cut.phase === 'marking') return base;
  return hasToken(fd, cut.token) ? base : base + cut.bytes;
}

/** Of the time before this daemon. */
function archiveMarks({ path, archives }: LogDocument): readonly LogMark[] {
  return archives.flatMap((archive) => {
    const stats = statSync(archivePath(path, archive), { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ end: archive.to, at: stats.mtimeMs, watched: false }];
  });
}

/** It counts from the moment at which it is written down, and gets its name a little later, perhaps just now. */
function readArchive(
  path: string,
  archive: LogArchive,
  { at, limit }: { readonly at: number; readonly limit: number },
): Buffer {
  const named = archivePath(path, archive);
  for (const candidate of [named, partPath(path, archive.number), named]) {
    const bytes = readAt(candidate, at - archive.from, Math.min(limit, archive.to - at));
    if (bytes.length > 0) return bytes;
  }
  return Buffer.alloc(0);
}

function readAt(path: string, offset: number, length: number): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return readFully(fd, offset, length);
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readFully(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
}
