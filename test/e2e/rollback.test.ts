import { readdir, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';

const SERVER = `
const http = require('node:http');
if (process.env.BROKEN) { console.error('Error: no such database'); process.exit(3); }
const server = http.createServer((_request, response) => response.end(JSON.stringify({ env: process.env.COLOUR ?? null, pid: process.pid })));
if (process.env.MUTE) setInterval(() => {}, 1000);
else server.listen(process.env.PORT);
`;

interface Revision {
  readonly revision: number;
  readonly commit: string | null;
  readonly author: string | null;
  readonly dirty: boolean | null;
  readonly result: string;
  readonly stable: boolean;
  readonly spec: { readonly env: Readonly<Record<string, string>> };
}

interface HistoryDocument {
  readonly revision: number;
  readonly file_revision: number | null;
  readonly revisions: readonly Revision[];
}

/** A server whose environment decides what becomes of it. */
function ecosystem(env: object, more: object = {}) {
  const web = { name: 'web', script: './server.js', revision: 'none', listen_timeout: '20s', env, ...more };
  return { 'ecosystem.json': { project: 'shop', apps: [web] }, 'server.js': SERVER };
}

async function results(eco: EcoRig): Promise<readonly string[]> {
  const { revisions } = await eco.json<HistoryDocument>(['history', 'web']);
  return revisions.map(({ revision, result, stable }) => `${revision} ${result}${stable ? ', stable' : ''}`);
}

describe.concurrent('a rollout that fails', () => {
  test('with nothing of the old version left goes back to the last stable revision', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write(ecosystem({ PORT, COLOUR: 'blue' }));
    await eco.apply();
    await eco.write(ecosystem({ PORT, COLOUR: 'red', BROKEN: 1 }, { exec_mode: 'cluster' }));
    const { exitCode, all } = await eco.run(['apply', '--yes']);
    expect(all).toContain('Error: no such database');
    expect(all).toContain('web: rollout failed, rolled back to revision 1 (1/1 ready)');
    expect(exitCode).toBe(8);
    expect((await eco.get(PORT)).body['env']).toBe('blue');
    expect(await results(eco)).toEqual(['1 succeeded, stable', '2 failed']);
    expect((await eco.ok(['history', 'web'])).stdout).toMatch(/ {2}2 .* failed: exit code 3 +no /);
    expect((await eco.ok(['plan', '--json'])).stdout).toContain('"drift":[]');
  });

  test('is left as it is when rollback is switched off, by the file or for one run', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write(ecosystem({ PORT, COLOUR: 'blue' }));
    await eco.apply();
    await eco.write(ecosystem({ PORT, BROKEN: 1 }, { exec_mode: 'cluster' }));
    const once = await eco.run(['apply', '--yes', '--no-rollback']);
    expect(once.exitCode).toBe(9);
    expect(once.all).toContain('rollout.rollback, --no-rollback');

    await eco.write(ecosystem({ PORT, COLOUR: 'green' }));
    await eco.apply('--yes');
    await eco.write(ecosystem({ PORT, BROKEN: 2 }, { exec_mode: 'cluster', rollout: { rollback: false } }));
    expect((await eco.run(['apply', '--yes'])).exitCode).toBe(9);
    expect(await eco.app('web')).toMatchObject({ ready: 0 });
    await eco.write(ecosystem({ PORT, COLOUR: 'green' }));
    await eco.apply('--yes');
    expect((await eco.get(PORT)).body['env']).toBe('green');
  });

  test('because of its code only is not rolled back, for its code is gone', async ({ eco }) => {
    const app = { name: 'loop', script: './loop.sh', interpreter: 'sh', listen_timeout: '5s' };
    const files = (text: string) => ({ 'ecosystem.json': { project: 'shop', apps: [app] }, 'loop.sh': text });
    await eco.write(files('exec sleep 1000\n'));
    await eco.apply();
    await eco.write(files('echo broken >&2; exit 4\n'));
    const { exitCode, all } = await eco.run(['apply', '--yes']);
    expect(exitCode).toBe(9);
    expect(all).toContain('The last stable revision has the same settings: bring its code back');
    await eco.write(files('exec sleep 1000\n'));
    await eco.apply('--yes');
    expect(await eco.app('loop')).toMatchObject({ status: 'ready' });
  });

  test('whose command was killed gives way to the next apply: its version runs in the end, and nothing else', async ({
    eco,
  }) => {
    const PORT = await eco.port();
    const cluster = { exec_mode: 'cluster', instances: 2 };
    await eco.write(ecosystem({ PORT, COLOUR: 'blue' }, cluster));
    await eco.apply();
    const before = await eco.pids('web');

    await eco.write(ecosystem({ PORT, MUTE: 1 }, { ...cluster, wait_ready: true }));
    const bad = eco.start(['apply']);
    const ended = once(bad, 'close');
    await eco.eventually(async () => (await eco.app('web')).workers.some(({ status }) => status === 'starting'));
    expect((await eco.get(PORT)).body['env']).toBe('blue');

    await eco.write(ecosystem({ PORT, COLOUR: 'green' }, cluster));
    bad.kill('SIGKILL');
    await ended;
    await eco.apply();
    expect((await eco.get(PORT)).body['env']).toBe('green');
    const pids = await eco.pids('web');
    expect(pids).toHaveLength(2);
    expect(pids.filter((pid) => before.includes(pid))).toEqual([]);
    const servers = eco.processes().filter(({ command }) => command.includes('server.js'));
    expect(new Set(servers.map(({ pid }) => pid))).toEqual(new Set(pids));
    expect(await results(eco)).toEqual(['1 succeeded, stable', '2 superseded', '3 succeeded, stable']);
    expect((await eco.apply()).stdout).toContain('No changes');
  });
});

describe.concurrent('eco rollback', () => {
  test('takes an app back until the next apply, and the plan says so', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write(ecosystem({ PORT, COLOUR: 'blue' }));
    await eco.apply();
    await eco.write(ecosystem({ PORT, COLOUR: 'green' }));
    await eco.apply();
    const { all } = await eco.ok(['rollback', 'web']);
    expect(all).toContain('web: rolled back from revision 2 to 1 (1/1 ready)');
    expect(all).toContain('The file still asks for revision 2: the next eco apply goes forward to it again.');
    expect((await eco.get(PORT)).body['env']).toBe('blue');
    expect(await eco.app('web')).toMatchObject({ revision: 1 });

    const plan = (await eco.ok(['plan'])).stdout;
    expect(plan).toMatch(/! +web +revision 2 → 1 +rolled back by hand/);
    expect(plan).toContain('env.COLOUR');
    await eco.apply();
    expect((await eco.get(PORT)).body['env']).toBe('green');
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');

    const unknown = await eco.run(['rollback', 'web', '--to', '17']);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.all).toContain('web: there is no revision 17; nothing was changed');
    expect(unknown.all).toContain('It has revisions 1 (stable), 2 (stable), 3 (stable).');
    expect((await eco.ok(['rollback', 'web', '--to', '3'])).stdout).toContain('is revision 3 already');
  });

  test('refuses where only the code differs, and names the commit that has it', async ({ eco }) => {
    await eco.write({
      'ecosystem.json': { project: 'shop', apps: [{ name: 'loop', script: './loop.js' }] },
      'loop.js': 'setInterval(() => {}, 1000);',
    });
    await eco.git(['init', '-q']);
    await eco.git(['add', '.']);
    await eco.git(['commit', '-q', '-m', 'one']);
    await eco.apply();
    await eco.write({ 'loop.js': 'setInterval(() => {}, 2000);' });
    await eco.apply();
    const { revisions } = await eco.json<HistoryDocument>(['history', 'loop']);
    expect(revisions).toMatchObject([
      { revision: 1, author: 'eco', dirty: false },
      { revision: 2, author: 'eco', dirty: true },
    ]);
    const commit = revisions[0]?.commit ?? '';
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    const pid = await eco.pid('loop');
    const { exitCode, all } = await eco.run(['rollback', 'loop']);
    expect(exitCode).toBe(1);
    expect(all).toContain('only in its code');
    expect(all).toContain(`commit ${commit.slice(0, 7)}`);
    expect(await eco.pid('loop')).toBe(pid);
  });

  test('keeps secrets: neither the command nor the API tells them, and no file is for others', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write(ecosystem({ PORT, DATABASE_PASSWORD: 'sesame-one' }));
    await eco.apply();
    await eco.write(ecosystem({ PORT, DATABASE_PASSWORD: 'sesame-two' }));
    await eco.apply();
    const shown = await eco.ok(['history', 'web', '--json']);
    const answered = await ask(join(eco.home, 'daemon.sock'), '/v1/history?project=shop&app=web');
    expect(shown.stdout + answered).toContain('DATABASE_PASSWORD');
    expect(shown.stdout + answered).not.toContain('sesame');
    const folder = join(eco.home, 'apps', 'shop');
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    await eco.ok(['rollback', 'web']);
    expect(await ask(join(eco.home, 'daemon.sock'), '/v1/history?app=web')).toContain('`project` must be');
  });
});

test('surge 0 and 1 unavailable: never fewer than 2 of 3 ready, never more than 3 processes', async ({ eco }) => {
  const PORT = await eco.port();
  const more = { exec_mode: 'cluster', instances: 3, rollout: { max_surge: 0, max_unavailable: 1 } };
  await eco.write(ecosystem({ PORT, COLOUR: 'blue' }, more));
  await eco.apply();
  await eco.write(ecosystem({ PORT, COLOUR: 'green' }, more));
  const rollout = eco.start(['apply']);
  const ended = once(rollout, 'close');
  const seen = new Set<string>();
  while (rollout.exitCode === null) {
    const { workers } = await eco.app('web');
    const ready = workers.filter((worker) => worker.ready).length;
    seen.add(`${ready} ready, ${workers.filter(({ pid }) => pid !== null).length} alive`);
  }
  await ended;
  expect(rollout.exitCode).toBe(0);
  const allowed = ['2 ready, 2 alive', '2 ready, 3 alive', '3 ready, 3 alive'];
  expect([...seen].filter((line) => !allowed.includes(line))).toEqual([]);
  expect(seen).toContain('2 ready, 3 alive');
  expect((await eco.get(PORT)).body['env']).toBe('green');
});

function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject).end();
  });
}
