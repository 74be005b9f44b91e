import type { AppSpec } from '../../src/domain/app-spec.ts';
import { DEFAULTS } from '../../src/domain/policies.ts';
import type { DaemonRig } from '../support/daemon-rig.ts';
import { get } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { kill } from '../support/processes.ts';

/** Says when it was started, and ends with a code of its own; `served`: once it has been ready. */
const ends = (code: number, { served = false } = {}): string =>
  `console.log(Date.now()); setTimeout(() => process.exit(${code}), ${served ? 400 : 0});`;

/** Ready as soon as it is there: a run of that is no failed start. */
const READY_AT_ONCE: Partial<AppSpec> = { rollout: { ...DEFAULTS.rollout, minReady: 100 } };

async function phase(rig: DaemonRig): Promise<string | undefined> {
  return (await rig.observe()).workers[0]?.phase;
}

/** Between one start and the next, in milliseconds. */
async function gaps(rig: DaemonRig): Promise<readonly number[]> {
  const starts = (await rig.output('out')).trim().split('\n').map(Number);
  return starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
}

describe('a program that ends', () => {
  test.for<[string, number, { readonly served?: boolean }, Partial<AppSpec>, string, number]>([
    ['with 125 is not started again', 125, { served: true }, {}, 'failed', 1],
    ['with a stop exit code is done', 3, { served: true }, { stopExitCodes: [3] }, 'completed', 1],
    ['with one before it was ready has failed', 3, {}, { stopExitCodes: [3] }, 'failed', 1],
    ['with 0 under restart.policy on-failure is done', 0, { served: true }, { stopExitCodes: [0] }, 'completed', 1],
    ['without autorestart stays as it is', 1, { served: true }, { autorestart: false }, 'failed', 1],
    ['is given up at max_restarts', 1, {}, { maxRestarts: 2, restartDelay: 5 }, 'failed', 3],
    ['is not started again with max_restarts 0', 1, {}, { maxRestarts: 0 }, 'failed', 1],
    [
      'is given up at restart.give_up, even if each run was a good one',
      1,
      { served: true },
      { minUptime: 50, restart: { ...DEFAULTS.restart, giveUp: { count: 2, window: 60_000 } } },
      'failed',
      3,
    ],
  ])('%s', async ([, code, how, fields, expected, starts], { rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.js', ends(code, how));
    await rig.step({ type: 'start', spec: rig.spec(script, { ...READY_AT_ONCE, ...fields }) });
    await eventually(async () => (await phase(rig)) === expected);
    expect((await rig.observe()).workers[0]).toMatchObject({ lastExit: { type: 'exit-code', code }, pid: null });
    expect((await rig.output('out')).trim().split('\n')).toHaveLength(starts);
  });

  test.for<[string, Partial<AppSpec>, readonly number[]]>([
    ['restart_delay', { restartDelay: 300 }, [300, 300, 300]],
    ['exp_backoff_restart_delay', { expBackoffRestartDelay: 200 }, [200, 300, 450]],
    ['restart.delay and max_delay', { restart: { ...DEFAULTS.restart, delay: 200, maxDelay: 300 } }, [150, 150, 225]],
  ])('is started again after %s', async ([, fields, atLeast], { rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.js', ends(1));
    await rig.step({ type: 'start', spec: rig.spec(script, fields) });
    await eventually(async () => (await gaps(rig)).length >= atLeast.length);
    const found = (await gaps(rig)).slice(0, atLeast.length);
    for (const [index, gap] of found.entries()) expect(gap).toBeGreaterThanOrEqual((atLeast[index] ?? 0) - 5);
  });

  test('after a good run is there again at once', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.js', ends(1, { served: true }));
    await rig.step({ type: 'start', spec: rig.spec(script, { ...READY_AT_ONCE, minUptime: 50 }) });
    await eventually(async () => (await gaps(rig)).length >= 5);
    // Its own 400 ms, and the start of a Node program; any wait of the backoff would be 750 ms more.
    expect(Math.min(...(await gaps(rig)))).toBeLessThan(1150);
  });
});

test('a crash loop at full speed delays no restart of another app', async ({ rig }) => {
  await rig.startDaemon();
  const port = await freePort();
  const server = await rig.write(
    'server.js',
    `require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(${port}, '127.0.0.1');`,
  );
  await rig.ok({ type: 'start', spec: rig.spec(server, { name: 'web', minUptime: 0 }) });
  const loop = { name: 'loop', interpreter: { type: 'none' }, restartDelay: 0 } as const;
  await rig.step({ type: 'start', spec: rig.spec('/bin/false', loop) });
  await eventually(async () => ((await rig.observe('loop')).workers[0]?.restarts ?? 0) > 16);

  const victim = Number(await get(port));
  const killed = performance.now();
  kill(victim);
  await eventually(async () => Number(await get(port)) !== victim);
  expect(performance.now() - killed).toBeLessThan(1000);
  expect((await rig.observe('loop')).workers[0]).toMatchObject({ lastExit: { type: 'exit-code', code: 1 } });
});
