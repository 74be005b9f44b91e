import { hostname, userInfo } from 'node:os';
import type { Actor } from '../domain/observed-state.ts';

/** Who runs this process, for the record of what was done. */
export function currentActor(): Actor {
  return { user: userName(), host: hostname(), pid: process.pid };
}

/** In a container the uid may have no entry in the password file, which makes `userInfo` throw. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
