import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone, hasVariable } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const WEB = { name: 'web', cwd: 'web', script: 'server.js', instances: 2 };
const TASK = { name: 'migrate', kind: 'task', script: './migrate.js' };

/** The points of an apply at which the command is killed, by the line of `--json` that it printed last. */
const POINTS: Readonly<Record<string, (line: Line) => boolean>> = {
  'before it has the lock': ({ type }) => type === 'version',
  'once it has a plan': ({ type }) => type === 'plan',
  'in its first step': ({ type }) => type === 'step_started',
  'between two steps': ({ type, app }) => type === 'step_succeeded' && app === 'migrate',
  'while its last step succeeds': ({ type, app }) => type === 'step_succeeded' && app === 'web',
  'while an app starts': ({ type, app }) => type === 'step_started' && app === 'web',
};

interface Line {
  readonly type: string;
  readonly app?: string;
}

describe.concurrent.each(Object.entries(POINTS))('an apply that is killed %s', (_when, reached) => {
  test('is finished by the next apply, with no process too many', async ({ eco }) => {
    const port = await eco.port();
    await write(eco, { port, greeting: 'hello' });
    await killAt(eco, reached);
    await eco.apply();
    await expectConverged(eco, { port, greeting: 'hello' });
  });

  test('in the middle of a reload is finished as well', async ({ eco }) => {
    const port = await eco.port();
    await write(eco, { port, greeting: 'hello' });
    await eco.apply();
    const old = await eco.pids('web');

    await write(eco, { port, greeting: 'good evening' });
    await eco.write({ 'migrate.js': '// a new migration' });
    await killAt(eco, reached);
    await eco.apply();
    await expectConverged(eco, { port, greeting: 'good evening' });
    await gone(old, { within: 1000 });
  });
});

/** As many as are asked for; a few in every run of the tests. */
const ROUNDS = Number(process.env['ECO_KILL_ROUNDS'] ?? 6);
const OF_NO_CHOICE = { timeout: 60_000 + ROUNDS * 20_000 };

test(
  `an apply that is killed at a moment of no choice leaves no lock behind, ${ROUNDS} times`,
  OF_NO_CHOICE,
  async ({ eco }) => {
    const port = await eco.port();
    await write(eco, { port, greeting: 'hello' });
    await eco.apply();
    const moments: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const greeting = `hello for the ${round}th time`;
      await write(eco, { port, greeting });
      await eco.write({ 'migrate.js': `// migration ${round}` });
      const apply = eco.start(['apply', '--json']);
      const exited = once(apply, 'exit');
      const moment = Math.round(Math.random() * 2500);
      moments.push(moment);
      await wait(moment);
      apply.kill('SIGKILL');
      await exited;
      const next = await eco.run(['apply']);
      expect(next.exitCode, `killed after ${moment} ms: ${next.all}`).toBe(0);
      await expectConverged(eco, { port, greeting });
    }
    console.log(`killed after ${moments.join(', ')} ms`);
  },
);

test('an apply that is interrupted finishes its step, starts no other and exits with 130', async ({ eco }) => {
  await eco.write({
    'ecosystem.json': {
      project: 'killed',
      apps: [
        {
          name: 'first',
          script: eco.worker('sends-ready-late'),
          env: { READY_AFTER: 1500 },
          wait_ready: true,
          revision: 'none',
        },
        { name: 'second', script: 'sleep', args: ['1000'], interpreter: 'none', depends_on: { first: 'ready' } },
      ],
    },
  });
  const apply = eco.start(['apply', '--json']);
  const exited = once(apply, 'exit');
  await lineOf(apply, ({ type }) => type === 'step_started');
  apply.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  expect((await eco.list()).filter(({ ready }) => ready > 0).map(({ name }) => name)).toEqual(['first']);

  await eco.apply();
  expect((await eco.list()).map(({ status }) => status)).toEqual(['ready', 'ready']);
});

async function write(
  eco: EcoRig,
  { port, greeting }: { readonly port: number; readonly greeting: string },
): Promise<void> {
  const env = { PORT: port, GREETING: greeting };
  const apps = [TASK, { ...WEB, env, depends_on: { migrate: 'completed' } }];
  await eco.copyFixture('apps/http', 'web');
  await eco.write({ 'migrate.js': '', 'ecosystem.json': { project: 'killed', apps } });
}

async function killAt(eco: EcoRig, reached: (line: Line) => boolean): Promise<void> {
  const apply = eco.start(['apply', '--json']);
  const exited = once(apply, 'exit');
  await lineOf(apply, reached);
  apply.kill('SIGKILL');
  await exited;
}

async function lineOf(command: ReturnType<EcoRig['start']>, wanted: (line: Line) => boolean): Promise<void> {
  if (command.stdout === null) throw new Error('the command has no stdout');
  const seen: string[] = [];
  for await (const text of createInterface({ input: command.stdout })) {
    seen.push(text);
    if (wanted(JSON.parse(text) as Line)) return;
  }
  throw new Error(`the command ended before that:\n${seen.join('\n')}`);
}

async function expectConverged(
  eco: EcoRig,
  { port, greeting }: { readonly port: number; readonly greeting: string },
): Promise<void> {
  expect((await eco.apply()).stdout).toContain('No changes: 2 apps match ecosystem.json.');
  const web = await eco.app('web');
  expect(web).toMatchObject({ status: 'ready', ready: 2, desired: 2 });
  expect((await eco.get(port)).body['greeting']).toBe(greeting);
  const running = eco.processes().filter(({ pid }) => hasVariable(pid, 'ECO_APP', 'web'));
  expect(new Set(running.map(({ pid }) => pid))).toEqual(new Set(web.workers.map(({ pid }) => pid)));
}
