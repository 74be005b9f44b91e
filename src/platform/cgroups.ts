import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Limits } from '../domain/app-spec.ts';
import type { LaunchRequest } from './launcher.ts';
import { messageOf } from '../util/message-of.ts';

/** Where this process is in the tree of cgroups v2 (https://docs.kernel.org/admin-guide/cgroup-v2.html). */
export interface CgroupPlace {
  /** The folder of its cgroup; null where there is no such tree. */
  readonly own: string | null;
  readonly pid: number;
  /** Whether a process of its cgroup is one of eco's, which may be moved. */
  readonly isOurs: (pid: number) => boolean;
}

export interface Enclosed {
  readonly request: LaunchRequest;
  /** Why not all of the limits hold; null if they do. */
  readonly problem: string | null;
}

export interface Cgroups {
  /** The request as one of a process that is in a cgroup of its own, with these limits, before its first line. */
  readonly enclose: (request: LaunchRequest, cgroup: { readonly name: string; readonly limits: Limits }) => Enclosed;
  /** The process that was to be in it has ended: it is removed, and whatever else nobody is in. */
  readonly leave: (name: string) => void;
}

/** A cgroup that hands controllers on to others has no processes itself: those that were there go into this one. */
const LEAF = 'eco-daemon';
const PREFIX = 'eco-worker-';
/** Of `cpu.max`: the quota is per so many microseconds. */
const CPU_PERIOD = 100_000;

export function cgroups(place: CgroupPlace): Cgroups {
  const base = place.own !== null && basename(place.own) === LEAF ? dirname(place.own) : place.own;
  /** Its process may not have entered yet. */
  const expected = new Set<string>();
  return {
    enclose: (request, { name, limits }) => {
      if (base === null) return { request, problem: 'this machine has no cgroup v2' };
      const wanted = controllersOf(limits);
      try {
        const problem = handOn(base, wanted, place);
        if (problem !== null) return { request, problem };
        const missing = wanted.filter(
          (controller) => !wordsOf(join(base, 'cgroup.subtree_control')).includes(controller),
        );
        const folder = createCgroup(join(base, `${PREFIX}${name}`), limits, missing);
        expected.add(name);
        const why = missing.length === 0 ? null : `the cgroup ${base} has no control over ${missing.join(', ')}`;
        return { request: within(request, folder), problem: why };
      } catch (error) {
        return { request, problem: messageOf(error) };
      }
    },
    leave: (name) => {
      expected.delete(name);
      if (base === null || !existsSync(base)) return;
      for (const entry of readdirSync(base)) {
        const removable = entry.startsWith(PREFIX) && !expected.has(entry.slice(PREFIX.length));
        if (removable) removeIfEmpty(join(base, entry));
      }
    },
  };
}

/** The shell becomes the program: same pid, same descriptors, and nothing that the program starts can be outside. */
function within(request: LaunchRequest, folder: string): LaunchRequest {
  const enter = 'echo 0 > "$0" && exec "$@"';
  return {
    ...request,
    command: '/bin/sh',
    args: ['-c', enter, join(folder, 'cgroup.procs'), request.command, ...request.args],
  };
}

/** The folder of this process's cgroup; null where there is no tree of version 2. */
export function ownCgroup(): string | null {
  const mount = /^\S+ \S+ \S+ \S+ (\S+) .*- cgroup2 /m.exec(read('/proc/self/mountinfo'))?.[1];
  const path = /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  return mount === undefined || path === undefined ? null : join(mount, path);
}

type Controller = 'memory' | 'cpu' | 'pids';

function controllersOf({ memory, cpu, pids }: Limits): readonly Controller[] {
  const wanted = [memory === null ? [] : 'memory', cpu === null ? [] : 'cpu', pids === null ? [] : 'pids'] as const;
  return wanted.flat() as readonly Controller[];
}

/** Lets the cgroups below have the controllers that this one has. Answers why none of them can be had. */
function handOn(base: string, wanted: readonly Controller[], { pid, isOurs }: CgroupPlace): string | null {
  const control = join(base, 'cgroup.subtree_control');
  const present = wordsOf(join(base, 'cgroup.controllers'));
  const missing = wanted.filter((controller) => present.includes(controller) && !wordsOf(control).includes(controller));
  if (!wanted.some((controller) => present.includes(controller)))
    return `the cgroup ${base} has no control over ${wanted.join(', ')}`;
  if (missing.length === 0) return null;
  // The root may hand on and have processes; it is the only one without a type.
  const members = existsSync(join(base, 'cgroup.type')) ? wordsOf(join(base, 'cgroup.procs')).map(Number) : [];
  if (!members.every((member) => member === pid || isOurs(member)))
    return `the cgroup ${base} is not eco's alone: let a service of its own with Delegate=yes run the daemon`;
  if (members.length > 0) moveInto(join(base, LEAF), members);
  writeFileSync(control, missing.map((controller) => `+${controller}`).join(' '));
  return null;
}

function moveInto(folder: string, pids: readonly number[]): void {
  mkdirSync(folder, { recursive: true });
  for (const pid of pids) {
    try {
      writeFileSync(join(folder, 'cgroup.procs'), String(pid));
    } catch (error) {
      // It ended meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

function createCgroup(folder: string, { memory, cpu, pids }: Limits, missing: readonly Controller[]): string {
  mkdirSync(folder, { recursive: true });
  const set = (controller: Controller, file: string, value: string): void => {
    if (!missing.includes(controller)) writeFileSync(join(folder, file), value);
  };
  if (memory !== null) {
    set('memory', 'memory.max', String(memory));
    // What is left of a worker without one of its processes is of no use.
    set('memory', 'memory.oom.group', '1');
  }
  if (cpu !== null) set('cpu', 'cpu.max', `${Math.max(1000, Math.round(cpu * CPU_PERIOD))} ${CPU_PERIOD}`);
  if (pids !== null) set('pids', 'pids.max', String(pids));
  return folder;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is still in there.
  }
}

function wordsOf(file: string): readonly string[] {
  return read(file).split(/\s+/).filter(Boolean);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
