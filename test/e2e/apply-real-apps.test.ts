import { join } from 'node:path';
import { REAL_APPS, entryOf } from '../support/real-apps.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import { descendsFrom, gone } from '../support/processes.ts';

const NAME = 'subject';
/** Keeps the project from becoming empty while the subject is out of the file. */
const KEEPER = { name: 'keeper', script: 'sleep', args: '1000', interpreter: 'none' };

describe.concurrent.each(Object.entries(REAL_APPS))('%s', (_kind, app) => {
  test('is started, left alone, edited, removed and started again', async ({ eco }) => {
    const port = app.listens ? await eco.port() : 0;
    const write = (apps: readonly object[]) =>
      eco.write({ 'ecosystem.json': { project: 'real', apps: [...apps, KEEPER] } });
    const answer = async () => {
      const pid = await eco.pid(NAME);
      const said = await app.ask(eco, { name: NAME, port, pid });
      expect(app.answersItself ? said.pid === pid : descendsFrom(said.pid, pid)).toBe(true);
      return { pid, version: said.version, greeting: said.greeting };
    };
    if (app.fixture !== null) await eco.copyFixture(`apps/${app.fixture}`, NAME);

    await write([entryOf(app, NAME, { port, edited: false })]);
    await eco.apply();
    const first = await answer();
    expect(first).toMatchObject({ version: 1, greeting: undefined });
    const keeper = await eco.pid('keeper');

    expect((await eco.apply()).stdout).toContain('No changes');
    expect(await answer()).toEqual(first);

    await write([entryOf(app, NAME, { port, edited: true })]);
    if (app.code !== null) await eco.edit(`${NAME}/${app.code.file}`, app.code.before, app.code.after);
    await eco.apply();
    const second = await answer();
    expect(second).toMatchObject({ version: 2, greeting: 'hello' });
    expect(second.pid).not.toBe(first.pid);
    await gone([first.pid], { within: 1000 });
    expect((await eco.apply()).stdout).toContain('No changes');

    await write([]);
    await eco.apply();
    expect((await eco.list()).map(({ name }) => name)).toEqual(['keeper']);
    await gone([second.pid], { within: 1000 });
    if (app.listens) expect(await eco.refuses(port)).toBe(true);

    await write([entryOf(app, NAME, { port, edited: true })]);
    await eco.apply();
    expect(await answer()).toMatchObject({ version: 2, greeting: 'hello' });
    expect(await eco.pid('keeper')).toBe(keeper);
  });
});

test('two workers of a clustered app share one port, and answer without the daemon', async ({ eco }) => {
  const port = await eco.port();
  await eco.copyFixture('apps/http', 'web');
  await eco.write({
    'ecosystem.json': {
      project: 'real',
      apps: [{ name: 'web', cwd: 'web', script: 'server.js', instances: 2, env: { PORT: port } }],
    },
  });
  await eco.apply();
  const workers = await eco.pids('web');
  expect(workers).toHaveLength(2);
  const { pid: daemon } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);

  process.kill(daemon, 'SIGSTOP');
  try {
    const answered = new Set<unknown>();
    await eco.eventually(async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => eco.get(port)));
      answers.forEach(({ body }) => answered.add(body['pid']));
      return answered.size === 2;
    });
    expect(answered).toEqual(new Set(workers));
  } finally {
    process.kill(daemon, 'SIGCONT');
  }
});

test('the workers of one app have the instance numbers 0 and 1', async ({ eco }) => {
  const port = await eco.port();
  await eco.copyFixture('apps/express', 'web');
  await eco.write({
    'ecosystem.json': {
      project: 'real',
      apps: [{ name: 'web', cwd: 'web', script: 'server.js', instances: 2, env: { PORT: port } }],
    },
  });
  await eco.apply();
  const { workers } = await eco.app('web');
  expect(workers.map(({ instance }) => instance)).toEqual([0, 1]);
  const instanceByPid = new Map(workers.map(({ instance, pid }) => [pid, String(instance)]));
  const answers = await Promise.all(Array.from({ length: 10 }, () => eco.get(port)));
  for (const { body } of answers) expect(body['instance']).toBe(instanceByPid.get(Number(body['pid'])));
});

test('the example of the README runs its task, serves on its port and works off its queue', async ({ eco }) => {
  const port = await eco.port();
  await eco.copy('ecosystem.example.yaml', 'ecosystem.example.yaml');
  await eco.copy('fixtures/apps', 'fixtures/apps');
  await eco.edit('ecosystem.example.yaml', 'PORT: 3000', `PORT: ${port}`);
  await eco.apply('ecosystem.example.yaml');
  expect((await eco.list()).map(({ name, status, ready }) => ({ name, status, ready }))).toEqual([
    { name: 'api', status: 'ready', ready: 2 },
    { name: 'migrate', status: 'completed', ready: 0 },
    { name: 'worker', status: 'ready', ready: 1 },
  ]);
  expect((await eco.get(port)).body).toMatchObject({ app: 'express', greeting: 'hello' });

  const { id } = (await (await fetch(`http://127.0.0.1:${port}/jobs`, { method: 'POST' })).json()) as {
    readonly id: string;
  };
  const done = join('fixtures/apps/queue-worker/queue', `${id}.done`);
  await eco.eventually(async () => JSON.parse(await eco.read(done)) as object);
  expect((await eco.apply('ecosystem.example.yaml')).stdout).toContain(
    'No changes: 3 apps match ecosystem.example.yaml.',
  );
});
