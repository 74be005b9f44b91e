import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, inject } from 'vitest';
import { loadOn, startLoadedApps } from '../support/drain-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { formatCounts } from '../support/load.ts';
import { packageAs, type OtherVersion } from '../support/other-version.ts';
import { commandOf } from '../support/processes.ts';

interface Status {
  readonly pid: number;
  readonly version: string;
  readonly node: string;
}

const NEWER = '97.0.0';
const older = inject('ecoPackage');
let newer: OtherVersion;

beforeAll(async () => {
  newer = await packageAs(NEWER, older);
});
afterAll(async () => newer.remove());

const LOAD = { keepAlive: 8, close: 4, slow: 2, pause: 20 };

describe('eco daemon upgrade', () => {
  test('takes the place of an older version, and of a newer one, under load: nothing restarts, no request fails', async ({
    eco,
  }) => {
    const served = await startLoadedApps(eco, {
      servers: ['http', 'express'],
      mode: 'cluster',
      instances: 2,
      slow: 300,
    });
    const sleeper = { name: 'sleeper', script: 'sleep', args: ['1000'], interpreter: 'none' };
    await eco.write({ 'other/ecosystem.json': { project: 'other', apps: [sleeper] } });
    await eco.ok(['apply'], { in: 'other' });
    const pids = await allPids(eco);
    const before = await status(eco);
    const loads = await Promise.all(served.map(async (one) => loadOn(one, LOAD)));
    const daemons = [before];
    for (const folder of [newer.folder, older, newer.folder, newer.folder]) {
      eco.packageFolder = folder;
      const { stdout, stderr, wall } = await eco.ok(['daemon', 'upgrade']);
      const now = await status(eco);
      expect(stdout).toBe(
        `The daemon is eco ${now.version} on Node ${now.node} now, pid ${now.pid}; ` +
          `it was eco ${daemons.at(-1)?.version} on Node ${now.node}. The apps run on.\n`,
      );
      expect(stderr).toBe('');
      expect(commandOf(now.pid)).toContain(folder);
      console.log(`${daemons.at(-1)?.version} → ${now.version}: ${Math.round(wall)} ms`);
      daemons.push(now);
    }
    expect(daemons.slice(1).map(({ version }) => version)).toEqual([NEWER, before.version, NEWER, NEWER]);
    expect(new Set(daemons.map(({ pid }) => pid)).size).toBe(daemons.length);
    expect(await allPids(eco)).toEqual(pids);
    expect((await eco.apply()).stdout).toContain('No changes: 2 apps match ecosystem.json.');

    await eco.ok(['reload', 'http', 'express']);
    for (const load of loads) {
      const counts = await load.stop();
      console.log(formatCounts(counts));
      expect(counts.errors).toEqual({});
      expect(counts.ok).toBeGreaterThan(100);
    }
    const after = await allPids(eco);
    expect(after.filter((pid) => pids.includes(pid))).toEqual(await eco.pids('sleeper'));
  });

  test('a deploy that is under way goes on through it', async ({ eco }) => {
    await eco.copyFixture('workers/sends-ready-late.js', 'slow.js');
    const app = { script: './slow.js', wait_ready: true, env: { READY_AFTER: '1000' }, kill_timeout: 200 };
    await eco.write({
      'ecosystem.json': {
        project: 'shop',
        apps: [
          { ...app, name: 'first' },
          { ...app, name: 'second', depends_on: ['first'] },
          { ...app, name: 'third', depends_on: ['second'] },
        ],
      },
    });
    await eco.ok(['daemon', 'start']);
    const before = await status(eco);
    const deploy = follow(eco.start(['apply', '--json']));
    await eco.eventually(async () => (await eco.app('first')).workers.length === 1);
    const [upgraded] = await Promise.all([eco.ok(['daemon', 'upgrade']), once(deploy.child, 'exit')]);
    expect({ code: deploy.child.exitCode, said: deploy.child.exitCode === 0 ? '' : deploy.out + deploy.err }).toEqual({
      code: 0,
      said: '',
    });
    const apps = await eco.list();
    expect(apps.map(({ name, status, restarts }) => `${name} ${status} ${restarts}`)).toEqual([
      'first ready 0',
      'second ready 0',
      'third ready 0',
    ]);
    expect((await status(eco)).pid).not.toBe(before.pid);
    expect(upgraded.wall).toBeGreaterThan(500);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('a step that takes longer than it is given is left to the next daemon', async ({ eco }) => {
    await eco.copyFixture('workers/sends-ready-late.js', 'slow.js');
    const app = { name: 'web', script: './slow.js', wait_ready: true, env: { READY_AFTER: '3000' }, kill_timeout: 200 };
    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [app] } });
    await eco.ok(['daemon', 'start']);
    const deploy = follow(eco.start(['apply']));
    await eco.eventually(async () => (await eco.app('web')).workers.length === 1);
    const [pid] = await eco.pids('web');
    await Promise.all([eco.ok(['daemon', 'upgrade', '--wait', '100ms']), once(deploy.child, 'exit')]);
    expect(deploy.child.exitCode).toBe(11);
    expect(deploy.err).toContain('apps that run go on running');
    await eco.eventually(async () => (await eco.app('web')).status === 'ready');
    expect(await eco.pids('web')).toEqual([pid]);
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('starts a daemon where none runs', async ({ eco }) => {
    const { stdout } = await eco.ok(['daemon', 'upgrade']);
    const { pid, version, node } = await status(eco);
    expect(stdout).toBe(`The daemon is eco ${version} on Node ${node} now, pid ${pid}; none ran before.\n`);
  });

  test('two at once end with one daemon', async ({ eco }) => {
    await eco.ok(['daemon', 'start']);
    eco.packageFolder = newer.folder;
    await Promise.all([eco.ok(['daemon', 'upgrade']), eco.ok(['daemon', 'upgrade'])]);
    expect((await status(eco)).version).toBe(NEWER);
    const daemons = eco.processes().filter(({ command }) => command.includes('ecod.js'));
    expect(daemons).toHaveLength(1);
  });

  const [own, ...others] = inject('nodeLines');

  test.for(others)('to Node $line shows in the plan, which reloads what runs on the old one', async (line, { eco }) => {
    const served = await startLoadedApps(eco, { servers: ['http'], mode: 'fork', instances: 1, slow: 100 });
    await eco.write({
      'fixed/ecosystem.json': {
        project: 'fixed',
        apps: [
          { name: 'fixed', cwd: '../web', script: 'h2c.js', interpreter: own.program, env: { PORT: await eco.port() } },
        ],
      },
    });
    await eco.ok(['apply'], { in: 'fixed' });
    const [pid] = await eco.pids('http');
    eco.node = line.program;
    const { node: was } = await status(eco);
    await eco.ok(['daemon', 'upgrade']);
    const { node } = await status(eco);
    expect(node).toMatch(new RegExp(`^v${line.line}\\.`));
    expect(await eco.pids('http')).toEqual([pid]);

    const plan = await eco.ok(['plan']);
    expect(plan.stdout).toContain(`interpreter  "node ${was}" → "node ${node}"`);
    expect(plan.stdout).toContain('1 to reload');
    expect((await eco.ok(['plan'], { in: 'fixed' })).stdout).toContain('No changes');

    const loads = await Promise.all(served.map(async (one) => loadOn(one, LOAD)));
    await eco.apply();
    for (const load of loads) expect((await load.stop()).errors).toEqual({});
    expect(await eco.pids('http')).not.toContain(pid);
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  });
});

describe('a command of another version than the daemon', () => {
  test('says so, and what to type', async ({ eco }) => {
    await eco.ok(['daemon', 'start']);
    const { version } = await status(eco);
    eco.packageFolder = newer.folder;
    const { stderr } = await eco.ok(['daemon', 'start']);
    expect(stderr).toBe(
      `The daemon is eco ${version}, this is eco ${NEWER}. Put this version in its place; no app stops: eco daemon upgrade\n`,
    );
    expect((await eco.ok(['list'])).stderr).toContain('eco daemon upgrade');
    expect((await eco.ok(['list', '--json'])).stderr).toBe('');
    await eco.ok(['daemon', 'upgrade']);
    expect((await eco.ok(['list'])).stderr).not.toContain('upgrade');
  });

  test('replaces one that it does not understand', async ({ eco }) => {
    await eco.ok(['daemon', 'start']);
    await eco.ok(['daemon', 'stop']);
    const stranger = spawn(process.execPath, ['-e', STRANGER, `${eco.home}/daemon.sock`], { stdio: 'pipe' });
    await once(stranger.stdout, 'data');
    const refused = await eco.run(['list']);
    expect([refused.exitCode, refused.stderr]).toEqual([
      11,
      expect.stringMatching(/the daemon is eco 99\.0\.0, this is eco .*\n.*no app stops: eco daemon upgrade/) as string,
    ]);
    expect((await eco.ok(['daemon', 'status'])).stdout).toContain('eco 99.0.0');
    const { stdout } = await eco.ok(['daemon', 'upgrade']);
    expect(stdout).toContain('it was eco 99.0.0 on Node v99.0.0');
    await eco.ok(['list']);
  });
});

/** A daemon of a later protocol. */
const STRANGER = `
const info = { protocol: 99, version: '99.0.0', node: 'v99.0.0', pid: process.pid, home: '', uptime: 1, apps: 0, workers: 0, memoryBytes: 1 };
const server = require('node:http').createServer((request, response) => {
  response.end(JSON.stringify(request.url === '/v1/info' ? info : {}));
  if (request.url === '/v1/shutdown') response.on('finish', () => process.exit(0));
});
server.listen(process.argv[1], () => console.log('up'));
`;

async function allPids(eco: EcoRig): Promise<readonly number[]> {
  return (await eco.list()).flatMap(({ workers }) => workers.flatMap(({ pid }) => (pid === null ? [] : [pid])));
}

async function status(eco: EcoRig): Promise<Status> {
  return eco.json<Status>(['daemon', 'status']);
}

function follow(child: ReturnType<EcoRig['start']>): { readonly child: typeof child; out: string; err: string } {
  const seen = { child, out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (seen.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (seen.err += text));
  return seen;
}
