import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Makes sure that only this user can look into the folder. Answers what is wrong with it, or null. */
export function ensurePrivateFolder(path: string): string | null {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stats = lstatSync(path);
    if (!stats.isDirectory()) return 'it is not a folder';
    const { uid } = userInfo();
    if (uid >= 0 && stats.uid !== uid) return `it belongs to another user (uid ${stats.uid})`;
    if ((stats.mode & 0o022) !== 0) return 'others may write into it';
    if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o700);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Files that this process makes from now on are this user's alone. */
export function keepFilesPrivate(): void {
  process.umask(0o077);
}
