import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { hasVariable } from '../support/processes.ts';

const sleeper = (name: string) => ({ name, script: 'sleep', args: ['1000'], interpreter: 'none' });
const VERSIONS = { env: { WHICH: '0' }, env_a: { WHICH: 'a' }, env_b: { WHICH: 'b' } };
const JOB = {
  GITHUB_SERVER_URL: 'https://github.example',
  GITHUB_REPOSITORY: 'me/shop',
  GITHUB_RUN_ID: '12',
};

describe('two applies at once', () => {
  test('ten times: one works, the other waits or exits 5, and what is left is that of one of them, whole', async ({
    eco,
  }) => {
    const apps = ['api', 'mailer', 'worker'].map((name) => ({ ...sleeper(name), ...VERSIONS }));
    await eco.write({ 'ecosystem.json': { project: 'shop', apps } });
    await eco.apply();
    const codes: string[] = [];
    for (let round = 0; round < 10; round++) {
      const patience = round % 2 === 0 ? [] : ['--lock-timeout', '60s'];
      const both = await Promise.all(
        ['a', 'b'].map((env) => eco.run(['apply', '--env', env, ...patience], { env: JOB })),
      );
      const ended = both.map(({ exitCode }) => exitCode).sort((a, b) => a - b);
      codes.push(ended.join(' '));
      expect(ended, both.map(({ all }) => all).join('\n')).toEqual(round % 2 === 0 ? [0, expect.any(Number)] : [0, 0]);
      const refused = both.find(({ exitCode }) => exitCode !== 0);
      if (refused !== undefined) expectHolder(refused);
      const running = await Promise.all(apps.map(async ({ name }) => versionOf(await eco.pid(name))));
      expect(new Set(running).size).toBe(1);
      expect(await locksIn(eco)).toEqual([]);
    }
    console.log(`exit codes: ${codes.join(', ')}`);
    expect(codes).toContain('0 5');
  });
});

function expectHolder({ exitCode, stderr }: { readonly exitCode: number; readonly stderr: string }): void {
  expect(exitCode).toBe(5);
  expect(stderr).toMatch(
    /^project shop is being changed by \S+@\S+, pid \d+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: eco apply --env [ab]; nothing was changed$/m,
  );
  expect(stderr).toContain('Its job: https://github.example/me/shop/actions/runs/12');
  expect(stderr).toMatch(/eco unlock [0-9a-f]{8}$/m);
}

describe.concurrent('the lock of an apply', () => {
  test('keeps everything else from changing the project meanwhile, and nothing from looking at it', async ({ eco }) => {
    await applyGated(eco, '1');
    await applyGated(eco, '2');
    await writeGated(eco, '3');
    const apply = await startApply(eco);
    for (const args of [
      ['apply'],
      ['down', '--yes'],
      ['rollback', 'first'],
      ['stop', 'first'],
      ['scale', 'first', '3'],
    ]) {
      const refused = await eco.run(args);
      expect(refused.exitCode, refused.all).toBe(5);
      expect(refused.stderr).toContain('eco apply --json');
    }
    await eco.ok(['plan']);
    await eco.ok(['list']);
    await eco.write({ 'other/ecosystem.json': { project: 'other', apps: [sleeper('web')] } });
    await eco.ok(['apply'], { in: 'other' });
    apply.child.kill('SIGKILL');
    await apply.exited;
    await eco.ok(['stop', 'second']);
  });

  test('is waited for with a line at least every 10 s', async ({ eco }) => {
    await writeGated(eco, '1');
    const apply = await startApply(eco);
    const waiting = eco.start(['apply', '--lock-timeout', '60s']);
    const waited = once(waiting, 'close');
    const said = linesOf(waiting.stderr);
    await eco.eventually(() => said.some((line) => line.startsWith('Waiting: project shop is being changed by')));
    const since = performance.now();
    await eco.eventually(() => said.some((line) => /^Waiting \(1\ds\): project shop/.test(line)), { within: 20_000 });
    expect(performance.now() - since).toBeLessThan(15_000);
    await open(eco, '1', 'first', 'second');
    expect(await apply.exited).toEqual([0, null]);
    expect(await waited).toEqual([0, null]);
  });

  test('is taken along when another daemon takes the place of the one that granted it', async ({ eco }) => {
    await writeGated(eco, '1');
    const apply = await startApply(eco);
    const upgrade = eco.ok(['daemon', 'upgrade']);
    await open(eco, '1', 'first');
    expect((await upgrade).stdout).toContain('now, pid');
    expect((await eco.run(['apply'])).exitCode).toBe(5);
    await open(eco, '1', 'second');
    expect(await apply.exited).toEqual([0, null]);
    expect((await eco.apply()).stdout).toContain('No changes: 2 apps match');
  });

  test('outlives a daemon that is killed for as long as its process lives, and not longer', async ({ eco }) => {
    await writeGated(eco, '1');
    const apply = await startApply(eco);
    apply.child.kill('SIGSTOP');
    const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
    process.kill(pid, 'SIGKILL');
    await eco.ok(['daemon', 'start']);
    expect((await eco.run(['apply'])).exitCode).toBe(5);
    apply.child.kill('SIGKILL');
    await apply.exited;
    await open(eco, '1', 'first', 'second');
    await eco.apply();
    expect((await eco.list()).map(({ status }) => status)).toEqual(['ready', 'ready']);
  });

  test('that is taken away ends the apply before its next step', async ({ eco }) => {
    await writeGated(eco, '1');
    const apply = await startApply(eco);
    const refused = await eco.run(['apply']);
    const [, id = ''] = /eco unlock (\w+)/.exec(refused.stderr) ?? [];
    expect((await eco.ok(['unlock', id])).stdout).toContain('Project shop is unlocked. The lock was that of');
    await open(eco, '1', 'first', 'second');
    expect(await apply.exited).toEqual([5, null]);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['first']);
    expect(apply.lines.join('\n')).toContain('lock-lost');
    await eco.apply();
    expect((await eco.ok(['events', '--json'])).stdout).toContain('"project-unlocked"');
  });
});

test('eco lock keeps everybody out until eco unlock, across daemons', async ({ eco }) => {
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [sleeper('api')] } });
  await eco.apply();
  const locked = await eco.json<{ readonly lock: { readonly id: string } }>(['lock', '-m', 'moving the database']);
  await eco.ok(['daemon', 'stop']);
  for (const args of [['apply'], ['down', '--yes'], ['restart', 'api'], ['delete', 'api'], ['lock', '-m', 'me too']]) {
    const refused = await eco.run(args);
    expect(refused.exitCode, refused.all).toBe(5);
    expect(refused.stderr).toMatch(/project shop is locked by \S+, pid \d+, since .* UTC: moving the database/);
    expect(refused.stderr).toContain(`eco unlock ${locked.lock.id}`);
  }
  expect((await eco.list()).map(({ status }) => status)).toEqual(['ready']);
  await eco.ok(['unlock', locked.lock.id]);
  await eco.ok(['restart', 'api']);
  expect((await eco.run(['unlock', locked.lock.id])).exitCode).toBe(1);
  expect(await locksIn(eco)).toEqual([]);
});

/** Two steps, one after the other; each is done once its file is there. */
async function writeGated(eco: EcoRig, version: string): Promise<void> {
  const gated = (name: string) => {
    const env = { GATE: eco.path(`${name}-${version}.open`) };
    return { name, script: './gated.js', wait_ready: true, listen_timeout: '50s', revision: 'none', env };
  };
  await eco.write({
    'gated.js': `
      setInterval(() => {
        if (require('node:fs').existsSync(process.env.GATE)) process.send('ready');
      }, 20);
    `,
    'ecosystem.json': {
      project: 'shop',
      apps: [gated('first'), { ...gated('second'), depends_on: { first: 'ready' } }],
    },
  });
}

async function open(eco: EcoRig, version: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) await eco.write({ [`${name}-${version}.open`]: '' });
}

async function applyGated(eco: EcoRig, version: string): Promise<void> {
  await writeGated(eco, version);
  await open(eco, version, 'first', 'second');
  await eco.apply();
}

interface RunningApply {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly lines: readonly string[];
}

/** Answers once its first step is under way. */
async function startApply(eco: EcoRig): Promise<RunningApply> {
  const child = eco.start(['apply', '--json']);
  const exited = once(child, 'close');
  const lines = linesOf(child.stdout);
  await eco.eventually(() => lines.some((line) => line.includes('"step_started"')), { within: 30_000 });
  return { child, exited, lines };
}

/** Grows as lines come. */
function linesOf(stream: Readable | null): readonly string[] {
  const lines: string[] = [];
  if (stream === null) throw new Error('the command has no such stream');
  createInterface({ input: stream }).on('line', (line) => lines.push(line));
  return lines;
}

function versionOf(pid: number): string {
  return ['0', 'a', 'b'].find((version) => hasVariable(pid, 'WHICH', version)) ?? 'none';
}

async function locksIn(eco: EcoRig): Promise<readonly string[]> {
  return readdir(join(eco.home, 'locks')).catch(() => []);
}
