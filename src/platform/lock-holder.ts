import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { LockHolder, LockId } from '../domain/lock.ts';
import { currentActor } from './actor.ts';
import { bootId, readProcess } from './process-table.ts';

export interface HolderOptions {
  /** As it was typed. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** This process, as one that holds a lock. */
export function currentHolder({ command, environment }: HolderOptions): LockHolder {
  const startTime = readProcess(process.pid)?.startTime ?? '';
  return { ...currentActor(), command, job: jobUrl(environment), startTime, space: pidSpace() };
}

/** Short enough to be typed. */
export function newLockId(): LockId {
  return randomBytes(4).toString('hex');
}

/** Whether the holder's process lives; `unknown` where it is none of this machine, or of this container. */
export function holderFate({ pid, startTime, space, host }: LockHolder): 'alive' | 'dead' | 'unknown' {
  if (space !== pidSpace()) return host === hostname() && bootOf(space) !== bootId() ? 'dead' : 'unknown';
  const found = readProcess(pid);
  return found !== null && !found.zombie && found.startTime === startTime ? 'alive' : 'dead';
}

/**
 * https://docs.github.com/en/actions/reference/workflows-and-actions/variables
 * https://docs.gitlab.com/ci/variables/predefined_variables/
 */
function jobUrl(environment: HolderOptions['environment']): string | null {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, CI_JOB_URL } = environment;
  if (GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID) {
    return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  }
  return CI_JOB_URL === undefined || CI_JOB_URL === '' ? null : CI_JOB_URL;
}

function pidSpace(): string {
  return `${bootId()} ${pidNamespace()}`;
}

function bootOf(space: string): string {
  return space.split(' ')[0] ?? '';
}

/** Empty on systems that have none. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
