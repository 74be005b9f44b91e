import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
      first ??= { place, problem: error instanceof Error ? error.message : String(error) };
    }
  }
  return first ?? { place: tmpdir(), problem: 'it is not there' };
}
