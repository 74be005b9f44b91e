import { describe, expect, test } from '../support/eco-test.ts';
import { eventually } from '../support/eventually.ts';
import { kill } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const SERVER = `
const http = require('node:http');
process.on('SIGUSR2', () => console.log('signalled ' + process.pid));
http.createServer((_request, response) => response.end('ok')).listen(process.env.PORT);
`;

/** Ready two seconds after its start. */
const SLOW = `setTimeout(() => require('node:http').createServer().listen(process.env.PORT), 2000);`;

async function startWeb(eco: EcoRig): Promise<void> {
  const env = { PORT: await eco.port(), API_TOKEN: 'hunter2' };
  const web = { name: 'web', script: './server.js', instances: 2, exec_mode: 'cluster', env };
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [web] }, 'server.js': SERVER });
  await eco.apply();
}

interface Event {
  readonly type: string;
  readonly worker?: string;
  readonly pid?: number;
  readonly cause?: object;
}

async function eventsOf(eco: EcoRig, ...words: readonly string[]): Promise<readonly Event[]> {
  const { stdout } = await eco.ok(['events', ...words, '--json']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
}

describe.concurrent('what people look at, and set right', () => {
  test('a signal reaches one worker or all, and is kept as an event', async ({ eco }) => {
    await startWeb(eco);
    const [first] = (await eco.app('web')).workers;
    await eco.ok(['signal', 'SIGUSR2', 'web:0']);
    const output = async () => (await eco.ok(['logs', 'web', '--raw', '--no-follow'])).stdout.trim().split('\n').sort();
    await eventually(async () => (await output())[0] === `signalled ${first?.pid}`);
    await eco.ok(['signal', 'USR2', 'web']);
    await eventually(async () => (await output()).length === 3);
    const signalled = (await eventsOf(eco, 'web')).filter(({ type }) => type === 'worker-signalled');
    expect(signalled).toMatchObject([
      { signal: 'SIGUSR2', worker: expect.stringMatching(/^shop\/web:0#/) as unknown },
      { signal: 'SIGUSR2' },
      { signal: 'SIGUSR2' },
    ]);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('the restarts of an app are counted from zero again', async ({ eco }) => {
    await startWeb(eco);
    kill((await eco.pids('web'))[0] ?? 0);
    await eventually(async () => (await eco.app('web')).restarts === 1 && (await eco.app('web')).ready === 2);
    expect((await eco.ok(['reset', 'web'])).stdout).toBe('web: restarts 1 → 0\n');
    expect(await eco.app('web')).toMatchObject({ restarts: 0, ready: 2 });
  });

  test('reset starts at once what would wait for its next attempt', async ({ eco }) => {
    const web = { name: 'web', script: './server.js', restart: { delay: '1h', max_delay: '1h' }, env: {} };

    await eco.write({
      'ecosystem.json': { project: 'shop', apps: [{ ...web, env: { PORT: await eco.port() } }] },
      'server.js': 'process.exit(1);',
    });
    expect((await eco.run(['apply'])).exitCode).toBe(9);
    await eventually(async () => (await eco.app('web')).status === 'backing-off');
    await eco.write({ 'server.js': SERVER });
    await eco.ok(['reset', 'web']);
    expect((await eco.ok(['wait', 'web', '--timeout', '30s'])).stdout).toContain('web: ready (1/1)');
  });

  test('wait ends when the app is ready, and exits 10 before if it may not wait so long', async ({ eco }) => {
    const env = { PORT: await eco.port() };
    const slow = { name: 'slow', script: './slow.js', readiness: { listening: true }, env };
    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [slow] }, 'slow.js': SLOW });
    const applying = eco.run(['apply']);
    await eventually(async () => (await eco.list()).length === 1);
    expect((await eco.run(['wait', 'slow', '--timeout', '100ms'])).exitCode).toBe(10);
    expect((await eco.run(['wait', 'slow'])).exitCode).toBe(0);
    expect((await applying).exitCode).toBe(0);
  });

  test('events tell what happened to an app, also once it is gone', async ({ eco }) => {
    await startWeb(eco);
    const [pid = 0] = await eco.pids('web');
    kill(pid);
    await eventually(async () => (await eventsOf(eco, 'web')).some(({ type }) => type === 'worker-exited'));
    const exited = (await eventsOf(eco)).find(({ type }) => type === 'worker-exited');
    expect(exited).toMatchObject({ cause: { type: 'signal', signal: 'SIGKILL' }, expected: false });
    await eco.ok(['delete', 'web']);
    expect((await eco.ok(['events', 'web'])).stdout).toContain('delete done');
    expect((await eco.run(['events', 'wev'])).exitCode).toBe(1);
  });

  test('events can be followed', async ({ eco }) => {
    await startWeb(eco);
    const following = eco.start(['events', 'web', '--follow', '--lines', '0']);
    let text = '';
    following.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await eventually(async () => {
      await eco.ok(['signal', 'USR2', 'web:1']);
      return text.includes('SIGUSR2 sent by');
    });
    following.kill('SIGINT');
  });

  test('the environment of an app, without its secrets', async ({ eco }) => {
    await startWeb(eco);
    const { stdout } = await eco.ok(['env', 'web']);
    expect(stdout).toMatch(/^API_TOKEN=\*\*\*\nPORT=\d+\n$/);
  });
});
