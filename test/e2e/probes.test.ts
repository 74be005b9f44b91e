import { createServer } from 'node:net';
import { rm } from 'node:fs/promises';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import { isAlive, processesWith } from '../support/processes.ts';

const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'probed', apps } });

/** An HTTP server that says who it is; `answer` may do something else first. */
const server = (version: number, answer = '', port = 'process.env.PORT') => `
const http = require('node:http');
http
  .createServer((request, response) => {
    ${answer}
    response.end(JSON.stringify({ version: ${version}, pid: process.pid }));
  })
  .listen(${port}, () => console.log('listening'));
`;

interface Broken {
  readonly name: string;
  readonly code: string;
  /** What the report must tell. */
  readonly told: readonly (string | RegExp)[];
  /** It takes some of the requests on the port of those that serve. */
  readonly answers?: boolean;
  /** It dies of a request. */
  readonly loses?: boolean;
}

const BROKEN: readonly Broken[] = [
  {
    name: 'exits at once',
    code: "console.error('no settings'); process.exit(3);",
    told: ['exit code 3', 'no settings'],
  },
  {
    name: 'exits after 500 ms',
    code: "console.error('database lost'); setTimeout(() => process.exit(4), 500);",
    told: ['exit code 4', 'database lost'],
  },
  {
    name: 'never listens',
    code: "console.log('waiting for nothing'); setInterval(() => {}, 1000);",
    told: [/not ready within 3 s: it did not (listen|answer)/, 'waiting for nothing'],
  },
  {
    name: 'listens on another port',
    code: server(2, '', '0'),
    told: [/not ready within 3 s: it did not (listen|answer)/, 'listening'],
  },
  {
    name: 'fails its http probe',
    code: server(2, "if (request.url === '/health') { console.log('unwell'); response.statusCode = 500; }"),
    told: [/not ready within 3 s: it did not answer GET .*\/health with 200 to 399: it said 500/, 'unwell'],
    answers: true,
  },
  {
    name: 'throws on the first request',
    code: server(2, "if (request.url !== '/health') throw new Error('boom');"),
    told: ['exit code 1', 'Error: boom'],
    answers: true,
    loses: true,
  },
  { name: 'is no JavaScript', code: 'const = 2;', told: ['exit code 1', 'SyntaxError'] },
  {
    name: 'wants a port that a stranger has',
    code: server(2, '', 'process.env.TAKEN'),
    told: ['exit code 1', 'EADDRINUSE'],
  },
];

/** An app with every probe that a broken version may fail, on a port that is its own and one that is not. */
async function probedApp(eco: EcoRig, fields: object = {}) {
  const port = await eco.port();
  const stranger = createServer();
  await new Promise<void>((resolve) => {
    stranger.listen(0, resolve);
  });
  const address = stranger.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  const app = {
    name: 'web',
    cwd: 'web',
    script: 'server.js',
    env: { PORT: port, TAKEN: taken },
    listen_timeout: '3s',
    readiness: { http: { path: '/health', port }, period: '200ms' },
    liveness: { http: '/', period: '200ms' },
    ...fields,
  };
  await eco.write(fileWith(app));
  return { port, closeStranger: () => new Promise((resolve) => stranger.close(resolve)) };
}

/** Who answered while `work` was under way, at least once before and once after it began. */
async function pollWhile<T>(eco: EcoRig, port: number, work: Promise<T>) {
  const answers: { readonly version: unknown; readonly pid: unknown }[] = [];
  const failures: string[] = [];
  const polled = { over: false };
  const finished = work.finally(() => {
    polled.over = true;
  });
  while (!polled.over) {
    await eco.get(port).then(
      ({ body }) => answers.push({ version: body['version'], pid: body['pid'] }),
      (error: unknown) => failures.push(String(error)),
    );
  }
  return { result: await finished, answers, failures };
}

describe.concurrent('a new version that', () => {
  for (const { name, code, told, answers: takesPart = false, loses = false } of BROKEN) {
    test(`${name} replaces nothing`, async ({ eco }) => {
      const { port, closeStranger } = await probedApp(eco, { instances: 2 });
      await eco.write({ 'web/server.js': server(1) });
      await eco.apply();
      const working = await eco.pids('web');

      await eco.write({ 'web/server.js': code });
      const { result, answers, failures } = await pollWhile(eco, port, eco.run(['apply']));
      expect(result.exitCode, result.all).toBe(8);
      for (const text of told) expect(result.all).toMatch(text);
      expect(result.all).toMatch(/web: rollout failed, revision 1 is still serving \(2\/2 ready\)/);
      expect(await eco.pids('web')).toEqual(working);
      expect(answers.filter(({ pid }) => working.includes(Number(pid))).length).toBeGreaterThan(0);
      if (!loses) expect(failures).toEqual([]);
      if (!takesPart) expect(answers.every(({ version }) => version === 1)).toBe(true);
      expect((await eco.get(port)).body['version']).toBe(1);
      await closeStranger();
    });

    test(`${name} and has nobody before it leaves nothing that serves`, async ({ eco }) => {
      const { closeStranger } = await probedApp(eco);
      await eco.write({ 'web/server.js': code });
      const { exitCode, all } = await eco.run(['apply']);
      expect(exitCode, all).toBe(9);
      for (const text of told) expect(all).toMatch(text);
      await closeStranger();
    });
  }

  test('is as good as the one before replaces it', async ({ eco }) => {
    const { port, closeStranger } = await probedApp(eco, { instances: 2 });
    await eco.write({ 'web/server.js': server(1) });
    await eco.apply();
    await eco.write({ 'web/server.js': server(2) });
    const { result } = await pollWhile(eco, port, eco.run(['apply']));
    expect(result.exitCode, result.all).toBe(0);
    expect((await eco.get(port)).body['version']).toBe(2);
    await closeStranger();
  });
});

describe.concurrent('readiness', () => {
  test('listening: a program that never listens is never ready, however long it lives', async ({ eco }) => {
    await eco.write(
      fileWith({
        name: 'idle',
        script: eco.worker('never-listens'),
        readiness: { listening: true },
        listen_timeout: '2s',
        revision: 'none',
      }),
    );
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(all).toContain('not ready within 2 s: it did not listen');
  });

  for (const framework of ['express', 'fastify', 'esm']) {
    test(`http: an app of ${framework} answers as it would a client`, async ({ eco }) => {
      const port = await eco.port();
      await eco.copyFixture(`apps/${framework}`, 'web');
      const { main = 'server.js' } = JSON.parse(await eco.read('web/package.json')) as { readonly main?: string };
      const web = { name: 'web', cwd: 'web', script: main, env: { PORT: port }, listen_timeout: '5s' };
      await eco.write(
        fileWith({ ...web, readiness: { http: '/' }, liveness: { http: '/', period: 100, failures: 1 } }),
      );
      await eco.apply();
      expect((await eco.get(port)).status).toBe(200);
      expect(await eco.app('web')).toMatchObject({ status: 'ready', restarts: 0 });
    });
  }

  test('tcp: a port that answers, and one that does not', async ({ eco }) => {
    const [port, other] = [await eco.port(), await eco.port()];
    const web = { name: 'web', script: 'server.js', env: { PORT: port }, listen_timeout: '2s', revision: 'none' };
    await eco.write({ ...fileWith({ ...web, readiness: { tcp: true } }), 'server.js': server(1) });
    await eco.apply();
    await eco.write(fileWith({ ...web, name: 'other', env: { PORT: 0 }, readiness: { tcp: other, period: 100 } }));
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(all).toContain(`it did not accept a connection on localhost:${other}: nothing listens there`);
  });

  test('exec: in the folder and environment of the app; what hangs is killed whole', async ({ eco }) => {
    const idle = { name: 'idle', script: 'sleep', args: ['1000'], interpreter: 'none' };
    const check = 'echo "$PROOF $ECO_APP" > checked && test -f ready';
    await eco.write(fileWith({ ...idle, env: { PROOF: 'seen' }, readiness: { exec: check, period: 100 } }));
    const applied = eco.run(['apply']);
    await eco.eventually(async () => (await eco.read('checked')).trim() === 'seen idle');
    expect(await eco.app('idle')).toMatchObject({ status: 'starting', ready: 0 });
    await eco.write({ ready: '' });
    expect((await applied).exitCode).toBe(0);

    const hangs = { exec: 'sleep 987 & sleep 988', period: 100, timeout: 300 };
    await eco.write(fileWith({ ...idle, name: 'hangs', readiness: hangs, listen_timeout: '3s' }));
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(all).toContain('it did not pass the check "sleep 987 & sleep 988": nothing came within 0.3 s');
    await eco.eventually(() => processesWith(eco.root).every(({ command }) => !/^sleep 98[78]$/.test(command)));
  });

  test('log: a line of this run, not of one before', async ({ eco }) => {
    const line = { readiness: { log: 'READY \\d+' }, listen_timeout: '2s' };
    const app = { name: 'prints', script: 'prints.js', revision: 'none', ...line };
    await eco.write({ ...fileWith(app), 'prints.js': "console.log('READY 7'); setInterval(() => {}, 1000);" });
    await eco.apply();
    await eco.write({ 'prints.js': "console.log('ready, nearly'); setInterval(() => {}, 1000);" });
    const { exitCode, all } = await eco.run(['restart', 'prints']);
    expect(exitCode).not.toBe(0);
    expect(all).toContain('it did not write a line that matches /READY \\d+/');
    expect(all).toContain('ready, nearly');
  });

  test('startup comes first, and is told when it is what is missing', async ({ eco }) => {
    const port = await eco.port();
    const web = {
      name: 'web',
      script: 'server.js',
      env: { PORT: port },
      listen_timeout: '2s',
      startup: { exec: 'test -f migrated', period: 100 },
      readiness: { http: '/', period: 100 },
      revision: 'none',
    };
    await eco.write({ ...fileWith(web), 'server.js': server(1, "console.log('asked');") });
    const { exitCode, all } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(all).toContain('it did not pass the check "test -f migrated": exit code 1');
    expect(all).not.toContain('asked');
    await eco.write({ migrated: '' });
    await eco.apply();
  });

  test('fail_when ends a start at once', async ({ eco }) => {
    const app = { name: 'stuck', script: 'stuck.js', fail_when: 'no .* left', readiness: { listening: true } };
    await eco.write({
      ...fileWith({ ...app, revision: 'none' }),
      'stuck.js': "console.error('no licence left, trying again'); setInterval(() => {}, 1000);",
    });
    const { exitCode, all, wall } = await eco.run(['apply']);
    expect(exitCode).toBe(9);
    expect(wall).toBeLessThan(20_000);
    expect(all).toContain('wrote a line that fail_when names: no licence left, trying again');
  });
});

describe.concurrent('liveness', () => {
  const wedging = (port: number) => ({
    ...fileWith({
      name: 'web',
      script: 'server.js',
      env: { PORT: port },
      kill_timeout: '1s',
      liveness: { http: '/', period: '200ms', timeout: '500ms', failures: 2 },
      revision: 'none',
    }),
    'server.js': server(1, "if (request.url === '/wedge') setImmediate(() => { for (;;); });"),
  });

  test('ends a worker that does not answer any more, and it is started again', async ({ eco }) => {
    const port = await eco.port();
    await eco.write(wedging(port));
    await eco.apply();
    const wedged = await eco.pid('web');
    await eco.get(port, '/wedge');
    await eco.eventually(async () => (await eco.app('web')).restarts === 1);
    await eco.eventually(async () => (await eco.app('web')).status === 'ready');
    expect((await eco.get(port)).body['pid']).not.toBe(wedged);
    expect(isAlive(wedged)).toBe(false);
    expect((await eco.ok(['describe', 'web'])).stdout).toContain('2 failures in a row of its liveness probe');
  });

  test('goes on under the next daemon', async ({ eco }) => {
    const port = await eco.port();
    await eco.write(wedging(port));
    await eco.apply();
    await eco.ok(['daemon', 'stop']);
    await eco.get(port, '/wedge');
    await eco.eventually(async () => (await eco.app('web')).restarts === 1, { within: 30_000 });
    await eco.eventually(async () => (await eco.app('web')).status === 'ready');
    await eco.get(port);
  });

  test('that is changed holds for the process that runs', async ({ eco }) => {
    const port = await eco.port();
    const web = { name: 'web', script: 'server.js', env: { PORT: port }, revision: 'none' };
    await eco.write({ ...fileWith(web), 'server.js': server(1), well: '' });
    await eco.apply();
    const pid = await eco.pid('web');
    await eco.write(fileWith({ ...web, liveness: { exec: 'test -f well', period: 100, failures: 1 } }));
    await eco.apply();
    expect(await eco.pid('web')).toBe(pid);
    await rm(eco.path('well'));
    await eco.eventually(async () => (await eco.app('web')).restarts > 0);
    expect(isAlive(pid)).toBe(false);
  });
});
