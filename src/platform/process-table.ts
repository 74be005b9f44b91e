import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import type { Milliseconds } from '../domain/time.ts';
import { withSpareDescriptor } from './spare-descriptor.ts';

/** One process of this machine, as far as its owner can see it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** It has ended; only its parent has not asked how yet. */
  readonly zombie: boolean;
  /** Together with the pid and the boot id it names a process that never recurs. In clock ticks on Linux. */
  readonly startTime: string;
  readonly memoryBytes: number;
  /** CPU time used so far. */
  readonly cpuMs: number;
}

const PAGE_SIZE = 4096;
/** USER_HZ is 100 on every Linux that Node supports (`getconf CLK_TCK`). */
const MS_PER_TICK = 10;

/** Changes with every boot, so that pid and start time of an earlier boot are never mistaken for ones of this. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** null if there is no such process. */
export function readProcess(pid: number): ProcessInfo | null {
  if (!hasProc()) return listWithPs().find((info) => info.pid === pid) ?? null;
  try {
    return parseStat(
      pid,
      withSpareDescriptor(() => readFileSync(`/proc/${pid}/stat`, 'latin1')),
    );
  } catch {
    return null;
  }
}

export function listProcesses(): readonly ProcessInfo[] {
  if (!hasProc()) return listWithPs();
  const pids = withSpareDescriptor(() => readdirSync('/proc')).filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((info) => info !== null);
}

export interface StartedProcess {
  readonly info: ProcessInfo;
  /** Since it was started; the wall clock has no part in it. */
  readonly age: Milliseconds;
  /** The environment that it was started with. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The living processes that were started with `variable`; on Linux only, and none of other users. */
export function startedWith(variable: string): readonly StartedProcess[] {
  if (!hasProc()) return [];
  const uptime = Number(readText('/proc/uptime').split(' ')[0]) * 1000;
  return listProcesses()
    .filter(({ zombie }) => !zombie)
    .map((info) => ({
      info,
      age: Math.max(0, uptime - Number(info.startTime) * MS_PER_TICK),
      variables: initialVariables(info.pid),
    }))
    .filter(({ variables }) => variables[variable] !== undefined);
}

/** Empty if it cannot be read. */
function initialVariables(pid: number): Readonly<Record<string, string>> {
  const entries = readText(`/proc/${pid}/environ`).split('\0');
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/** A variable of the environment that the process was started with; null if unreadable or unset. */
export function initialVariable(pid: number, name: string): string | null {
  const entries = readText(`/proc/${pid}/environ`).split('\0');
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

/** Empty if it cannot be read. */
function readText(path: string): string {
  try {
    return withSpareDescriptor(() => readFileSync(path, 'utf8'));
  } catch {
    return '';
  }
}

export interface TreeRoot {
  readonly pid: number;
  /** Of the root. A living process with its pid but another start time is a stranger to whom the number went. */
  readonly startTime: string;
  /** The value of `ECO_ID` that the root was started with: found again in descendants that left group and session. */
  readonly ecoId: string;
}

/**
 * The living processes that a worker consists of: the root (a session leader), whatever is in its group or session,
 * their descendants, and processes that left all of these but carry its `ECO_ID`.
 */
export function processTree(
  root: TreeRoot,
  processes: readonly ProcessInfo[] = listProcesses(),
): readonly ProcessInfo[] {
  const living = processes.filter((info) => !info.zombie);
  // A number that is still the id of a group or session is not given to a new process.
  const reused = processes.some(({ pid, startTime }) => pid === root.pid && startTime !== root.startTime);
  const inGroup = reused ? [] : living.filter(({ pid, group, session }) => [pid, group, session].includes(root.pid));
  const members = new Set(inGroup.map(({ pid }) => pid));
  const strangers = living.filter((info) => !members.has(info.pid) && !isOlder(info, root));
  for (const { pid } of strangers) if (initialVariable(pid, 'ECO_ID') === root.ecoId) members.add(pid);
  for (let grown = true; grown;) {
    const children = living.filter(({ pid, parent }) => members.has(parent) && !members.has(pid));
    for (const { pid } of children) members.add(pid);
    grown = children.length > 0;
  }
  return living.filter(({ pid }) => members.has(pid));
}

/** What it started is younger than itself: to read the environment of everybody else costs more than all the rest. */
function isOlder({ startTime }: ProcessInfo, root: TreeRoot): boolean {
  return Number(startTime) < Number(root.startTime);
}

/** False if the process does not exist or belongs to somebody else. A negative pid means its group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

export function hasProc(): boolean {
  return process.platform === 'linux';
}

/** Fields after the last `)`, for a program's name may hold anything: proc_pid_stat(5). */
export function parseStat(pid: number, stat: string): ProcessInfo {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const state = fields[0] ?? '';
  return {
    pid,
    parent: field(4),
    group: field(5),
    session: field(6),
    zombie: state === 'Z' || state === 'X',
    startTime: fields[22 - 3] ?? '',
    memoryBytes: field(24) * PAGE_SIZE,
    cpuMs: (field(14) + field(15)) * MS_PER_TICK,
  };
}

/** For platforms without /proc: slower, and without sessions. */
function listWithPs(): readonly ProcessInfo[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,rss=,state=,time=,lstart='], { encoding: 'utf8' });
  return table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [pid = '', parent = '', group = '', rss = '', state = '', time = '', ...started] = line.trim().split(/\s+/);
      return {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        session: 0,
        zombie: state.startsWith('Z'),
        startTime: started.join(' '),
        memoryBytes: Number(rss) * 1024,
        cpuMs: parseCpuTime(time),
      };
    });
}

/** `[[days-]hours:]minutes:seconds[.fraction]`, as `ps` writes it. */
function parseCpuTime(text: string): number {
  const [clock = '', days = '0'] = text.split('-').toReversed();
  const units = clock.split(':').map(Number);
  return (Number(days) * 86_400 + units.reduce((total, unit) => total * 60 + unit, 0)) * 1000;
}
