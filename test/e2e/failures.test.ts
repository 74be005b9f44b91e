import { rm } from 'node:fs/promises';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone, kill } from '../support/processes.ts';

const KEEPER = { name: 'keeper', script: 'sleep', args: ['1000'], interpreter: 'none' };
const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'failing', apps } });

describe.concurrent('an app that', () => {
  test('exits at once fails the apply with its exit code and last lines; the others are applied', async ({ eco }) => {
    await eco.write(
      fileWith(
        { name: 'broken', script: eco.worker('crashes-at-once'), listen_timeout: '1m', revision: 'none' },
        KEEPER,
      ),
    );
    const { exitCode, all, wall } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(wall).toBeLessThan(60_000);
    expect(all).toContain('exit code 3');
    expect(all).toContain('reading the settings');
    expect(all).toContain('Error: DATABASE_URL is not set');
    expect(all).toMatch(/broken: rollout failed, nothing is serving/);
    expect(await eco.app('keeper')).toMatchObject({ status: 'ready', ready: 1 });
    expect((await eco.app('broken')).ready).toBe(0);
  });

  test('exits half a second after its start has failed to start', async ({ eco }) => {
    await eco.write(fileWith({ name: 'broken', script: eco.worker('exits-after-500ms'), revision: 'none' }));
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(all).toContain('exit code 4');
  });

  test('cannot be spawned fails with the reason', async ({ eco }) => {
    await eco.write({
      ...fileWith({ name: 'broken', script: './tool', interpreter: 'none', revision: 'none' }),
      tool: 'no program',
    });
    const { exitCode, all } = await eco.run(['apply']);
    expect([3, 9]).toContain(exitCode);
    expect(all).toMatch(/EACCES|ENOEXEC|not executable/);
  });

  test('never sends the ready that it promised fails when listen_timeout is over', async ({ eco }) => {
    await eco.write(
      fileWith({
        name: 'mute',
        script: eco.worker('never-sends-ready'),
        wait_ready: true,
        listen_timeout: 1500,
        kill_timeout: 1000,
        revision: 'none',
      }),
    );
    const { exitCode, all, wall } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(wall).toBeGreaterThan(1500);
    expect(all).toContain('waiting for a lock that nobody releases');
  });

  test('sends ready late is waited for', async ({ eco }) => {
    await eco.write(
      fileWith({
        name: 'late',
        script: eco.worker('sends-ready-late'),
        env: { READY_AFTER: 2000 },
        wait_ready: true,
        revision: 'none',
      }),
    );
    expect((await eco.apply()).wall).toBeGreaterThan(2000);
    expect(await eco.app('late')).toMatchObject({ status: 'ready', ready: 1 });
  });

  test('works keeps serving when its new version does not start', async ({ eco }) => {
    const port = await eco.port();
    const web = {
      name: 'web',
      cwd: 'web',
      script: 'server.js',
      instances: 2,
      env: { PORT: port },
      listen_timeout: '5s',
    };
    await eco.copyFixture('apps/http', 'web');
    await eco.write(fileWith(web));
    await eco.apply();
    const working = await eco.pids('web');

    await eco.edit(
      'web/server.js',
      'const version = 1',
      'throw new Error("port is taken by the past"); const version = 2',
    );
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(8);
    expect(all).toContain('port is taken by the past');
    expect(all).toMatch(/web: rollout failed, revision 1 is still serving \(2\/2 ready\)/);
    expect(await eco.pids('web')).toEqual(working);
    expect((await eco.get(port)).body['version']).toBe(1);

    expect((await eco.ok(['plan', '--json'])).stdout).toContain('"app"');
    await eco.edit('web/server.js', 'throw new Error("port is taken by the past"); ', '');
    await eco.apply();
    expect((await eco.get(port)).body['version']).toBe(2);
    await gone(working, { within: 1000 });
  });

  test('listened before keeps serving when its new version never listens', async ({ eco }) => {
    const port = await eco.port();
    await eco.copyFixture('apps/http', 'web');
    await eco.write(
      fileWith({ name: 'web', cwd: 'web', script: 'server.js', env: { PORT: port }, listen_timeout: '2s' }),
    );
    await eco.apply();
    const working = await eco.pid('web');

    await eco.write({ 'web/server.js': 'setInterval(() => {}, 1000);' });
    expect((await eco.run(['apply'])).exitCode).toBe(8);
    expect(await eco.pid('web')).toBe(working);
    expect((await eco.get(port)).body).toMatchObject({ version: 1, pid: working });
  });

  test('is killed is started again, and answers', async ({ eco }) => {
    const port = await eco.port();
    await eco.copyFixture('apps/http', 'web');
    await eco.write(fileWith({ name: 'web', cwd: 'web', script: 'server.js', env: { PORT: port } }));
    await eco.apply();
    const killed = await eco.pid('web');

    kill(killed);
    const { body } = await eco.eventually(() => eco.get(port));
    expect(body['pid']).not.toBe(killed);
    await eco.eventually(async () => (await eco.app('web')).status === 'ready');
    expect((await eco.app('web')).restarts).toBe(1);
    expect(await eco.pid('web')).toBe(body['pid']);
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  });

  test('crashes on a request is started again', async ({ eco }) => {
    const port = await eco.port();
    await eco.write(
      fileWith({ name: 'web', script: eco.worker('crashes-on-request'), env: { PORT: port }, revision: 'none' }),
    );
    await eco.apply();
    await expect(eco.get(port, '/crash')).rejects.toThrow();
    await eco.eventually(() => eco.get(port));
    await eco.eventually(async () => (await eco.app('web')).restarts === 1);
  });

  test('gives up after max_restarts is shown as failed, and the next apply starts it', async ({ eco }) => {
    await eco.write(
      fileWith({
        name: 'broken',
        script: './broken.js',
        max_restarts: 2,
        min_uptime: '10s',
        restart_delay: 50,
        revision: 'none',
      }),
    );
    await eco.write({ 'broken.js': 'process.exit(7);' });
    expect((await eco.run(['apply'])).exitCode).toBe(9);
    await eco.eventually(async () => (await eco.app('broken')).status === 'failed');

    await eco.write({ 'broken.js': 'setInterval(() => {}, 1000);' });
    await eco.apply();
    expect(await eco.app('broken')).toMatchObject({ status: 'ready', ready: 1 });
  });
});

describe.concurrent('a task', () => {
  test('runs to completion before its dependents start, once', async ({ eco }) => {
    const trace = eco.path('trace');
    const traced = (name: string, more: object) => ({ name, revision: 'none', env: { TRACE: trace }, ...more });
    const task = { kind: 'task', script: eco.worker('task-succeeds') };
    await eco.write(
      fileWith(
        traced('a-last', { ...task, depends_on: { second: 'completed' } }),
        traced('second', { ...task, depends_on: { 'z-first': 'completed' } }),
        traced('z-first', task),
        { ...KEEPER, depends_on: { 'a-last': 'completed' } },
      ),
    );
    await eco.apply();
    const order = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]);
    expect(order(await eco.read('trace'))).toEqual(['z-first', 'second', 'a-last']);
    expect(await eco.app('second')).toMatchObject({ status: 'completed' });
    expect(await eco.app('keeper')).toMatchObject({ status: 'ready' });

    expect((await eco.apply()).stdout).toContain('No changes');
    expect(order(await eco.read('trace'))).toEqual(['z-first', 'second', 'a-last']);
  });

  test('that fails keeps its dependents from starting, and nothing else', async ({ eco }) => {
    await eco.write(
      fileWith(
        { name: 'migrate', kind: 'task', script: eco.worker('task-fails'), revision: 'none' },
        { ...KEEPER, name: 'api', depends_on: { migrate: 'completed' } },
        { ...KEEPER, name: 'front', depends_on: { api: 'ready' } },
        KEEPER,
      ),
    );
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(8);
    expect(all).toContain('exit code 6');
    expect(all).toContain('migration 7 failed: column "email" exists');
    expect(all).toContain('api: not begun, because migrate did not succeed');
    expect(all).toContain('front: not begun, because api did not succeed');
    const running = (await eco.list()).filter(({ ready }) => ready > 0);
    expect(running.map(({ name }) => name)).toEqual(['keeper']);
  });
});

describe.concurrent('apply', () => {
  test('--timeout answers 10 when it is over, and the daemon goes on', async ({ eco }) => {
    const env = { READY_AFTER: 6000 };
    await eco.write(
      fileWith({ name: 'late', script: eco.worker('sends-ready-late'), env, wait_ready: true, revision: 'none' }),
    );
    expect((await eco.run(['apply', '--timeout', '1s'])).exitCode).toBe(10);
    expect(await eco.app('late')).toMatchObject({ status: 'starting', ready: 0 });
    const pid = await eco.pid('late');
    await eco.eventually(async () => (await eco.app('late')).status === 'ready');
    expect(await eco.pid('late')).toBe(pid);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('answers 11 when the home cannot be used', async ({ eco }) => {
    await eco.write({ ...fileWith(KEEPER), occupied: 'a file where a folder should be' });
    const { exitCode, all } = await eco.run(['apply'], { env: { ECO_HOME: eco.path('occupied') } });
    expect(exitCode).toBe(11);
    expect(all).toContain(eco.path('occupied'));
    await rm(eco.path('occupied'));
  });
});
