import { describe, expect, test } from 'vitest';
import {
  listProcesses,
  processTree,
  readProcess,
  sendSignal,
  type ProcessInfo,
} from '../../src/platform/process-table.ts';

/** Higher than any number that Linux gives to a process (2^22), so that nothing of a real one is ever read. */
const BASE = 5_000_000;
const ROOT = { pid: BASE, startTime: '100', ecoId: 'no process has this' };

/** `pid parent group session`, each relative to the root's number; then `startTime`, or `zombie`. */
function table(...rows: readonly string[]): readonly ProcessInfo[] {
  return rows.map((row) => {
    const [pid = 0, parent = 0, group = 0, session = 0] = row
      .split(' ')
      .slice(0, 4)
      .map((number) => BASE + Number(number));
    const rest = row.split(' ').slice(4);
    const startTime = rest.find((word) => /^\d+$/.test(word)) ?? '100';
    return { pid, parent, group, session, zombie: rest.includes('zombie'), startTime, memoryBytes: 0, cpuMs: 0 };
  });
}

function treeOf(...rows: readonly string[]): readonly number[] {
  return processTree(ROOT, table(...rows)).map(({ pid }) => pid - BASE);
}

describe('the tree of a worker', () => {
  test.for<[string, readonly string[], readonly number[]]>([
    ['is empty where nothing is', [], []],
    ['is the root', ['0 -1 0 0'], [0]],
    ['is its group and session', ['0 -1 0 0', '1 0 0 0', '2 -1 0 0', '3 -1 3 0'], [0, 1, 2, 3]],
    ['is its descendants, in whatever session', ['0 -1 0 0', '1 0 1 1', '2 1 2 2', '3 2 3 3'], [0, 1, 2, 3]],
    ['is found in any order of the table', ['3 2 3 3', '2 1 2 2', '1 0 1 1', '0 -1 0 0'], [3, 2, 1, 0]],
    ['is what is left of the group when the root has gone', ['1 -1 0 0', '2 1 2 2'], [1, 2]],
    ['is not the neighbours', ['0 -1 0 0', '7 -1 7 7', '8 7 7 7'], [0]],
    ['is not a zombie, but its living children', ['0 -1 0 0 zombie', '1 -1 0 0', '2 0 2 2 zombie'], [1]],
    ['is not a stranger that was given the number of the root', ['0 -1 0 0 900', '1 0 0 0 900', '2 1 2 2 900'], []],
    ['is not the group of a stranger that is a zombie by now', ['0 -1 0 0 900 zombie', '1 0 0 0 900'], []],
  ])('%s', ([, rows, expected]) => {
    expect(treeOf(...rows)).toEqual(expected);
  });
});

describe('the process table', () => {
  test('knows this process', () => {
    const own = readProcess(process.pid);
    expect(own).toMatchObject({ pid: process.pid, parent: process.ppid, zombie: false });
    expect(own?.memoryBytes).toBeGreaterThan(1 << 20);
    expect(own?.cpuMs).toBeGreaterThan(0);
    expect(own?.startTime).toMatch(/^\d+$/);
    expect(readProcess(process.pid)?.startTime).toBe(own?.startTime);
    expect(listProcesses().filter(({ pid }) => pid === process.pid)).toHaveLength(1);
  });

  test('knows nothing of a process that is not there', () => {
    expect(readProcess(BASE)).toBeNull();
    expect(sendSignal(BASE, 'SIGTERM')).toBe(false);
    expect(sendSignal(-BASE, 'SIGTERM')).toBe(false);
  });
});
