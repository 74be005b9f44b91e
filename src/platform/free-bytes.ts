import { statfsSync } from 'node:fs';

/** What may still be written to the disk that the path is on; null if that cannot be found out. */
export function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
