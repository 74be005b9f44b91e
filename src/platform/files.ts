import { constants } from 'node:fs';
import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Timestamp } from '../domain/time.ts';
import { makeFolder } from './make-folder.ts';

export type ReadOutcome =
  | { readonly type: 'read'; readonly bytes: Uint8Array }
  | { readonly type: 'missing' }
  | { readonly type: 'folder' }
  | { readonly type: 'too-large'; readonly size: number }
  /** `problem` is the operating system's word for it, such as `EACCES`. */
  | { readonly type: 'unreadable'; readonly problem: string };

/** Never reads more than `limit` bytes, and never waits for a pipe or a device. */
export function readFileUpTo(path: string, limit: number): ReadOutcome {
  try {
    const stats = fs.statSync(path);
    if (stats.isDirectory()) return { type: 'folder' };
    if (!stats.isFile()) return { type: 'unreadable', problem: 'not a regular file' };
    if (stats.size > limit) return { type: 'too-large', size: stats.size };
    return { type: 'read', bytes: fs.readFileSync(path) };
  } catch (error) {
    const problem = errorCode(error);
    return problem === 'ENOENT' || problem === 'ENOTDIR' ? { type: 'missing' } : { type: 'unreadable', problem };
  }
}

/** null if it is missing, no regular file, too large or not readable. */
export function readTextIfPresent(path: string, limit: number): string | null {
  const outcome = readFileUpTo(path, limit);
  return outcome.type === 'read' ? Buffer.from(outcome.bytes).toString('utf8') : null;
}

export type FileKind = 'file' | 'folder' | 'other' | 'missing';

/** Links are followed. */
export function fileKind(path: string): FileKind {
  try {
    const stats = fs.statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'missing';
    return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other';
  } catch {
    return 'missing';
  }
}

/** By users that have nothing to do with it. */
export function isReadableByOthers(path: string): boolean {
  return ((fs.statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0;
}

export function isExecutableFile(path: string): boolean {
  try {
    fs.accessSync(path, constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The first bytes of a file as text, for a shebang or a magic number; empty if it cannot be read. */
export function readHead(path: string, length: number): string {
  try {
    const fd = fs.openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(length);
      return buffer.toString('latin1', 0, fs.readSync(fd, buffer, 0, length, 0));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** With every link resolved; the path itself if it does not exist. */
export function realPath(path: string): string {
  try {
    return fs.realpathSync.native(path);
  } catch {
    return path;
  }
}

/** null if `path` is no link. */
export function readLink(path: string): string | null {
  try {
    return fs.readlinkSync(path);
  } catch {
    return null;
  }
}

export interface FileStamp {
  readonly size: number;
  /** Milliseconds since the Unix epoch, with fractions: a quarter of a microsecond is told apart. */
  readonly modifiedAt: Timestamp;
  readonly changedAt: Timestamp;
  readonly inode: number;
  readonly kind: FileKind;
}

/** What changes whenever a file's content does; null if it is gone. Links are followed. */
export function fileStamp(path: string): FileStamp | null {
  try {
    const stats = fs.statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    const kind = stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other';
    return { size: stats.size, modifiedAt: stats.mtimeMs, changedAt: stats.ctimeMs, inode: stats.ino, kind };
  } catch {
    return null;
  }
}

/** The entries of a folder, unsorted; none if it cannot be read. */
export function readFolder(path: string): readonly FolderEntry[] {
  try {
    return fs.readdirSync(path, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      kind: entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other',
    }));
  } catch {
    return [];
  }
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/** Readers see the old content or the new one, never a part. Creates the folder, readable by its owner only. Says whether it worked. */
export function replaceFile(path: string, content: string): boolean {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    makeFolder(dirname(path));
    fs.writeFileSync(temporary, content, { mode: 0o600 });
    fs.renameSync(temporary, path);
    return true;
  } catch {
    removeIfPossible(temporary);
    return false;
  }
}

export type Creation = 'created' | 'exists' | 'failed';

/** A file for everybody to read, as an editor would make it; one that is there is replaced only if that is asked for. */
export function createFile(path: string, content: string, { replace }: { readonly replace: boolean }): Creation {
  try {
    fs.writeFileSync(path, content, { flag: replace ? 'w' : 'wx' });
    return 'created';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'exists' : 'failed';
  }
}

/** Says whether it worked. */
export function appendFile(path: string, content: string): boolean {
  try {
    fs.appendFileSync(path, content);
    return true;
  } catch {
    return false;
  }
}

function removeIfPossible(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {
    // What could not be made need not be removed.
  }
}

export function homeFolder(): string {
  return homedir();
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
