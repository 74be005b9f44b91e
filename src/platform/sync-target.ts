import { homedir } from 'node:os';
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../util/message-of.ts';

/** Lies in a folder that is made the same as one of another machine: what is only here is deleted. */
export const SYNC_MARK = '.eco-synced';

export type SyncTarget =
  | { readonly type: 'ready'; readonly folder: string }
  /** Somebody's home, or the root of all files. */
  | { readonly type: 'too-much'; readonly folder: string }
  /** There are files in it that were not copied there. */
  | { readonly type: 'not-ours'; readonly folder: string }
  | { readonly type: 'failed'; readonly folder: string; readonly problem: string };

/** Makes the folder ready for being overwritten, unless somebody might miss what is in it. */
export function prepareSyncTarget(folder: string): SyncTarget {
  try {
    mkdirSync(folder, { recursive: true });
    const real = realpathSync(folder);
    if (real === '/' || real === realpathSync(homedir())) return { type: 'too-much', folder };
    const names = readdirSync(folder);
    if (names.includes(SYNC_MARK)) return { type: 'ready', folder };
    if (names.length > 0) return { type: 'not-ours', folder };
    writeFileSync(join(folder, SYNC_MARK), '');
    return { type: 'ready', folder };
  } catch (error) {
    return { type: 'failed', folder, problem: messageOf(error) };
  }
}
