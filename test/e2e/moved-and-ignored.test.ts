import { once } from 'node:events';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone } from '../support/processes.ts';

const SERVER = `
const http = require('node:http');
if (process.env.BROKEN) process.exit(3);
const { ECO_APP: app, LEVEL: level } = process.env;
http.createServer((_request, response) => setTimeout(() => response.end(JSON.stringify({ app, level, pid: process.pid })), 20))
  .listen(process.env.PORT);
`;

function file(app: object) {
  const web = { script: './server.js', revision: 'none', listen_timeout: '20s', rollout: { min_ready: 0 }, ...app };
  return { 'server.js': SERVER, 'ecosystem.json': { project: 'shop', apps: [web] } };
}

describe.concurrent('moved_from', () => {
  test('renames an app without a failed request, with its history, and once', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write(file({ name: 'backend', instances: 2, env: { PORT } }));
    await eco.apply();
    const before = await eco.pids('backend');
    await eco.write(file({ name: 'api', moved_from: 'backend', instances: 2, env: { PORT } }));
    expect((await eco.ok(['plan'])).stdout).toMatch(/\+ api +start 2 workers +was backend before/);
    expect((await eco.ok(['plan'])).stdout).not.toContain('delete');

    const over = new AbortController();
    const asking = (async () => {
      const apps = new Set<unknown>();
      while (!over.signal.aborted) apps.add((await eco.get(PORT)).body['app']);
      return apps;
    })();
    await eco.apply();
    await eco.eventually(async () => (await eco.get(PORT)).body['app'] === 'api');
    over.abort();
    expect(await asking).toEqual(new Set(['backend', 'api']));
    expect((await eco.list()).map(({ name, ready }) => `${name} ${ready}`)).toEqual(['api 2']);
    for (const pid of await eco.pids('api')) expect(before).not.toContain(pid);
    const history = await eco.json<{ revisions: readonly { revision: number; result: string }[] }>(['history', 'api']);
    expect(history.revisions.map(({ revision, result }) => `${revision} ${result}`)).toEqual([
      '1 succeeded',
      '2 succeeded',
    ]);
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
    // The next daemon knows it by its new name, and what it listens on.
    await eco.ok(['daemon', 'stop']);
    await eco.ok(['reload', 'api']);
    expect((await eco.get(PORT)).body['app']).toBe('api');
  });

  test('that does not come up leaves the app what and where it was', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write(file({ name: 'backend', env: { PORT } }));
    await eco.apply();
    const pid = await eco.pid('backend');
    await eco.write(file({ name: 'api', moved_from: 'backend', env: { PORT, BROKEN: 1 } }));
    const { exitCode } = await eco.run(['apply']);
    expect(exitCode).not.toBe(0);
    expect(await eco.pids('backend')).toEqual([pid]);
    expect((await eco.get(PORT)).body['app']).toBe('backend');
    await eco.write(file({ name: 'api', moved_from: 'backend', env: { PORT } }));
    await eco.apply();
    expect((await eco.list()).map(({ name }) => name)).toEqual(['api']);
    expect((await eco.get(PORT)).body['app']).toBe('api');
  });
});

describe.concurrent('a move whose daemon is killed', () => {
  /** Says that it was begun, and serves once there is a file that lets it; ends only once there is one that lets it do that. */
  const SLOW = `
const { existsSync, appendFileSync } = require('node:fs');
const { ECO_APP: app, PORT } = process.env;
appendFileSync('begun', app + '\\n');
const when = (file, act) => { const timer = setInterval(() => existsSync(file) && (clearInterval(timer), act()), 20); };
when(app + '-may-serve', () => require('node:http').createServer((_, response) => response.end(JSON.stringify({ app }))).listen(PORT));
process.on('SIGTERM', () => when(app + '-may-end', () => process.exit(0)));
`;
  const shop = (fields: object) => ({
    ...file({ listen_timeout: '60s', kill_timeout: '60s', ...fields }),
    'server.js': SLOW,
  });

  async function killDaemon(eco: EcoRig): Promise<void> {
    const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
    process.kill(pid, 'SIGKILL');
    await gone([pid], { within: 5000 });
  }

  /** One app of the new name, with one process. */
  async function isMoved(eco: EcoRig, port: number): Promise<void> {
    expect((await eco.list()).map(({ name, ready }) => `${name} ${ready}`)).toEqual(['api 1']);
    expect((await eco.get(port)).body['app']).toBe('api');
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
    expect(eco.processes().filter(({ command }) => command.includes('server.js'))).toHaveLength(1);
  }

  test('before the new workers serve is finished by the next apply', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write({ ...shop({ name: 'backend', env: { PORT } }), 'backend-may-serve': '', 'backend-may-end': '' });
    await eco.apply();
    await eco.write(shop({ name: 'api', moved_from: 'backend', env: { PORT } }));
    const apply = eco.start(['apply']);
    await eco.eventually(async () => (await eco.read('begun')).includes('api'));
    await killDaemon(eco);
    await once(apply, 'exit');
    expect((await eco.get(PORT)).body['app']).toBe('backend');
    await eco.write({ 'api-may-serve': '', 'api-may-end': '' });
    await eco.apply();
    await isMoved(eco, PORT);
  });

  test('while the old workers end is finished by the next daemon', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write({ ...shop({ name: 'backend', env: { PORT } }), 'backend-may-serve': '' });
    await eco.apply();
    await eco.write({
      ...shop({ name: 'api', moved_from: 'backend', env: { PORT } }),
      'api-may-serve': '',
      'api-may-end': '',
    });
    const apply = eco.start(['apply']);
    await eco.eventually(async () => (await eco.get(PORT)).body['app'] === 'api');
    await eco.eventually(async () => (await eco.app('backend')).status === 'stopping');
    await killDaemon(eco);
    await once(apply, 'exit');
    await eco.write({ 'backend-may-end': '' });
    await eco.ok(['daemon', 'start']);
    await eco.eventually(async () => (await eco.list()).length === 1);
    await isMoved(eco, PORT);
  });
});

test('ignore_changes leaves alone what somebody else decides', async ({ eco }: { readonly eco: EcoRig }) => {
  const PORT = await eco.port();
  const ignore = { ignore_changes: ['instances', 'env.LEVEL', 'kill_timeout'] };
  await eco.write(file({ name: 'api', instances: 1, env: { PORT, LEVEL: 'info' }, ...ignore }));
  await eco.apply();
  await eco.ok(['scale', 'api', '3']);
  await eco.edit('ecosystem.json', '"info"', '"debug"');
  await eco.edit('ecosystem.json', '"listen_timeout"', '"kill_timeout": 9999, "listen_timeout"');
  expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  await eco.edit('ecosystem.json', '"PORT"', '"NEW": 1, "PORT"');
  const { stdout } = await eco.apply();
  expect(stdout).toContain('env.NEW');
  expect(stdout).not.toMatch(/LEVEL|instances {2}/);
  expect((await eco.app('api')).ready).toBe(3);
  expect((await eco.get(PORT)).body['level']).toBe('info');
  await eco.edit('ecosystem.json', '"env.LEVEL"', '"env.OTHER"');
  await eco.apply();
  expect((await eco.get(PORT)).body['level']).toBe('debug');
  await eco.edit('ecosystem.json', '"env.OTHER"', '"instance"');
  expect((await eco.run(['plan'])).all).toContain('error[ECO1314]: "instance" is no option; did you mean "instances"?');
});
