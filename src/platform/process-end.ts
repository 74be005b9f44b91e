import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../domain/time.ts';
import { readProcess } from './process-table.ts';

const POLL_INTERVAL: Milliseconds = 10;

/** Waits for the end of a process that need not be our child. False if it still runs after `within`. */
export async function processEnd(pid: number, within: Milliseconds): Promise<boolean> {
  const deadline = performance.now() + within;
  while (performance.now() < deadline) {
    const found = readProcess(pid);
    if (found === null || found.zombie) return true;
    await sleep(POLL_INTERVAL);
  }
  return false;
}
