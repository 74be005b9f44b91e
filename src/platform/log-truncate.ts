import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { archivePath, type LogArchive } from './log-archive.ts';
import { hasToken } from './log-cut.ts';

export interface MoveOptions {
  /** The offset of the first byte that no archive has. */
  readonly start: number;
  /** If it is gone, this was done before. */
  readonly token: string;
  /** Where the rest goes; null: nowhere. */
  readonly archive: LogArchive | null;
}

const CHUNK = 1 << 16;

/**
 * Moves what a file holds from `start` on to the end of its archive, and empties the file, in one go: what a program
 * writes between the last look and the end is lost. Answers how many bytes were moved. Done twice, it is done once.
 */
export function moveRest(path: string, { start, token, archive }: MoveOptions): number {
  const live = openSync(path, 'r+');
  const into = archive === null ? null : openSync(archivePath(path, archive), 'r+');
  try {
    const archived = archive === null ? 0 : archive.to - archive.from;
    if (!hasToken(live, token)) return into === null ? 0 : Math.max(0, fstatSync(into).size - archived);
    const buffer = Buffer.alloc(CHUNK);
    let moved = 0;
    for (let read = readSync(live, buffer, 0, CHUNK, start); read > 0;) {
      if (into !== null) writeSync(into, buffer, 0, read, archived + moved);
      moved += read;
      read = readSync(live, buffer, 0, CHUNK, start + moved);
    }
    ftruncateSync(live, 0);
    return moved;
  } finally {
    closeSync(live);
    if (into !== null) closeSync(into);
  }
}
