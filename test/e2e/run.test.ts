import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const TELLS = `
const { appendFileSync } = require('node:fs');
const note = (what) => appendFileSync(process.env.ORDER, what + ' ' + process.env.ECO_APP + '\\n');
process.on('SIGTERM', () => { note('stop'); process.exit(0); });
require('node:http').createServer((_, answer) => answer.end()).listen(0, () => { note('start'); console.log('out of', process.env.ECO_APP); console.error('err of', process.env.ECO_APP); });
`;
const STUBBORN = `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up');`;

describe.concurrent('eco run', () => {
  test('starts in order, shows the output, and stops in the opposite order by the first signal', async ({ eco }) => {
    const run = await start(eco, [
      { name: 'migrate', script: './task.js', kind: 'task' },
      { name: 'db', script: './tells.js', depends_on: { migrate: 'completed' } },
      { name: 'web', script: './tells.js', instances: 2, depends_on: ['db'] },
      { name: 'front', script: './tells.js', depends_on: ['web'] },
    ]);
    await eco.eventually(() => run.err.includes('front: started, 1/1 ready'));
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(143);
    const order = (await eco.read('order')).trim().split('\n');
    expect(order.slice(0, 4)).toEqual(['start db', 'start web', 'start web', 'start front']);
    expect(order.slice(4)).toEqual(['stop front', 'stop web', 'stop web', 'stop db']);
    expect(run.out.split('\n')).toEqual(
      expect.arrayContaining(['migrate:0 | ran', 'db:0      | out of db', 'web:1     | out of web']),
    );
    expect(run.err.split('\n')).toEqual(expect.arrayContaining(['db:0      ! err of db']));
    await leftNothing(eco);
  });

  test('exits 0 when all tasks have completed, and with the code of the first that failed', async ({ eco }) => {
    const good = await start(eco, [
      { name: 'one', script: './task.js', kind: 'task' },
      { name: 'two', script: './task.js', autorestart: false },
    ]);
    expect([await good.ended, good.out.includes('one:0 | ran'), good.out.includes('two:0 | ran')]).toEqual([
      0,
      true,
      true,
    ]);
    const bad = await start(eco, [
      { name: 'idle', script: './idle.js' },
      { name: 'task', script: './fails.js', kind: 'task' },
      { name: 'after', script: './idle.js', depends_on: { task: 'completed' } },
    ]);
    expect(await bad.ended).toBe(3);
    expect(bad.err).toContain('task: task failed, exit code 3');
    expect(bad.err).toContain('    it failed');
    await leftNothing(eco);
  });

  test('restarts what crashes, and ends with the code of what is given up', async ({ eco }) => {
    const run = await start(eco, [
      { name: 'web', script: './crashes.js', max_restarts: 2, restart_delay: 100, min_uptime: '60s' },
    ]);
    expect(await run.ended).toBe(4);
    expect(run.out.match(/web:0 \| up/g)).toHaveLength(3);
    expect(run.err).toContain('exit code 4');
    await leftNothing(eco);
  });

  test('ends with the code of a service that does not come up', async ({ eco }) => {
    const run = await start(eco, [
      { name: 'other', script: './tells.js' },
      { name: 'web', script: './fails.js' },
    ]);
    expect(await run.ended).toBe(3);
    expect(run.err).toContain('it failed');
    await leftNothing(eco);
  });

  test('kills what has not stopped at the end of the grace', async ({ eco }) => {
    const run = await start(eco, [{ name: 'web', script: './stubborn.js' }], ['--grace', '500ms']);
    await eco.eventually(() => run.err.includes('web: started'));
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(run.out).toContain('web:0 | no');
    await leftNothing(eco);
  });

  test('kills at once by the second signal', async ({ eco }) => {
    const run = await start(eco, [{ name: 'web', script: './stubborn.js' }], ['--grace', '10m']);
    await eco.eventually(() => run.err.includes('web: started'));
    run.child.kill('SIGTERM');
    await eco.eventually(() => run.out.includes('web:0 | no'));
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(143);
    await leftNothing(eco);
  });

  test('stops while it still starts', async ({ eco }) => {
    const run = await start(eco, [
      { name: 'slow', script: './stubborn.js', wait_ready: true, kill_timeout: '500ms' },
      { name: 'after', script: './tells.js', depends_on: ['slow'] },
    ]);
    await eco.eventually(() => run.out.includes('slow:0  | up'));
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(143);
    expect(await eco.read('order')).toBe('');
    await leftNothing(eco);
  });

  test('writes JSON lines', async ({ eco }) => {
    const run = await start(
      eco,
      [
        { name: 'one', script: './task.js', kind: 'task' },
        { name: 'two', script: './fails.js', kind: 'task', depends_on: { one: 'completed' } },
      ],
      ['--json'],
    );
    expect(await run.ended).toBe(3);
    const [out = [], err = []] = [run.out, run.err].map((text) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    );
    const of = { project: 'shop', instance: 0, at: expect.any(String) as string };
    expect(out).toEqual([
      { ...of, app: 'one', stream: 'out', line: 'ran', message: 'ran' },
      { ...of, app: 'two', stream: 'err', line: 'it failed', message: 'it failed' },
    ]);
    expect(err.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['step_started', 'worker-started', 'worker-exited', 'step_succeeded', 'step_failed']),
    );
  });

  test('needs no home, runs beside a daemon, and honours files that the apps name', async ({ eco }) => {
    await write(eco, [{ name: 'web', script: './tells.js' }]);
    await eco.apply();
    await mkdir(join(eco.root, 'readonly'));
    await chmod(join(eco.root, 'readonly'), 0o500);
    const run = await start(
      eco,
      [
        { name: 'web', script: './tells.js', out_file: './own.log', error_file: 'NULL' },
        { name: 'one', script: './task.js', kind: 'task' },
      ],
      [],
      { HOME: join(eco.root, 'readonly'), ECO_HOME: '' },
    );
    await eco.eventually(() => run.err.includes('web: started'));
    expect(await eco.read('own-0.log').catch(() => eco.read('own.log'))).toBe('out of web\n');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(143);
    expect(run.out).toBe('one:0 | ran\n');
    expect((await eco.app('web')).status).toBe('ready');
    await chmod(join(eco.root, 'readonly'), 0o700);
  });

  test('refuses a file that is wrong, and has nothing to do for one without apps', async ({ eco }) => {
    const wrong = await start(eco, [{ name: 'web', script: './tells.js', instnaces: 2 }]);
    expect([await wrong.ended, wrong.err]).toEqual([3, expect.stringContaining('instnaces')]);
    const none = await start(eco, []);
    expect([await none.ended, none.err]).toEqual([0, expect.stringContaining('nothing to run')]);
    const unknown = await start(eco, [{ name: 'web', script: './tells.js' }], ['--only', 'wbe']);
    expect([(await unknown.ended) === 0, unknown.err]).toEqual([false, expect.stringContaining('wbe')]);
  });

  test.runIf(process.getuid?.() === 0)('runs as a user that the machine does not know', async ({ eco }) => {
    await write(eco, [{ name: 'one', script: './task.js', kind: 'task' }]);
    for (const path of [eco.root, eco.folder, join(eco.root, 'tmp')]) await chmod(path, 0o777);
    // Where the tests keep it, it is theirs alone.
    const here = dirname(dirname(eco.binary));
    for (const part of ['dist', 'schemas'])
      await cp(join(here, part), join(eco.root, 'eco', part), { recursive: true });
    const child = spawn(process.execPath, [join(eco.root, 'eco', 'dist', 'eco.js'), 'run'], {
      cwd: eco.folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: '/', TMPDIR: join(eco.root, 'tmp') },
      uid: 123_456,
      gid: 0,
    });
    const run = follow(child);
    expect([await run.ended, run.out, run.err.includes('one: completed')]).toEqual([0, 'one:0 | ran\n', true]);
  });
});

/** As in a container: a process namespace of its own, in which it is number 1. */
const isolation = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const canIsolate = spawnSync('unshare', [...isolation.slice(1), 'true']).status === 0;

describe.runIf(canIsolate).concurrent('eco run as the first process', () => {
  const ORPHANS = `
    const { spawn } = require('node:child_process');
    const { readdirSync, readFileSync } = require('node:fs');
    for (let i = 0; i < 5; i++) spawn('sh', ['-c', 'sleep 0.2 & exit 0'], { detached: true, stdio: 'ignore' });
    const state = (pid) => { try { return readFileSync('/proc/' + pid + '/stat', 'latin1').split(') ')[1][0]; } catch { return ''; } };
    const zombies = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && state(name) === 'Z').length;
    const sleepers = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && readFileSync('/proc/' + name + '/cmdline', 'latin1').startsWith('sleep')).length;
    const wait = () => { try { if (sleepers() > 0) return setTimeout(wait, 50); } catch { return setTimeout(wait, 50); } setTimeout(() => console.log('zombies ' + zombies()), 300); };
    setTimeout(wait, 100);
  `;

  test.for(inject('nodeLines'))('on Node $line', async ({ line, program }, { eco }) => {
    const run = await start(eco, [{ name: 'task', script: './orphans.js', kind: 'task' }], [], { ORPHANS }, [
      ...isolation,
      program,
    ]);
    const code = await run.ended;
    const reaps = Number(line) >= 22;
    expect({ code, out: run.out, warned: run.err.includes('--init') }).toEqual({
      code: 0,
      out: `task:0 | zombies ${reaps ? 0 : 5}\n`,
      warned: !reaps,
    });
  });

  test.for(inject('nodeLines'))(
    'stops by SIGTERM, and tells how it ended, on Node $line',
    async ({ program }, { eco }) => {
      const run = await start(eco, [{ name: 'web', script: './tells.js' }], [], {}, [...isolation, program]);
      await eco.eventually(() => run.err.includes('web: started'));
      const [first] = await childrenOf(run.child.pid ?? 0);
      process.kill(first ?? 0, 'SIGTERM');
      expect(await run.ended).toBe(143);
      expect(await eco.read('order')).toBe('start web\nstop web\n');

      const failed = await start(eco, [{ name: 'task', script: './fails.js', kind: 'task' }], [], {}, [
        ...isolation,
        program,
      ]);
      expect(await failed.ended).toBe(3);
    },
  );

  test.for(inject('nodeLines'))(
    'from a terminal one Ctrl-C is one signal, on Node $line',
    async ({ program }, { eco }) => {
      await write(eco, [{ name: 'web', script: './stubborn.js' }]);
      const terminal = join(import.meta.dirname, '..', 'support', 'pseudo-terminal.py');
      const child = spawn('python3', [terminal, ...isolation, program, eco.binary, 'run', '--grace', '1500ms'], {
        cwd: eco.folder,
        env: environment(eco),
      });
      const run = follow(child);
      await eco.eventually(() => run.out.includes('web: started'));
      child.stdin.write('\u0003');
      expect(await run.ended).toBe(130);
      expect(run.out).toContain('told to stop');
      expect(run.out).not.toContain('The apps are killed');
    },
  );
});

interface Run {
  readonly child: ChildProcess;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  readonly out: string;
  readonly err: string;
}

async function write(eco: EcoRig, apps: readonly object[]): Promise<void> {
  await mkdir(join(eco.root, 'tmp'), { recursive: true });
  await eco.write({
    'ecosystem.json': { project: 'shop', apps: apps.map((app) => ({ env: { ORDER: eco.path('order') }, ...app })) },
    'tells.js': TELLS,
    'stubborn.js': STUBBORN,
    'task.js': `console.log('ran')`,
    'fails.js': `console.error('it failed'); process.exitCode = 3;`,
    'crashes.js': `console.log('up'); setTimeout(() => process.exit(4), 1500);`,
    'idle.js': `setInterval(() => {}, 1000);`,
    'orphans.js': 'eval(process.env.ORPHANS)',
    order: '',
  });
}

async function start(
  eco: EcoRig,
  apps: readonly object[],
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  [command = process.execPath, ...before]: readonly string[] = [],
): Promise<Run> {
  const passed = { ORDER: eco.path('order'), ...env };
  await write(
    eco,
    apps.map((app) => ({ ...app, env: passed })),
  );
  const child = spawn(command, [...before, eco.binary, 'run', ...args], {
    cwd: eco.folder,
    env: { ...environment(eco), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return follow(child);
}

function environment(eco: EcoRig): Record<string, string> {
  const tmp = join(eco.root, 'tmp');
  return { PATH: process.env['PATH'] ?? '', HOME: join(eco.root, 'user'), ECO_HOME: eco.home, TMPDIR: tmp };
}

function follow(child: ChildProcess): Run {
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.err += chunk));
  const ended = once(child, 'close', { signal: AbortSignal.timeout(60_000) }).then(([code]) => code as number | null);
  return {
    child,
    ended,
    get out() {
      return text.out;
    },
    get err() {
      return text.err;
    },
  };
}

async function leftNothing(eco: EcoRig): Promise<void> {
  await eco.eventually(() => eco.processes().length === 0, { within: 2000 });
  expect(await readdir(join(eco.root, 'tmp'))).toEqual([]);
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}
