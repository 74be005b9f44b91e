import { execFile } from 'node:child_process';
import { readFile, readdir, stat, symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone, isAlive, kill } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

interface Status {
  readonly format_version: string;
  readonly running: boolean;
  readonly pid: number;
  readonly home: string;
  readonly apps: number;
  readonly workers: number;
}

describe.concurrent('the daemon', () => {
  test('is started by the first command that needs it, and tells about itself', async ({ eco }) => {
    expect(await status(eco)).toMatchObject({ format_version: '1.0', running: false });
    expect((await eco.json(['list']))['apps']).toEqual([]);
    expect(eco.processes()).toEqual([]);

    await startWeb(eco);
    const running = await status(eco);
    expect(running).toMatchObject({ format_version: '1.0', running: true, home: eco.home, apps: 2, workers: 3 });
    expect(isAlive(running.pid)).toBe(true);
    expect((await eco.ok(['daemon', 'start'])).all).toContain(String(running.pid));
  });

  test('keeps its home to its user', async ({ eco }) => {
    await startWeb(eco);
    expect(await modeOf(eco.home)).toBe('700');
    expect(await modeOf(join(eco.home, 'daemon.sock'))).toBe('600');
    const open: string[] = [];
    for (const name of await readdir(eco.home, { recursive: true })) {
      const { mode } = await stat(join(eco.home, name));
      if ((mode & 0o077) !== 0) open.push(`${name} ${(mode & 0o777).toString(8)}`);
    }
    expect(open).toEqual([]);
  });

  test('is one per home, however many commands start at once', async ({ eco }) => {
    const names = ['a', 'b', 'c', 'd'];
    const sleeper = { name: 'web', script: 'sleep', args: ['1000'], interpreter: 'none' };
    for (const project of names) await eco.write({ [`${project}/ecosystem.json`]: { project, apps: [sleeper] } });
    await Promise.all(names.map((name) => eco.ok(['apply'], { in: name })));

    expect((await eco.list()).map(({ project, status }) => `${project} ${status}`)).toEqual(
      names.map((name) => `${name} ready`),
    );
    const daemons = eco.processes().filter(({ command }) => command.includes('ecod'));
    expect(daemons.map(({ pid }) => pid)).toEqual([(await status(eco)).pid]);
  });

  test('leaves the apps running when it stops, and the next one takes them over', async ({ eco }) => {
    const port = await startWeb(eco);
    const [web, worker, before] = [await eco.pids('web'), await eco.pid('worker'), await status(eco)];

    await eco.ok(['daemon', 'stop']);
    await gone([before.pid], { within: 2000 });
    expect(web).toContain((await eco.get(port)).body['pid']);

    expect(await eco.pids('web')).toEqual(web);
    expect(await eco.pid('worker')).toBe(worker);
    expect((await status(eco)).pid).not.toBe(before.pid);
    expect((await eco.apply()).stdout).toContain('No changes: 2 apps match ecosystem.json.');
  });

  test('may be killed: no app dies, none is doubled, and the next daemon restarts what crashes', async ({ eco }) => {
    const port = await startWeb(eco);
    const [web, worker, before] = [await eco.pids('web'), await eco.pid('worker'), await status(eco)];

    kill(before.pid);
    await gone([before.pid], { within: 2000 });
    expect(web).toContain((await eco.get(port)).body['pid']);
    expect((await eco.apply()).stdout).toContain('No changes: 2 apps match ecosystem.json.');
    expect([await eco.pids('web'), await eco.pid('worker')]).toEqual([web, worker]);

    kill(worker);
    await eco.eventually(async () => {
      const app = await eco.app('worker');
      return app.status === 'ready' && app.workers[0]?.pid !== worker;
    });
    await eco.ok(['reload', 'web']);
    expect(await eco.pids('web')).toHaveLength(2);
    await gone(web, { within: 1000 });
    expect((await eco.get(port)).status).toBe(200);
  });

  test('starts an app again that died while no daemon ran', async ({ eco }) => {
    await startWeb(eco);
    const worker = await eco.pid('worker');
    await eco.ok(['daemon', 'stop']);
    kill(worker);
    await gone([worker], { within: 1000 });
    await eco.ok(['daemon', 'start']);
    await eco.eventually(async () => {
      const app = await eco.app('worker');
      return app.status === 'ready' && app.workers[0]?.pid !== worker;
    });
  });

  test('ends every app when asked to', async ({ eco }) => {
    const port = await startWeb(eco);
    await eco.ok(['daemon', 'stop', '--apps']);
    await eco.eventually(() => eco.processes().length === 0, { within: 1000 });
    expect(await eco.refuses(port)).toBe(true);
    expect((await eco.ok(['daemon', 'stop', '--apps'])).exitCode).toBe(0);
  });

  test('records what happened, without any value of a variable', async ({ eco }) => {
    await startWeb(eco, { SESSION_TOKEN: 'do-not-tell' });
    kill(await eco.pid('worker'));
    await eco.eventually(async () => (await eco.app('worker')).restarts === 1);
    const events = (await readFile(join(eco.home, 'events.jsonl'), 'utf8')).trim().split('\n');
    const types = events.map((line) => (JSON.parse(line) as { readonly type: string }).type);
    expect(types).toEqual(expect.arrayContaining(['daemon-started', 'step-started', 'worker-started', 'worker-ready']));
    expect(types).toEqual(expect.arrayContaining(['worker-exited', 'step-succeeded']));
    expect(events.join('\n')).not.toContain('do-not-tell');
  });

  test('speaks HTTP and JSON on its socket', async ({ eco }) => {
    await startWeb(eco);
    const info = await new Promise<string>((resolve, reject) => {
      const sent = request(
        { socketPath: join(eco.home, 'daemon.sock'), path: '/v1/info', agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        },
      );
      sent.on('error', reject);
      sent.end();
    });
    expect(JSON.parse(info)).toMatchObject({ protocol: 1, pid: (await status(eco)).pid, home: eco.home });
  });

  test('takes over a home in which a killed daemon left its socket and its lock', async ({ eco }) => {
    await eco.ok(['daemon', 'start']);
    const { pid } = await status(eco);
    kill(pid);
    await gone([pid], { within: 2000 });
    await startWeb(eco);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['web', 'worker']);
  });
});

test('the installed command runs through a link, as npm makes it', async ({ eco }) => {
  await symlink(eco.binary, eco.path('eco'));
  const { stdout } = await promisify(execFile)(eco.path('eco'), ['--version'], { env: { PATH: process.env['PATH'] } });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

async function startWeb(eco: EcoRig, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const port = await eco.port();
  await eco.copyFixture('apps/http', 'web');
  await eco.copyFixture('apps/queue-worker', 'worker');
  await eco.write({
    'ecosystem.json': {
      project: 'shop',
      apps: [
        { name: 'web', cwd: 'web', script: 'server.js', instances: 2, env: { PORT: port, ...env } },
        { name: 'worker', cwd: 'worker', script: 'worker.js' },
      ],
    },
  });
  await eco.apply();
  return port;
}

async function status(eco: EcoRig): Promise<Status> {
  return eco.json<Status>(['daemon', 'status']);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}
