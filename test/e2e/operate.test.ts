import { describe, expect, test } from '../support/eco-test.ts';
import { gone } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

interface PlanDocument {
  readonly drift: readonly {
    readonly app: string;
    readonly path: string;
    readonly cause: string;
    readonly by: object | null;
  }[];
  readonly changes: readonly { readonly app: string; readonly action: string }[];
}

describe.concurrent('by hand', () => {
  test('stop and start: the app stays in the list, and the plan shows what was done', async ({ eco }) => {
    const port = await startShop(eco);
    const [web, worker] = [await eco.pids('web'), await eco.pid('worker')];

    await eco.ok(['stop', 'web']);
    expect(await eco.app('web')).toMatchObject({ status: 'stopped', ready: 0 });
    await gone(web, { within: 0 });
    expect(await eco.refuses(port)).toBe(true);
    expect(await eco.pid('worker')).toBe(worker);
    expect((await eco.ok(['stop', 'web'])).exitCode).toBe(0);
    const plan = await eco.json<PlanDocument>(['plan']);
    expect(plan.drift).toMatchObject([{ app: 'web', cause: expect.stringContaining('stopped by hand') as unknown }]);
    expect(plan.changes).toMatchObject([{ app: 'web', action: 'start' }]);

    await eco.ok(['start', 'web']);
    expect(await eco.app('web')).toMatchObject({ status: 'ready', ready: 2 });
    expect((await eco.get(port)).status).toBe(200);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('an app that was stopped stays stopped when the daemon is replaced', async ({ eco }) => {
    await startShop(eco);
    await eco.ok(['stop', 'web']);
    await eco.ok(['daemon', 'stop']);
    await eco.ok(['daemon', 'start']);
    expect(await eco.app('web')).toMatchObject({ status: 'stopped', ready: 0 });
    expect(await eco.app('worker')).toMatchObject({ status: 'ready', ready: 1 });
  });

  test('restart gives every worker a new process, and counts no crash', async ({ eco }) => {
    const port = await startShop(eco);
    const [web, worker] = [await eco.pids('web'), await eco.pid('worker')];
    await eco.ok(['restart', 'web']);
    const restarted = await eco.pids('web');
    expect(restarted).toHaveLength(2);
    expect(restarted.filter((pid) => web.includes(pid))).toEqual([]);
    await gone(web, { within: 0 });
    expect((await eco.get(port)).status).toBe(200);
    expect(await eco.pid('worker')).toBe(worker);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('reload never leaves the app without a worker', async ({ eco }) => {
    const port = await startShop(eco);
    const web = await eco.pids('web');
    const reloading = new AbortController();
    const reload = eco.ok(['reload', 'web']).finally(() => reloading.abort());
    let answered = 0;
    while (!reloading.signal.aborted) {
      expect((await eco.get(port)).status).toBe(200);
      answered += 1;
    }
    await reload;
    expect(answered).toBeGreaterThan(10);
    const reloaded = await eco.pids('web');
    expect(reloaded.filter((pid) => web.includes(pid))).toEqual([]);
    await gone(web, { within: 0 });
  });

  test('scale up and down, as a number and as a difference; apply scales back', async ({ eco }) => {
    await startShop(eco);
    const two = await eco.pids('web');
    await eco.ok(['scale', 'web', '4']);
    expect((await eco.pids('web')).slice(0, 2)).toEqual(two);
    expect(await eco.app('web')).toMatchObject({ ready: 4, desired: 4 });
    await eco.ok(['scale', 'web', '+1']);
    expect(await eco.app('web')).toMatchObject({ ready: 5, desired: 5 });
    await eco.ok(['scale', 'web', '-2']);
    expect(await eco.app('web')).toMatchObject({ ready: 3, desired: 3 });

    const text = (await eco.ok(['plan'])).stdout;
    expect(text).toContain('Drift (changed outside the file)');
    expect(text).toMatch(/! +web +instances 2 → 3 +scaled by hand/);
    const plan = await eco.json<PlanDocument>(['plan']);
    expect(plan.drift).toMatchObject([{ app: 'web', path: 'instances', expected: 2, actual: 3 }]);
    expect(plan.changes).toMatchObject([{ app: 'web', action: 'scale' }]);
    await eco.apply();
    expect(await eco.pids('web')).toEqual(two);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('delete takes the app out of the list; apply brings it back', async ({ eco }) => {
    const port = await startShop(eco);
    const web = await eco.pids('web');
    await eco.ok(['delete', 'web']);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['worker']);
    await gone(web, { within: 0 });
    expect((await eco.run(['delete', 'web'])).exitCode).toBe(1);
    await eco.apply();
    expect((await eco.get(port)).status).toBe(200);
  });

  test('several targets, globs and `all` name several apps', async ({ eco }) => {
    await startShop(eco);
    await eco.ok(['stop', 'w*']);
    expect((await eco.list()).map(({ status }) => status)).toEqual(['stopped', 'stopped']);
    await eco.ok(['start', 'web', 'worker']);
    expect((await eco.list()).map(({ status }) => status)).toEqual(['ready', 'ready']);
    await eco.ok(['stop', 'all']);
    expect((await eco.list()).map(({ status }) => status)).toEqual(['stopped', 'stopped']);
  });

  test('a name that is misspelt, or not unique, changes nothing and says what is meant', async ({ eco }) => {
    await startShop(eco);
    await eco.write({
      'blog/ecosystem.json': {
        project: 'blog',
        apps: [{ name: 'web', script: 'sleep', args: ['1000'], interpreter: 'none' }],
      },
    });
    await eco.ok(['apply'], { in: 'blog' });
    const misspelt = await eco.run(['stop', 'wrker']);
    expect(misspelt.exitCode).toBe(1);
    expect(misspelt.stderr).toContain('worker');
    const ambiguous = await eco.run(['stop', 'web']);
    expect(ambiguous.exitCode).toBe(1);
    expect(ambiguous.stderr).toMatch(/blog.*shop/s);
    expect((await eco.list()).map(({ status }) => status)).toEqual(['ready', 'ready', 'ready']);

    await eco.ok(['stop', 'web', '--project', 'blog']);
    expect((await eco.list()).map(({ project, status }) => `${project} ${status}`)).toEqual([
      'blog stopped',
      'shop ready',
      'shop ready',
    ]);
  });

  test('down deletes every app of the project', async ({ eco }) => {
    await startShop(eco);
    const pids = [...(await eco.pids('web')), await eco.pid('worker')];
    await eco.ok(['down']);
    expect(await eco.list()).toEqual([]);
    await gone(pids, { within: 0 });
    expect((await eco.ok(['down'])).exitCode).toBe(0);
  });
});

describe.concurrent('list and describe', () => {
  test('show the apps, sorted, with their workers', async ({ eco }) => {
    await startShop(eco);
    const apps = await eco.list();
    expect(apps.map(({ project, name }) => `${project}/${name}`)).toEqual(['shop/web', 'shop/worker']);
    const [web] = apps;
    expect(web).toMatchObject({
      namespace: 'default',
      status: 'ready',
      ready: 2,
      desired: 2,
      restarts: 0,
      revision: 1,
    });
    for (const worker of web?.workers ?? []) {
      expect(worker).toMatchObject({ status: 'ready', ready: true, restarts: 0, revision: 1 });
      expect(worker.uptime_ms).toBeGreaterThan(0);
      expect(worker.memory_bytes).toBeGreaterThan(1_000_000);
    }
    const { stdout } = await eco.ok(['list']);
    expect(stdout).toMatch(/web +.*2\/2/);
    expect(stdout).toMatch(/worker +.*1\/1/);
    expect((await eco.ok(['ls'])).stdout).toContain('worker');
  });

  test('describe tells how an app runs', async ({ eco }) => {
    const port = await startShop(eco);
    const { stdout } = await eco.ok(['describe', 'web']);
    for (const text of [
      eco.path('web', 'server.js'),
      String(port),
      'cluster',
      ...(await eco.pids('web')).map(String),
    ]) {
      expect(stdout).toContain(text);
    }
    expect((await eco.run(['describe', 'wbe'])).exitCode).toBe(1);
  });
});

async function startShop(eco: EcoRig): Promise<number> {
  const port = await eco.port();
  await eco.copyFixture('apps/http', 'web');
  await eco.write({
    'ecosystem.json': {
      project: 'shop',
      apps: [
        { name: 'web', cwd: 'web', script: 'server.js', instances: 2, env: { PORT: port } },
        { name: 'worker', script: eco.worker('queue-worker'), revision: 'none' },
      ],
    },
  });
  await eco.apply();
  return port;
}
