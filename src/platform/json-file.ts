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
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { withSpareDescriptor } from './spare-descriptor.ts';

export interface WriteOptions {
  /** Survives a power cut, at the price of a disk flush. */
  readonly durable: boolean;
}

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

function write(path: string, value: unknown, { durable }: WriteOptions): void {
  const temporary = `${path}.tmp`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    // Unlike writeSync, never a part of it without an error.
    writeFileSync(fd, `${JSON.stringify(value)}\n`);
    if (durable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  if (durable) syncFolder(dirname(path));
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
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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

/** The rename itself must survive, too. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
