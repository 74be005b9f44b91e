import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrivateFolder } from './private-folder.ts';
import { messageOf } from '../util/message-of.ts';

/** Where a process that lives shortly keeps what only it needs. */
export interface StateFolder {
  readonly path: string;
  readonly remove: () => void;
}

/** Nothing temporary can be kept; `problem` is that of the place where it should be. */
export interface NoPlace {
  readonly place: string;
  readonly problem: string;
}

/**
 * A new folder that only this user can look into, in the first place that lets it be made: a container may have nothing
 * writable but its shared memory. Answers what is wrong with the first place instead, if there is none.
 */
export function makeStateFolder(): StateFolder | NoPlace {
  const places = [tmpdir(), process.env.XDG_RUNTIME_DIR, '/tmp', '/run', '/dev/shm'];
  let first: NoPlace | null = null;
  for (const place of places) {
    if (place === undefined || place === '') continue;
    try {
      const path = mkdtempSync(join(place, 'eco-run-'));
      return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
    } catch (error) {
      first ??= { place, problem: messageOf(error) };
    }
  }
  return first ?? { place: tmpdir(), problem: 'it is not there' };
}

/** The same in a place that is known: what a process leaves there if it is killed, its next one finds. Made if it is not there. */
export function keptStateFolder(path: string): StateFolder | NoPlace {
  const problem = ensurePrivateFolder(path);
  if (problem !== null) return { place: path, problem };
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
