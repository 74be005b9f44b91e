import { chmodSync, lstatSync, type Stats } from 'node:fs';
import { makeFolder } from './make-folder.ts';
import { messageOf } from '../util/message-of.ts';

/** Makes sure that only this user can look into the folder. Answers what is wrong with it, or null. */
export function ensurePrivateFolder(path: string): string | null {
  try {
    makeFolder(path);
    const stats = lstatSync(path);
    const problem = problemOf(stats);
    if (problem === null && (stats.mode & 0o077) !== 0) chmodSync(path, 0o700);
    return problem;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * What is wrong with a folder whose files and sockets shall be trusted: whoever may put others in their place would be told
 * this user's secrets. null if nothing is, or there is no such folder.
 */
export function untrustworthyFolder(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : problemOf(stats);
}

function problemOf(stats: Stats): string | null {
  if (!stats.isDirectory()) return 'it is not a folder';
  // Not `userInfo`, which throws for a uid without an entry in the password file, as in containers.
  const uid = process.getuid?.() ?? stats.uid;
  if (stats.uid !== uid) return `it belongs to another user (uid ${stats.uid})`;
  return (stats.mode & 0o022) === 0 ? null : 'others may write into it';
}

/** Files that this process makes from now on are this user's alone. */
export function keepFilesPrivate(): void {
  process.umask(0o077);
}
