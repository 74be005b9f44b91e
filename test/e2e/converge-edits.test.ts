import { execa } from 'execa';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

interface PlanDocument {
  readonly changes: readonly {
    readonly app: string;
    readonly action: string;
    readonly fields: readonly { readonly path: string }[];
  }[];
}

type Entry = Readonly<Record<string, unknown>>;

interface Edit {
  /** Of the app `web`. */
  readonly before?: Entry;
  readonly after: Entry;
  readonly action: string;
  readonly fields: readonly string[];
  /** What the app says of itself after the edit, where it is asked. */
  readonly says?: (answer: Entry, eco: EcoRig) => unknown;
  readonly expected?: unknown;
}

/** One edit of one app each: what the plan says, and what the app then says. */
const EDITS: Readonly<Record<string, Edit>> = {
  'another script': {
    after: { script: 'second.js' },
    action: 'reload',
    fields: ['script'],
    says: (answer, eco) => String(answer['script']).replace(`${eco.folder}/`, ''),
    expected: 'web/second.js',
  },
  'other args': {
    before: { args: ['--verbose'] },
    after: { args: ['--quiet', 'two words'] },
    action: 'reload',
    fields: ['args'],
    says: ({ argv }) => argv,
    expected: ['--quiet', 'two words'],
  },
  'another cwd': {
    before: { script: 'prints-environment.js' },
    after: { script: '../web/prints-environment.js', cwd: 'elsewhere' },
    action: 'reload',
    fields: ['cwd'],
    says: (answer, eco) => String(answer['cwd']).replace(`${eco.folder}/`, ''),
    expected: 'elsewhere',
  },
  'another value of a variable': {
    before: { env: { LEVEL: 'info', SAME: 'same' } },
    after: { env: { LEVEL: 'debug', SAME: 'same' } },
    action: 'reload',
    fields: ['env.LEVEL'],
    says: ({ env }) => pick(env, ['LEVEL', 'SAME']),
    expected: { LEVEL: 'debug', SAME: 'same' },
  },
  'a variable more': {
    after: { env: { LEVEL: 'debug' } },
    action: 'reload',
    fields: ['env.LEVEL'],
    says: ({ env }) => pick(env, ['LEVEL']),
    expected: { LEVEL: 'debug' },
  },
  'a variable less': {
    before: { env: { LEVEL: 'info', SAME: 'same' } },
    after: { env: { SAME: 'same' } },
    action: 'reload',
    fields: ['env.LEVEL'],
    says: ({ env }) => pick(env, ['LEVEL', 'SAME']),
    expected: { SAME: 'same' },
  },
  'from fork to cluster mode': {
    before: { exec_mode: 'fork' },
    after: { exec_mode: 'cluster' },
    action: 'replace',
    fields: ['exec_mode'],
  },
  'from cluster to fork mode': {
    before: { exec_mode: 'cluster' },
    after: { exec_mode: 'fork' },
    action: 'replace',
    fields: ['exec_mode'],
  },
};

describe.concurrent.each(Object.entries(EDITS))(
  '%s',
  (_what, { before = {}, after, action, fields, says, expected }) => {
    test('gives the app a new process, and only that app', async ({ eco }) => {
      const port = await eco.port();
      const write = (entry: Entry) => eco.write({ 'ecosystem.json': fileWith([web(port, entry), BYSTANDER]) });
      await prepare(eco);
      await write(before);
      await eco.apply();
      const [bystander, old] = [await eco.pid('bystander'), await eco.pid('web')];

      await write(after);
      expect(await plannedIn(eco)).toMatchObject([{ app: 'web', action }]);
      expect((await changesOf(eco))[0]?.fields.map(({ path }) => path)).toEqual(expect.arrayContaining([...fields]));
      await eco.apply();

      const answer = (await eco.get(port)).body;
      expect(answer['pid']).not.toBe(old);
      expect(answer['pid']).toBe(await eco.pid('web'));
      expect(says?.(answer, eco)).toEqual(expected);
      await gone([old], { within: 1000 });
      expect(await eco.pid('bystander')).toBe(bystander);
      await expectConverged(eco);
    });
  },
);

describe.concurrent('an edit of the file', () => {
  test('that adds an app starts it', async ({ eco }) => {
    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER]) });
    await eco.apply();
    const bystander = await eco.pid('bystander');

    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, sleeper('added')]) });
    expect(await plannedIn(eco)).toEqual([{ app: 'added', action: 'start' }]);
    await eco.apply();
    expect(await statuses(eco)).toEqual({ added: 'ready', bystander: 'ready' });
    expect(await eco.pid('bystander')).toBe(bystander);
    await expectConverged(eco);
  });

  test('that removes an app ends it', async ({ eco }) => {
    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, sleeper('legacy')]) });
    await eco.apply();
    const [bystander, legacy] = [await eco.pid('bystander'), await eco.pid('legacy')];

    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER]) });
    expect(await plannedIn(eco)).toEqual([{ app: 'legacy', action: 'delete' }]);
    await eco.apply();
    expect(await statuses(eco)).toEqual({ bystander: 'ready' });
    await gone([legacy], { within: 1000 });
    expect(await eco.pid('bystander')).toBe(bystander);
    await expectConverged(eco);
  });

  test('that renames an app which holds a port moves the port to the new name', async ({ eco }) => {
    const port = await eco.port();
    await prepare(eco);
    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, web(port, {})]) });
    await eco.apply();
    const [bystander, old] = [await eco.pid('bystander'), await eco.pid('web')];

    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, web(port, { name: 'site' })]) });
    expect(await plannedIn(eco)).toEqual([
      { app: 'web', action: 'delete' },
      { app: 'site', action: 'start' },
    ]);
    await eco.apply();
    expect(await statuses(eco)).toEqual({ bystander: 'ready', site: 'ready' });
    await gone([old], { within: 1000 });
    expect((await eco.get(port)).body['pid']).toBe(await eco.pid('site'));
    expect(await eco.pid('bystander')).toBe(bystander);
    await expectConverged(eco);
  });

  test('of `instances` starts and ends workers, and keeps the others', async ({ eco }) => {
    const port = await eco.port();
    const scaled = (instances: number) => fileWith([BYSTANDER, web(port, { exec_mode: 'cluster', instances })]);
    await prepare(eco);
    await eco.write({ 'ecosystem.json': scaled(2) });
    await eco.apply();
    const [bystander, two] = [await eco.pid('bystander'), await eco.pids('web')];

    await eco.write({ 'ecosystem.json': scaled(4) });
    expect(await plannedIn(eco)).toEqual([{ app: 'web', action: 'scale' }]);
    await eco.apply();
    const four = await eco.pids('web');
    expect(four).toHaveLength(4);
    expect(four.slice(0, 2)).toEqual(two);
    await expectConverged(eco);

    await eco.write({ 'ecosystem.json': scaled(1) });
    expect(await plannedIn(eco)).toEqual([{ app: 'web', action: 'scale' }]);
    await eco.apply();
    expect(await eco.pids('web')).toEqual(two.slice(0, 1));
    await gone(four.slice(1), { within: 1000 });
    expect((await eco.get(port)).body['pid']).toBe(two[0]);
    expect(await eco.pid('bystander')).toBe(bystander);
    await expectConverged(eco);
  });

  test('of `kill_timeout` touches no process', async ({ eco }) => {
    const port = await eco.port();
    await prepare(eco);
    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, web(port, { kill_timeout: '5s' })]) });
    await eco.apply();
    const [bystander, old] = [await eco.pid('bystander'), await eco.pid('web')];

    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, web(port, { kill_timeout: '7s' })]) });
    expect(await plannedIn(eco)).toEqual([{ app: 'web', action: 'update' }]);
    await eco.apply();
    expect([await eco.pid('bystander'), await eco.pid('web')]).toEqual([bystander, old]);
    await expectConverged(eco);
  });

  test('is not needed for new code: only the app whose code changed reloads, and the plan names the file', async ({
    eco,
  }) => {
    const [port, otherPort] = [await eco.port(), await eco.port()];
    await eco.copyFixture('apps/http', 'web');
    await eco.copyFixture('apps/http', 'other');
    await eco.write({
      'ecosystem.json': fileWith([
        { name: 'web', cwd: 'web', script: 'server.js', env: { PORT: port } },
        { name: 'other', cwd: 'other', script: 'server.js', env: { PORT: otherPort } },
      ]),
    });
    await eco.apply();
    const [old, other] = [await eco.pid('web'), await eco.pid('other')];
    expect((await eco.get(port)).body['version']).toBe(1);

    await eco.edit('web/server.js', 'version = 1', 'version = 2');
    expect((await eco.ok(['plan'])).stdout).toContain('1 file changed: server.js');
    expect(await plannedIn(eco)).toEqual([{ app: 'web', action: 'reload' }]);
    await eco.apply();
    expect((await eco.get(port)).body['version']).toBe(2);
    await gone([old], { within: 1000 });
    expect(await eco.pid('other')).toBe(other);
    await expectConverged(eco);
  });

  test('that moves apps and keys about without changing them is no change', async ({ eco }) => {
    await eco.write({ 'ecosystem.json': fileWith([BYSTANDER, sleeper('web')]) });
    await eco.apply();
    const pids = [await eco.pid('bystander'), await eco.pid('web')];

    const { name, ...rest } = sleeper('web');
    await eco.write({ 'ecosystem.json': fileWith([{ ...rest, instances: 1, namespace: 'default', name }, BYSTANDER]) });
    await expectConverged(eco);
    expect([await eco.pid('bystander'), await eco.pid('web')]).toEqual(pids);
  });
});

test('the second apply of 20 unchanged apps does nothing, in 0.3 s', async ({ eco }) => {
  await eco.copyFixture('apps/queue-worker', 'app');
  const apps = Array.from({ length: 20 }, (_, index) => ({ name: `app-${index}`, cwd: 'app', script: 'worker.js' }));
  await eco.write({ 'ecosystem.json': fileWith(apps) });
  expect((await eco.apply()).stderr).toBe('');
  const pids = await allPids(eco);
  expect(pids).toHaveLength(20);

  const [walls, bare]: [number[], number[]] = [[], []];
  for (let run = 0; run < 7; run += 1) {
    bare.push(await bareNode());
    const { stdout, wall } = await eco.apply();
    expect(stdout).toContain('No changes: 20 apps match ecosystem.json.');
    walls.push(wall);
  }
  expect(await allPids(eco)).toEqual(pids);
  // 0.3 s where bare Node takes 52 ms. Other tests share the machine: the least of several is what the command itself needs.
  expect(Math.min(...walls) / Math.min(...bare)).toBeLessThanOrEqual(300 / 52);
});

const BYSTANDER = sleeper('bystander');

function sleeper(name: string): Entry {
  return { name, script: 'sleep', args: ['1000'], interpreter: 'none' };
}

function web(port: number, { env, ...entry }: Entry): Entry {
  return { name: 'web', cwd: 'web', script: 'prints-environment.js', env: { PORT: port, ...Object(env) }, ...entry };
}

function fileWith(apps: readonly Entry[]): object {
  return { project: 'edits', apps };
}

async function prepare(eco: EcoRig): Promise<void> {
  await eco.copyFixture('workers/prints-environment.js', 'web/prints-environment.js');
  await eco.copyFixture('workers/prints-environment.js', 'web/second.js');
  await eco.write({ 'elsewhere/README.md': '', 'package.json': { name: 'edits', private: true, type: 'commonjs' } });
}

async function changesOf(eco: EcoRig): Promise<PlanDocument['changes']> {
  return (await eco.json<PlanDocument>(['plan'])).changes;
}

async function plannedIn(eco: EcoRig): Promise<readonly { readonly app: string; readonly action: string }[]> {
  return (await changesOf(eco)).map(({ app, action }) => ({ app, action }));
}

async function statuses(eco: EcoRig): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await eco.list()).map(({ name, status }) => [name, status]));
}

async function allPids(eco: EcoRig): Promise<readonly (number | null)[]> {
  return (await eco.list()).flatMap(({ workers }) => workers.map(({ pid }) => pid));
}

/** Milliseconds. */
async function bareNode(): Promise<number> {
  const started = performance.now();
  await execa(process.execPath, ['-e', '0'], { stdin: 'ignore' });
  return performance.now() - started;
}

async function expectConverged(eco: EcoRig): Promise<void> {
  expect(await eco.ok(['plan', '--detailed-exitcode'])).toMatchObject({ exitCode: 0 });
  expect((await eco.apply()).stdout).toContain('No changes');
}

function pick(record: unknown, names: readonly string[]): Entry {
  const entries = Object.entries(Object(record) as Entry);
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)));
}
