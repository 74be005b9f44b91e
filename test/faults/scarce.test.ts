import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { gone, hasVariable, isAlive, kill } from '../support/processes.ts';

const support = fileURLToPath(new URL('../support', import.meta.url));

const sleeper = (name: string) => ({ name, script: 'sleep', args: ['3600'], interpreter: 'none', restart_delay: 200 });
const fileWith = (...names: readonly string[]) => ({
  'ecosystem.json': { project: 'scarce', apps: names.map(sleeper) },
});

/** A daemon that is started in a way of its own; answers once it serves. */
async function startDaemon(
  eco: EcoRig,
  { command, env = {} }: { readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Promise<number> {
  const [program = '', ...args] = command;
  // Beside the home, which is for the daemon to make and perhaps has no room.
  const log = openSync(join(eco.root, 'daemon.log'), 'a');
  const daemon = spawn(program, [...args, join(dirname(eco.binary), 'ecod.js')], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', HOME: eco.root, LANG: 'C.UTF-8', ECO_HOME: eco.home, ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  daemon.unref();
  const { pid } = await eco.eventually(async () => {
    const status = await eco.json<{ readonly running: boolean; readonly pid: number }>(['daemon', 'status']);
    return status.running && status;
  });
  expect(pid).toBe(daemon.pid);
  return pid;
}

/** Each app has one process, and it is the one that the daemon knows. */
async function expectEach(eco: EcoRig, ...names: readonly string[]): Promise<void> {
  await eco.eventually(async () => {
    const apps = await eco.list();
    expect(apps.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(names.map((name) => `${name} ready`));
    for (const name of names) {
      const running = eco.processes().filter(({ pid }) => hasVariable(pid, 'ECO_APP', name));
      expect(running.map(({ pid }) => pid)).toEqual(await eco.pids(name));
    }
  });
}

async function expectRestart(eco: EcoRig, name: string): Promise<void> {
  const victim = await eco.pid(name);
  kill(victim);
  await eco.eventually(async () => {
    const { status, workers } = await eco.app(name);
    expect([status, workers.map(({ pid }) => pid === victim)]).toEqual(['ready', [false]]);
  });
}

describe.concurrent('a full disk', () => {
  test('stops no app and loses none: what cannot be written down is refused, and it goes on once there is room', async ({
    eco,
  }) => {
    const disk = await smallDisk(eco);
    try {
      await eco.write(fileWith('one', 'two'));
      const daemon = await disk.start();
      await eco.apply();
      await disk.fill();

      await eco.write(fileWith('one', 'two', 'three'));
      const refused = await eco.run(['apply']);
      expect([refused.exitCode === 0, refused.all]).toEqual([false, expect.stringContaining('ENOSPC')]);
      await expectRestart(eco, 'one');
      await expectEach(eco, 'one', 'two');
      const pids = [await eco.pid('one'), await eco.pid('two')];

      kill(daemon);
      await gone([daemon], { within: 2000 });
      await disk.start();
      expect([await eco.pid('one'), await eco.pid('two')]).toEqual(pids);
      await expectEach(eco, 'one', 'two');

      await disk.clear();
      await eco.apply();
      await expectEach(eco, 'one', 'three', 'two');
      expect([await eco.pid('one'), await eco.pid('two')]).toEqual(pids);
      expect((await eco.apply()).stdout).toContain('No changes');
      await eco.eventually(async () => expect(await readdir(join(eco.home, 'workers'))).toHaveLength(3));
      await eco.ok(['daemon', 'stop', '--apps']);
    } finally {
      await disk.remove();
    }
  });
});

interface SmallDisk {
  readonly start: () => Promise<number>;
  readonly fill: () => Promise<void>;
  readonly clear: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** A file system of a megabyte where one may be mounted; where not, a daemon that believes so. */
async function smallDisk(eco: EcoRig): Promise<SmallDisk> {
  const filler = join(eco.home, 'filler');
  await execa('mkdir', ['-m', '700', eco.home]);
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', eco.home], {
    reject: false,
  });
  const clear = (): Promise<void> => rm(filler, { force: true });
  if (mounted.failed) {
    const command = [process.execPath, '--require', join(support, 'full-disk.cjs')];
    return {
      start: () => startDaemon(eco, { command, env: { FULL_DISK: filler } }),
      fill: () => writeFile(filler, ''),
      clear,
      remove: clear,
    };
  }
  return {
    start: () => startDaemon(eco, { command: [process.execPath] }),
    fill: async () => {
      const filled = await execa('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { reject: false });
      expect(filled.failed).toBe(true);
    },
    clear,
    remove: async () => {
      await eco.eventually(async () => {
        await execa('umount', [eco.home]);
      });
    },
  };
}

test.concurrent('a daemon without a free descriptor loses sight of no worker, and starts again what dies once it has one', async ({
  eco,
}) => {
  const names = Array.from({ length: 12 }, (_, i) => `app-${String(i).padStart(2, '0')}`);
  const script = eco.worker('never-listens');
  const apps = names.map((name) => ({ name, script, revision: 'none', restart_delay: 200 }));
  await eco.write({ 'ecosystem.json': { project: 'scarce', apps } });
  const daemon = await startDaemon(eco, { command: ['sh', '-c', 'ulimit -n 48; exec "$0" "$@"', process.execPath] });
  expect((await eco.run(['apply'])).all).toContain('EMFILE');
  const said = await readFile(join(eco.root, 'daemon.log'), 'utf8');
  expect([isAlive(daemon), said]).toEqual([true, expect.not.stringContaining('Error')]);
  const running = eco.processes().filter(({ pid }) => names.some((name) => hasVariable(pid, 'ECO_APP', name)));
  expect(running.length).toBeGreaterThan(0);
  kill(daemon);
  await gone([daemon], { within: 2000 });
  await eco.apply();
  expect(running.map(({ pid }) => isAlive(pid))).toEqual(running.map(() => true));
  await expectEach(eco, ...names);
});

test.concurrent('a slow disk delays, and confuses nobody', async ({ eco }) => {
  await eco.write(fileWith('one', 'two'));
  const command = [process.execPath, '--require', join(support, 'slow-disk.cjs')];
  const slow = () => startDaemon(eco, { command, env: { SLOW_DISK: '60' } });
  const daemon = await slow();
  await eco.apply();
  await expectRestart(eco, 'one');
  const pids = [await eco.pid('one'), await eco.pid('two')];
  kill(daemon);
  await gone([daemon], { within: 2000 });
  await slow();
  expect([await eco.pid('one'), await eco.pid('two')]).toEqual(pids);
  await eco.write(fileWith('two', 'three'));
  await eco.apply();
  await expectEach(eco, 'three', 'two');
});

const DAY = 86_400_000;

test.concurrent.for([
  ['forward', DAY],
  ['back', -DAY],
] as const)('a clock that jumps a day %s restarts nobody, and delays no restart', async ([, jump], { eco }) => {
  const clock = join(eco.root, 'clock-jump');
  const command = [process.execPath, '--require', join(support, 'clock-jump.cjs')];
  const jumping = () => startDaemon(eco, { command, env: { CLOCK_JUMP: clock } });
  const names = ['one', 'two'];
  const daemon = await jumping();
  await eco.write(fileWith(...names));
  await eco.apply();
  const pids = [await eco.pid('one'), await eco.pid('two')];
  await writeFile(clock, String(jump));
  await expectRestart(eco, 'one');
  expect(await eco.pid('two')).toBe(pids[1]);
  const now = [await eco.pid('one'), await eco.pid('two')];

  kill(daemon);
  await gone([daemon], { within: 2000 });
  await jumping();
  await expectEach(eco, ...names);
  expect([await eco.pid('one'), await eco.pid('two')]).toEqual(now);
  await rm(clock);
  await expectRestart(eco, 'two');
  const uptimes = (await eco.list()).flatMap(({ workers }) => workers.map(({ uptime_ms }) => uptime_ms));
  expect(uptimes.every((uptime) => uptime !== null && uptime >= 0)).toBe(true);
  expect((await eco.apply()).stdout).toContain('No changes');
});
