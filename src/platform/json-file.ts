import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from './file-errors.ts';
import { makeFolder } from './make-folder.ts';
import { withSpareDescriptor } from './spare-descriptor.ts';

export interface WriteOptions {
  /** Its content is on the disk before it takes the place of another: after a power cut one of the two is there, whole. */
  readonly flushed: boolean;
}

/** As many as libuv has threads for: what is flushed together costs the disk little more than one. */
const FLUSHED_AT_ONCE = 4;

/** Readers see the old document or the new one, never a part of either; nobody else on the machine can read it. */
export function writeJsonFile(path: string, value: unknown, options: WriteOptions): void {
  makeFolder(dirname(path));
  try {
    withSpareDescriptor(() => write(path, value, options));
  } catch (error) {
    // A part of a document takes room that may be what is missing.
    removeFile(`${path}.tmp`);
    throw error;
  }
}

function write(path: string, value: unknown, { flushed }: WriteOptions): void {
  const temporary = `${path}.tmp`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    // Unlike writeSync, never a part of it without an error.
    writeFileSync(fd, `${JSON.stringify(value)}\n`);
    if (flushed) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}

/** What they hold, and that they are there, survives a power cut from then on. Files that are gone are none of its business. */
export async function flushToDisk(paths: readonly string[]): Promise<void> {
  const folders = new Set(paths.map(dirname));
  const left = [...paths].values();
  await Promise.all(Array.from({ length: FLUSHED_AT_ONCE }, () => flushEach(left)));
  await flushEach(folders.values());
}

async function flushEach(paths: Iterator<string>): Promise<void> {
  for (let next = paths.next(); next.done !== true; next = paths.next()) await flush(next.value);
}

async function flush(path: string): Promise<void> {
  const handle = await openIfThere(path);
  if (handle === null) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Durable, and nothing waits for the disk but the caller. */
export async function writeJsonFileDurably(path: string, value: unknown): Promise<void> {
  makeFolder(dirname(path));
  // Another write of the same document may come in between.
  const temporary = `${path}.durable.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(value)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(temporary, path);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
  await flush(dirname(path));
}

/** undefined if it is missing or not JSON. */
export function readJsonFile(path: string): unknown {
  try {
    return JSON.parse(withSpareDescriptor(() => readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The documents in a folder, by file name without `.json`, sorted; empty if there is no such folder. */
export function readJsonFolder(folder: string): readonly (readonly [name: string, value: unknown])[] {
  return jsonFilesIn(folder).map((name) => [name, readJsonFile(join(folder, `${name}.json`))]);
}

/** Their names without `.json`, sorted. */
export function jsonFilesIn(folder: string): readonly string[] {
  return entriesIn(folder)
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map(({ name }) => name.slice(0, -'.json'.length))
    .sort();
}

export function foldersIn(folder: string): readonly string[] {
  return entriesIn(folder)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function removeFile(path: string): void {
  rmSync(path, { force: true });
}

/** What a writer left that died half-way. */
export function removeUnfinished(folder: string): void {
  const unfinished = entriesIn(folder).filter((entry) => entry.isFile() && entry.name.endsWith('.json.tmp'));
  for (const { name } of unfinished) removeFile(join(folder, name));
}

export function fileExists(path: string): boolean {
  return existsSync(path);
}

/** Out of the way of what is to be written there, but kept for a person to look at. Answers its new path. */
export function moveAside(path: string): string {
  const aside = `${path}.broken`;
  renameSync(path, aside);
  return aside;
}

function entriesIn(folder: string) {
  try {
    return withSpareDescriptor(() => readdirSync(folder, { withFileTypes: true }));
  } catch {
    return [];
  }
}
