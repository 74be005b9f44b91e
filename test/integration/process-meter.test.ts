import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { processMeter, type MeterRoot } from '../../src/platform/process-meter.ts';
import { readProcess } from '../../src/platform/process-table.ts';
import { eventually } from '../support/eventually.ts';
import { kill } from '../support/processes.ts';

/** A program of its own session that says something once it is as it shall be. */
async function leader(code: string): Promise<{ readonly root: MeterRoot; readonly end: () => Promise<void> }> {
  const child = spawn(process.execPath, ['-e', code], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  return { root: { pid, startTime: readProcess(pid)?.startTime ?? '' }, end: () => endGroup(child) };
}

async function endGroup(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await exited;
}

function openStats(): readonly string[] {
  const fds = readdirSync('/proc/self/fd');
  return fds.flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return /^\/proc\/\d+\/stat$/.test(path) ? [path] : [];
    } catch {
      return [];
    }
  });
}

test('a tree is its root, what is in its session or group, and what descends from it', async () => {
  const meter = processMeter();
  const { root, end } = await leader(`
    const { spawn } = require('node:child_process');
    const idle = 'setInterval(() => {}, 1 << 30)';
    const kept = Buffer.alloc(64 << 20, 'x');
    const away = spawn(process.execPath, ['-e', idle], { stdio: 'ignore', detached: true });
    const near = spawn(process.execPath, ['-e', idle], { stdio: 'ignore' });
    console.log(away.pid, near.pid);
    setInterval(() => kept[0], 1 << 30);
  `);
  const other = await leader('console.log(1); setInterval(() => {}, 1 << 30)');
  const trees = meter.measure([root, other.root]);
  const members = trees.get(root.pid) ?? [];
  expect(members).toHaveLength(3);
  expect(trees.get(other.root.pid)?.map(({ pid }) => pid)).toEqual([other.root.pid]);
  expect(members.find(({ pid }) => pid === root.pid)?.memoryBytes).toBeGreaterThan(64 << 20);
  for (const { pid } of members.filter(({ pid }) => pid !== root.pid)) kill(pid);
  await eventually(() => meter.measure([root]).get(root.pid)?.length === 1);
  await Promise.all([end(), other.end()]);
  expect(meter.measure([root, other.root]).size).toBe(0);
});

test('CPU time grows with what a process does', async () => {
  const meter = processMeter();
  const { root, end } = await leader('console.log(1); for (;;);');
  const used = (): number => meter.measure([root]).get(root.pid)?.[0]?.cpuMs ?? 0;
  const before = used();
  await eventually(() => used() >= before + 200);
  await end();
});

test('a pid that went to somebody else is nobody, and nothing stays open of those that are gone', async () => {
  const meter = processMeter();
  const { root, end } = await leader('console.log(1); setInterval(() => {}, 1 << 30)');
  expect(meter.measure([{ ...root, startTime: 'of another' }]).size).toBe(0);
  expect(meter.measure([root]).size).toBe(1);
  expect(openStats()).toContain(`/proc/${root.pid}/stat`);
  await end();
  expect(meter.measure([root]).size).toBe(0);
  expect(openStats()).not.toContain(`/proc/${root.pid}/stat`);
});
