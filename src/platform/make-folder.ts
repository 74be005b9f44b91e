import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * With the folders above it, those that are missing for this user alone. Not `mkdirSync` with `recursive`, which never ends
 * where a folder exists and calls its children missing when they are to be made, as /proc does (Node 20 to 26).
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (isFolder(path)) return;
    const parent = dirname(path);
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || parent === path || isFolder(parent)) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
