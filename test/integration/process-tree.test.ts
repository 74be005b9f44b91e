import { readProcess } from '../../src/platform/process-table.ts';
import { describe, expect, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive } from '../support/processes.ts';

/** Prints its pids; `stubborn` ones ignore SIGTERM. */
const FAMILY = `
const { spawn } = require('node:child_process');
const stubborn = "process.on('SIGTERM', () => {}); process.send?.('up'); setInterval(() => {}, 1000);";
const start = (options) => spawn(process.execPath, ['-e', stubborn], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], ...options });
const child = start({});
const runaway = start({ detached: true });
// The parent of this one ends at once, so that it belongs to nobody any more.
const middle = "const { spawn } = require('node:child_process');" +
  "const orphan = spawn(process.execPath, ['-e', " + JSON.stringify("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);") + "], { detached: true, stdio: 'ignore' });" +
  "process.send(orphan.pid, () => process.exit());";
const between = spawn(process.execPath, ['-e', middle], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
const heard = (process) => new Promise((resolve) => process.once('message', resolve));
Promise.all([heard(child), heard(runaway), heard(between)]).then(([, , orphan]) => {
  console.log(JSON.stringify({ child: child.pid, runaway: runaway.pid, orphan }));
});
`;

interface Family {
  readonly child: number;
  readonly runaway: number;
  readonly orphan: number;
}

describe('the tree of a worker', { concurrent: true }, () => {
  test('is gone after a stop: children that ignore SIGTERM, in sessions of their own, or without a parent', async ({
    rig,
  }) => {
    await rig.startDaemon();
    const script = await rig.write('app.cjs', `process.on('SIGTERM', () => {});${FAMILY}`);
    await rig.ok({ type: 'start', spec: rig.spec(script, { killTimeout: 800 }) });
    const [pid = 0] = await rig.pids();
    const { child, runaway, orphan } = await rig.printed<Family>();
    expect(readProcess(runaway)?.session).toBe(runaway);
    expect(readProcess(orphan)).toMatchObject({ session: orphan });
    expect(readProcess(orphan)?.parent).not.toBe(pid);
    await rig.ok({ type: 'stop', workers: 1 });
    expect([pid, child, runaway, orphan].filter(isAlive)).toEqual([]);
  });

  test('is gone after a stop when the program itself ends at once', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.cjs', FAMILY);
    await rig.ok({ type: 'start', spec: rig.spec(script, { killTimeout: 800 }) });
    const { child, runaway, orphan } = await rig.printed<Family>();
    await rig.ok({ type: 'delete', workers: 1 });
    expect([child, runaway, orphan].filter(isAlive)).toEqual([]);
  });

  test('is gone when the program crashes, before the next one starts', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.cjs', `${FAMILY}process.on('SIGUSR2', () => process.exit(3));`);
    await rig.ok({ type: 'start', spec: rig.spec(script, { restartDelay: 50 }) });
    const [pid = 0] = await rig.pids();
    const { child, runaway, orphan } = await rig.printed<Family>();
    process.kill(pid, 'SIGUSR2');
    await eventually(async () => (await rig.pids()).some((now) => now !== pid));
    expect([child, runaway, orphan].filter(isAlive)).toEqual([]);
    expect((await rig.observe()).workers).toMatchObject([{ restarts: 1, lastExit: { type: 'exit-code', code: 3 } }]);
  });

  test('of a shell script is gone, too', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.sh', 'sleep 1234 &\nsetsid sleep 1235 &\necho "[$!]"\nwait\n');
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter: { type: 'program', path: 'sh' } }) });
    const [apart = 0] = await rig.printed<readonly number[]>();
    expect(isAlive(apart)).toBe(true);
    await rig.ok({ type: 'stop', workers: 1 });
    expect(isAlive(apart)).toBe(false);
  });

  test('of a neighbour is left alone', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.cjs', 'setInterval(() => {}, 1000);');
    await rig.ok({ type: 'start', spec: rig.spec(script) });
    await rig.ok({ type: 'start', spec: rig.spec(script, { name: 'neighbour' }) });
    const [neighbour = 0] = await rig.pids('neighbour');
    await rig.ok({ type: 'stop', workers: 1 });
    expect(isAlive(neighbour)).toBe(true);
    expect(await rig.pids('neighbour')).toEqual([neighbour]);
  });
});
