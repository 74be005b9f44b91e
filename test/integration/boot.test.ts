import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { expect, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { gone, isAlive, kill } from '../support/processes.ts';

const SERVER = `
const { appendFileSync } = require('node:fs');
setTimeout(() => {
  require('node:http').createServer((_, response) => response.end()).listen(Number(process.env.PORT), () => {
    appendFileSync(process.env.ORDER, process.env.ECO_APP + '\\n');
  });
}, Number(process.env.DELAY));
`;

test('after a boot the daemon starts every app that was to run, in the order of their dependencies', async ({
  rig,
}) => {
  const specs = await apps(rig);
  await rig.startDaemon();
  for (const spec of specs) await rig.ok({ type: 'start', spec });
  await rig.client.step(stopOf('stopped'), { signal: AbortSignal.timeout(10_000), onProgress: () => {} });
  const before = await cutPower(rig);
  await writeFile(rig.path('order'), '');

  await rig.startDaemon();
  await eventually(async () => (await order(rig)).length === 3);
  expect(await order(rig)).toEqual(['db', 'api', 'web']);
  await eventually(async () => (await rig.pids('web')).length === 1);
  const now = await Promise.all(['db', 'api', 'web'].map(async (name) => rig.observe(name)));
  expect(now.flatMap(({ workers }) => workers.map(({ restarts }) => restarts))).toEqual([0, 0, 0]);
  expect(
    now.flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? [])).some((pid) => before.includes(pid)),
  ).toBe(false);
  expect((await rig.observe('stopped')).workers).toEqual([]);
});

test('a home that a newer eco has used is refused, and nothing in it is touched', async ({ rig }) => {
  const [db] = await apps(rig);
  if (db === undefined) throw new Error('no spec');
  await rig.startDaemon();
  await rig.ok({ type: 'start', spec: db });
  const [pid = 0] = await rig.pids('db');
  await rig.killDaemon();
  const home = join(rig.home, 'home.json');
  const ours = await readFile(home, 'utf8');
  await writeFile(home, JSON.stringify({ format: 99, version: '9.9.9', bootId: 'x' }));
  expect(await once(rig.spawnDaemon(), 'exit')).toEqual([11, null]);
  expect(await rig.readLogs()).toContain('was last used by eco 9.9.9');
  expect(isAlive(pid)).toBe(true);
  await writeFile(home, ours);
  await rig.startDaemon();
  expect(await rig.pids('db')).toEqual([pid]);
});

/** `web` needs `api`, which needs `db`, which is slow; nothing needs `stopped`. */
async function apps(rig: DaemonRig): Promise<readonly AppSpec[]> {
  const script = await rig.write('server.cjs', SERVER);
  const app = async (name: string, fields: Partial<AppSpec> = {}, delay = 0): Promise<AppSpec> => {
    const env = { PORT: String(await freePort()), ORDER: rig.path('order'), DELAY: String(delay) };
    return rig.spec(script, { name, env, ...fields });
  };
  return [
    await app('db', {}, 300),
    await app('api', { dependsOn: { db: 'ready' } }, 100),
    await app('web', { dependsOn: { api: 'ready' } }),
    await app('stopped'),
  ];
}

function stopOf(app: string) {
  const by = { user: 'test', host: 'here', pid: 1 };
  return { project: 'test', app, action: { type: 'stop', workers: 1 }, by, asked: 'hand', manifest: null } as const;
}

/** Everything ends at once; what is left are the files, and another boot. Answers the pids that were. */
async function cutPower(rig: DaemonRig): Promise<readonly number[]> {
  const pids = (await Promise.all(['db', 'api', 'web'].map(async (name) => rig.pids(name)))).flat();
  await rig.killDaemon();
  for (const pid of pids) kill(pid);
  await gone(pids, { within: 5000 });
  await rewriteBootIds(rig);
  return pids;
}

async function rewriteBootIds(rig: DaemonRig): Promise<void> {
  const files = (await readdir(rig.home, { recursive: true })).filter((name) => name.endsWith('.json'));
  for (const name of files) {
    const text = await readFile(join(rig.home, name), 'utf8');
    await writeFile(join(rig.home, name), text.replaceAll(/"bootId":"[^"]*"/g, '"bootId":"an earlier boot"'));
  }
}

async function order(rig: DaemonRig): Promise<readonly string[]> {
  return (await readFile(rig.path('order'), 'utf8')).split('\n').filter((line) => line !== '');
}
