import { readFile, writeFile } from 'node:fs/promises';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone } from '../support/processes.ts';

/** Notes when it begins and when it ends, which it does once there is a file `go`, or at once if that is not asked for. */
const JOB = `
const { appendFileSync, existsSync } = require('node:fs');
const note = (what) => appendFileSync('runs', what + '\\n');
note('begin');
const end = () => { note('end'); process.exit(Number(process.env.CODE ?? 0)); };
if (process.env.WAIT === undefined) end();
else setInterval(() => existsSync('go') && end(), 20);
`;

async function runs(eco: EcoRig): Promise<readonly string[]> {
  return (await readFile(eco.path('runs'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
}

async function events(eco: EcoRig, type: string): Promise<number> {
  const { stdout } = await eco.ok(['events', '--json']);
  return stdout.split('\n').filter((line) => line.includes(`"type":"${type}"`)).length;
}

function file(options: object) {
  const job = { name: 'job', script: './job.js', revision: 'none', ...options };
  return { 'job.js': JOB, 'ecosystem.json': { project: 'shop', apps: [job] } };
}

describe.concurrent('a task', () => {
  test('comes before what depends on its completion; where it fails, that is not started', async ({ eco }) => {
    const web = { name: 'web', script: './web.js', revision: 'none', depends_on: { job: 'completed' } };
    const apps = (job: object) => ({
      project: 'shop',
      apps: [{ name: 'job', script: './job.js', revision: 'none', kind: 'task', ...job }, web],
    });
    const server = `require('node:fs').appendFileSync('runs', 'web\\n'); setInterval(() => {}, 1 << 30);`;
    await eco.write({ 'job.js': JOB, 'web.js': server, 'ecosystem.json': apps({ env: { CODE: 3 } }) });
    const failed = await eco.run(['apply']);
    expect(failed.all).toContain('web: not begun, because job did not succeed');
    expect(failed.exitCode).not.toBe(0);
    expect(await runs(eco)).toEqual(['begin', 'end']);
    await eco.write({ 'ecosystem.json': apps({ env: { CODE: 0 } }) });
    await eco.apply();
    expect(await runs(eco)).toEqual(['begin', 'end', 'begin', 'end', 'web']);
    expect((await eco.app('job')).status).toBe('completed');
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  });
});

describe.concurrent('a schedule', () => {
  test('runs a task at its times and not before, one run at a time', async ({ eco }) => {
    await eco.write(file({ schedule: '0 0 1 1 *', env: { WAIT: 1 } }));
    expect((await eco.ok(['apply'])).stdout).toContain('is run at 0 0 1 1 *');
    expect(await eco.app('job')).toMatchObject({ status: 'scheduled', workers: [] });
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
    expect(await runs(eco)).toEqual([]);

    await eco.edit('ecosystem.json', '0 0 1 1 *', '* * * * * *');
    await eco.apply();
    await eco.eventually(async () => (await events(eco, 'run-skipped')) >= 2);
    expect(await runs(eco)).toEqual(['begin']);
    await writeFile(eco.path('go'), '');
    await eco.eventually(async () => (await runs(eco)).length >= 4);
    expect((await runs(eco)).slice(0, 4)).toEqual(['begin', 'end', 'begin', 'end']);

    // A daemon that begins anew does not take what has ended for something to be started, and goes by the times.
    await eco.edit('ecosystem.json', '* * * * * *', '0 0 1 1 *');
    await eco.apply();
    await eco.eventually(async () => (await eco.app('job')).status === 'completed');
    const done = await runs(eco);
    await eco.ok(['daemon', 'stop']);
    await eco.ok(['daemon', 'start']);
    expect((await eco.app('job')).status).toBe('completed');
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
    expect(await runs(eco)).toEqual(done);
    await eco.ok(['start', 'job']);
    expect((await runs(eco)).length).toBe(done.length + 2);
  });

  test('for what was a service ends it and runs nothing before its time', async ({ eco }) => {
    await eco.write(file({ kind: 'service', env: { WAIT: 1 }, kill_timeout: '5s' }));
    await eco.apply();
    expect(await runs(eco)).toEqual(['begin']);
    const pid = await eco.pid('job');
    await eco.write(file({ schedule: { cron: '0 7 1 1 *', timezone: 'UTC' } }));
    expect((await eco.ok(['plan'])).stdout).toContain('with downtime: kind changed; is run at 0 7 1 1 *');
    await eco.apply();
    await gone([pid], { within: 0 });
    expect(await runs(eco)).toEqual(['begin']);
    expect(await eco.app('job')).toMatchObject({ status: 'scheduled', restarts: 0 });
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');

    // When that is, is in the list and the description, for the next daemon as well.
    await eco.ok(['daemon', 'stop']);
    await eco.ok(['daemon', 'start']);
    const next = /\d{4}-01-01 07:00 UTC/;
    await eco.eventually(async () => next.test((await eco.ok(['list'])).stdout));
    expect((await eco.ok(['describe', 'job'])).stdout).toMatch(next);
    const { apps } = await eco.json<{ readonly apps: readonly { readonly next_run_at: string | null }[] }>(['list']);
    expect(apps[0]?.next_run_at).toMatch(/^\d{4}-01-01T07:00:00.000Z$/);
    expect(await runs(eco)).toEqual(['begin']);
    await eco.ok(['start', 'job']);
    expect(await runs(eco)).toEqual(['begin', 'begin', 'end']);
  });

  test('may overlap, and a run that fails says so until the next', async ({ eco }) => {
    await eco.write(
      file({ schedule: { cron: '* * * * * *', timezone: 'Europe/Berlin' }, overlap: true, env: { WAIT: 1, CODE: 4 } }),
    );
    await eco.apply();
    await eco.eventually(async () => (await runs(eco)).filter((line) => line === 'begin').length >= 3);
    expect(await runs(eco)).not.toContain('end');
    await eco.edit('ecosystem.json', '* * * * * *', '0 0 1 1 *');
    await eco.apply();
    await writeFile(eco.path('go'), '');
    await eco.eventually(async () => (await eco.app('job')).status === 'failed');
    await eco.eventually(async () => (await eco.app('job')).workers.length === 1);
    const all = await runs(eco);
    expect(all.filter((line) => line === 'end').length).toBe(all.length / 2);
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
    expect((await eco.app('job')).workers[0]?.last_exit).toEqual({ type: 'exit-code', code: 4 });
  });

  test.for([
    ['run', 1],
    ['skip', 0],
  ] as const)('missed: %s', async ([missed, expected], { eco }) => {
    await eco.write(file({ schedule: { cron: '* * * * * *', missed } }));
    await eco.apply();
    await eco.eventually(async () => (await runs(eco)).length >= 2);
    await eco.eventually(async () => (await runs(eco)).length % 2 === 0);
    await eco.ok(['daemon', 'stop']);
    const before = (await runs(eco)).length;
    // While no daemon is there the times are made to be far away, so that only what was missed can be run.
    const store = eco.home + '/apps/shop/job.json';
    const document = JSON.parse(await readFile(store, 'utf8')) as {
      value: { target: { spec: { schedule: { cron: string } } }; scheduledAt: number };
    };
    const { target } = document.value;
    target.spec.schedule.cron = '0 0 1 1 *';
    document.value.scheduledAt = Date.UTC(2020, 5, 1);
    await writeFile(store, JSON.stringify(document));
    await eco.ok(['daemon', 'start']);
    if (expected === 1) await eco.eventually(async () => (await runs(eco)).length > before);
    expect((await eco.app('job')).status).toMatch(/completed|starting/);
    await eco.eventually(async () => (await runs(eco)).length === before + 2 * expected);
    await eco.ok(['start', 'job']);
    expect((await runs(eco)).length).toBe(before + 2 * expected + 2);
  });
});

describe.concurrent('hooks', () => {
  const SERVER = `
const { appendFileSync } = require('node:fs');
appendFileSync('runs', 'process\\n');
process.on('SIGTERM', () => { appendFileSync('runs', 'stopped\\n'); process.exit(0); });
setInterval(() => {}, 1 << 30);`;
  const write = (eco: EcoRig, hooks: object) =>
    eco.write({
      'web.js': SERVER,
      'ecosystem.json': {
        project: 'shop',
        apps: [{ name: 'web', script: './web.js', revision: 'none', env: { WHO: 'me' }, hooks }],
      },
    });

  test('run around the life of a worker, in its environment', async ({ eco }) => {
    await write(eco, {
      pre_start: 'echo "pre_start $WHO $ECO_INSTANCE" >> runs',
      post_ready: { command: 'echo post_ready >> runs; exit 5' },
      pre_stop: { command: 'echo pre_stop >> runs; sleep 60', timeout: '300ms' },
    });
    await eco.apply();
    await eco.eventually(async () => (await runs(eco)).includes('post_ready'));
    await eco.ok(['stop', 'web']);
    expect(await runs(eco)).toEqual(['pre_start me 0', 'process', 'post_ready', 'pre_stop', 'stopped']);
    const told = (await eco.ok(['events'])).stdout;
    expect(told).toContain('its post_ready hook ended with exit code 5');
    expect(told).toContain('its pre_stop hook did not end within 0.3 s');
  });

  test('pre_start is called off where the app is to stop', async ({ eco }) => {
    await write(eco, { pre_start: { command: 'echo begun >> runs; sleep 600', timeout: '10m' } });
    const apply = eco.start(['apply']);
    await eco.eventually(async () => (await runs(eco)).includes('begun'));
    apply.kill('SIGKILL');
    await eco.eventually(async () => (await eco.run(['delete', 'web'])).exitCode === 0);
    expect(await runs(eco)).toEqual(['begun']);
  });

  test('pre_start that fails starts nothing', async ({ eco }) => {
    await write(eco, { pre_start: 'echo the disk is full; exit 1' });
    const { exitCode, all } = await eco.run(['apply']);
    expect(all).toContain('could not be started: its pre_start hook ended with exit code 1: the disk is full');
    expect(exitCode).toBe(9);
    expect(await runs(eco)).toEqual([]);
  });
});
