import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Milliseconds } from '../domain/time.ts';
import { freeBytes } from './free-bytes.ts';
import { untrustworthyFolder } from './private-folder.ts';
import { startedWith } from './process-table.ts';

/** What `eco doctor` asks of this machine. Nothing is changed by asking. */
export const health = {
  /** `linux`, `darwin` … */
  platform: process.platform as string,
  node: process.version,
  folder: folderHealth,
  openFiles,
  startedWith: leadersWith,
  isPortTaken,
};

export type Health = typeof health;

export interface FolderHealth {
  readonly exists: boolean;
  /** What is wrong with it; null if nothing is. */
  readonly problem: string | null;
  /** On its disk, for this user; null if that cannot be found out. */
  readonly freeBytes: number | null;
}

function folderHealth(path: string): FolderHealth {
  const exists = existsSync(path);
  return {
    exists,
    problem: exists ? (untrustworthyFolder(path) ?? whyNotWritable(path)) : null,
    freeBytes: freeBytes(exists ? path : dirname(path)),
  };
}

function whyNotWritable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return 'this user may not write into it';
  }
}

/** How many files a process, this one where none is named, may have open at most; null if that cannot be found out. Node raises the soft limit to this. */
function openFiles(pid: number | null): number | null {
  try {
    const [, , hard] =
      /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid ?? 'self'}/limits`, 'utf8')) ?? [];
    return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

/** The leaders of sessions that were started with a variable, and its value. */
function leadersWith(variable: string): readonly { readonly pid: number; readonly value: string }[] {
  return startedWith(variable)
    .filter(({ info }) => info.pid === info.session)
    .map(({ info, variables }) => ({ pid: info.pid, value: variables[variable] ?? '' }));
}

const CONNECT_TIMEOUT: Milliseconds = 500;

/** Whether something accepts connections at a port of this machine. */
function isPortTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', timeout: CONNECT_TIMEOUT });
    const settle = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
