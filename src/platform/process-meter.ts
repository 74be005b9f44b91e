import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import type { Milliseconds } from '../domain/time.ts';
import { withSpareDescriptor } from './spare-descriptor.ts';
import { hasProc, listProcesses, parseStat, type ProcessInfo } from './process-table.ts';

/** A process that leads a session of its own, as all workers do. */
export interface MeterRoot {
  readonly pid: number;
  readonly startTime: string;
}

/** What one process uses. */
export interface ProcessUse {
  readonly pid: number;
  readonly memoryBytes: number;
  /** CPU time used so far. */
  readonly cpuMs: Milliseconds;
}

export interface ProcessMeter {
  /**
   * What each root, and whatever is in its session or group or descends from it, uses now; by the pid of the root. A root
   * that has ended is left out.
   */
  readonly measure: (roots: readonly MeterRoot[]) => ReadonlyMap<number, readonly ProcessUse[]>;
}

/** Reads all processes of the machine at once: cheaper than to ask for the children of each. */
export function processMeter(): ProcessMeter {
  const read = hasProc() ? procReader() : { list: listProcesses, keep: () => {} };
  return {
    measure: (roots) => {
      const trees = roots.length === 0 ? new Map<number, readonly ProcessInfo[]>() : treesOf(roots, read.list());
      read.keep(new Set([...trees.values()].flatMap((members) => members.map(({ pid }) => pid))));
      return trees;
    },
  };
}

function treesOf(
  roots: readonly MeterRoot[],
  processes: readonly ProcessInfo[],
): ReadonlyMap<number, readonly ProcessInfo[]> {
  const table = new Map(processes.filter(({ zombie }) => !zombie).map((info) => [info.pid, info]));
  const alive = roots.filter(({ pid, startTime }) => table.get(pid)?.startTime === startTime);
  const trees = new Map<number, ProcessInfo[]>(alive.map(({ pid }) => [pid, []]));
  const owners = new Map<number, number | null>();
  const ownerOf = (info: ProcessInfo | undefined): number | null => {
    if (info === undefined) return null;
    const known = owners.get(info.pid);
    if (known !== undefined) return known;
    // A parent is never its own descendant, but numbers may be reused between two reads.
    owners.set(info.pid, null);
    const leader = [info.pid, info.session, info.group].find((pid) => trees.has(pid));
    const owner = leader ?? ownerOf(table.get(info.parent));
    owners.set(info.pid, owner);
    return owner;
  };
  for (const info of table.values()) trees.get(ownerOf(info) ?? 0)?.push(info);
  return trees;
}

/**
 * Of the processes that are kept, /proc/PID/stat stays open: that is three times as fast as to open it each time, and an
 * open one is never of another process to which the pid went (https://man7.org/linux/man-pages/man5/proc.5.html).
 */
function procReader(): { readonly list: () => readonly ProcessInfo[]; readonly keep: (pids: Set<number>) => void } {
  const kept = new Map<number, number>();
  const forget = (pid: number): void => {
    const fd = kept.get(pid);
    if (fd !== undefined) closeSync(fd);
    kept.delete(pid);
  };
  const readKept = (pid: number): ProcessInfo | null => {
    const fd = kept.get(pid);
    const info = fd === undefined ? null : readStat(pid, fd);
    if (info === null) forget(pid);
    return info;
  };
  return {
    list: () => {
      const pids = withSpareDescriptor(() => readdirSync('/proc'))
        .map(Number)
        .filter(Number.isInteger);
      return pids.map((pid) => readKept(pid) ?? readOnce(pid)).filter((info) => info !== null);
    },
    keep: (pids) => {
      for (const pid of kept.keys()) if (!pids.has(pid)) forget(pid);
      for (const pid of pids) {
        const fd = kept.has(pid) ? null : open(pid);
        if (fd !== null) kept.set(pid, fd);
      }
    },
  };
}

function readOnce(pid: number): ProcessInfo | null {
  try {
    return withSpareDescriptor(() => {
      const fd = openSync(statFile(pid), 'r');
      const info = readStat(pid, fd);
      closeSync(fd);
      return info;
    });
  } catch {
    return null;
  }
}

/** null: it has ended, or there are no descriptors left. */
function open(pid: number): number | null {
  try {
    return openSync(statFile(pid), 'r');
  } catch {
    return null;
  }
}

function statFile(pid: number): string {
  return `/proc/${pid}/stat`;
}

/** A line of it has at most some 400 bytes. */
const buffer = Buffer.alloc(1024);

function readStat(pid: number, fd: number): ProcessInfo | null {
  try {
    return parseStat(pid, buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0)));
  } catch {
    return null;
  }
}
