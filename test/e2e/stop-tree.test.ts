import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone, hasVariable } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const KILL_TIMEOUT = 500;
/** P7: `kill_timeout` and a second more. */
const WITHIN = KILL_TIMEOUT + 1000;

/** Programs that do not go quietly, with the number of processes of each. */
const TREES: Readonly<Record<string, number>> = {
  'ignores-sigterm': 1,
  'spawns-grandchildren': 3,
  'orphans-its-grandchild': 3,
};

const WAYS: Readonly<Record<string, readonly string[]>> = {
  stop: ['stop', 'stubborn'],
  delete: ['delete', 'stubborn'],
  down: ['down', '--yes'],
  'apply without the app': ['apply', 'without.json'],
  'daemon stop --apps': ['daemon', 'stop', '--apps'],
};

describe.concurrent.each(Object.entries(TREES))('a worker that %s', (program, size) => {
  test.for(Object.entries(WAYS))('%s leaves no process of it behind', async ([, args], { eco }) => {
    const tree = await start(eco, { program, size });
    const steps = await stepsOf(eco);
    await eco.ok(args);
    await gone(tree, { within: 0 });
    for (const took of (await stepsOf(eco)).slice(steps.length)) expect(took).toBeLessThan(WITHIN);
  });
});

test('a reload ends the whole tree of the old worker', async ({ eco }) => {
  const tree = await start(eco, { program: 'spawns-grandchildren', size: 3 });
  await eco.ok(['reload', 'stubborn']);
  await gone(tree, { within: 0 });
  expect(treeOf(eco)).toHaveLength(3);
});

test('a worker that does go quietly is not killed', async ({ eco }) => {
  await eco.write({
    'ecosystem.json': {
      project: 'trees',
      apps: [{ name: 'polite', script: eco.worker('queue-worker'), revision: 'none' }],
    },
  });
  await eco.apply();
  const pid = await eco.pid('polite');
  expect((await eco.ok(['stop', 'polite'])).wall).toBeLessThan(5000);
  await gone([pid], { within: 0 });
  expect((await eco.ok(['logs', 'polite', '--raw', '--no-follow'])).stdout).toContain('finishing the last job');
});

async function start(
  eco: EcoRig,
  { program, size }: { readonly program: string; readonly size: number },
): Promise<readonly number[]> {
  const keeper = { name: 'keeper', script: 'sleep', args: ['1000'], interpreter: 'none' };
  const stubborn = { name: 'stubborn', script: eco.worker(program), kill_timeout: KILL_TIMEOUT, revision: 'none' };
  await eco.write({
    'ecosystem.json': { project: 'trees', apps: [stubborn, keeper] },
    'without.json': { project: 'trees', apps: [keeper] },
  });
  await eco.apply('ecosystem.json');
  return eco.eventually(() => {
    const tree = treeOf(eco);
    if (tree.length !== size) throw new Error(`the tree has ${tree.length} processes`);
    return tree;
  });
}

/** How long each step of the app took, in milliseconds, as the daemon recorded it. */
async function stepsOf(eco: EcoRig): Promise<readonly number[]> {
  const lines = (await readFile(join(eco.home, 'events.jsonl'), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as Recorded).filter(({ app }) => app === 'stubborn');
  const started = events.filter(({ type }) => type === 'step-started');
  const succeeded = events.filter(({ type }) => type === 'step-succeeded');
  return succeeded.map(({ at }, index) => at - (started[index]?.at ?? 0));
}

interface Recorded {
  readonly type: string;
  readonly app?: string;
  readonly at: number;
}

function treeOf(eco: EcoRig): readonly number[] {
  return eco
    .processes()
    .map(({ pid }) => pid)
    .filter((pid) => hasVariable(pid, 'ECO_APP', 'stubborn'));
}
