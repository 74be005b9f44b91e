import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { eventually } from './eventually.ts';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every living process that has `text` in its environment, on its command line or in its working folder; Linux only. */
export function processesWith(text: string): readonly ProcessInfo[] {
  return allPids()
    .filter((pid) => pid !== process.pid)
    .filter((pid) => [read(pid, 'environ'), read(pid, 'cmdline'), workingFolder(pid)].some((of) => of.includes(text)))
    .flatMap((pid) => infoOf(pid));
}

/** Whether `name=value` is in the environment that the process was started with. */
export function hasVariable(pid: number, name: string, value: string): boolean {
  return read(pid, 'environ').split('\0').includes(`${name}=${value}`);
}

/** The environment that a process was started with. */
export function variablesOf(pid: number): Readonly<Record<string, string | undefined>> {
  const entries = read(pid, 'environ').split('\0');
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/** When a process was started: with its number it names one that never recurs. Empty if there is none. */
export function startOf(pid: number): string {
  const stat = read(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

export function isAlive(pid: number): boolean {
  return infoOf(pid).length > 0;
}

export function commandOf(pid: number): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

/** `pid` itself or a descendant of it. */
export function descendsFrom(pid: number, ancestor: number): boolean {
  if (pid === ancestor) return true;
  const [info] = infoOf(pid);
  return info !== undefined && info.parent > 1 && descendsFrom(info.parent, ancestor);
}

/** Waits until none of the processes lives. */
export async function gone(pids: readonly number[], options: { readonly within: number }): Promise<void> {
  await eventually(
    () => {
      const left = pids.filter(isAlive).map((pid) => `${pid} ${commandOf(pid)}`);
      if (left.length > 0) throw new Error(`still alive: ${left.join('; ')}`);
    },
    { within: options.within },
  );
}

/** Ends one process for certain, whether or not it still exists. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error;
  }
}

function allPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Empty for a process that is gone, or that only waits for its parent to read its exit code. */
function infoOf(pid: number): readonly ProcessInfo[] {
  const stat = read(pid, 'stat');
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z' || state === 'X') return [];
  return [{ pid, parent: Number(parent), command: commandOf(pid) }];
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
