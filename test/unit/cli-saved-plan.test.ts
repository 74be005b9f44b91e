import { describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { ObservedState } from '../../src/domain/observed-state.ts';
import { canonicalJson } from '../../src/util/compare.ts';
import { app, fakeEco, loadedFile, observedApps, spec, type World } from './cli-fake-context.ts';

const SECRET = 'correct horse battery staple';
const FILE = '/home/me/shop/plan.json';
const API: Partial<AppSpec> = {
  env: { LOG_LEVEL: 'debug', DB_PASSWORD: SECRET },
  sensitiveEnv: ['DB_PASSWORD'],
  code: { type: 'auto', digest: 'abc' },
};

function serialAt(state: ObservedState, serial: number, lineage = 'one'): ObservedState {
  return { ...state, projects: state.projects.map((project) => ({ ...project, serial, lineage })) };
}

const OBSERVED = serialAt(observedApps([app('api'), app('worker')]), 41);
const WORLD: World = { observed: OBSERVED, loaded: loadedFile([spec('api', API), spec('worker')]) };

/** Runs `eco plan --out` in one world and `eco apply` of what it wrote in another. */
async function applyElsewhere(
  other: World,
  { flags = [], edit = (text: string) => text }: { flags?: readonly string[]; edit?: (text: string) => string } = {},
) {
  const first = fakeEco(WORLD);
  expect(await first.run('plan', '--out', 'plan.json')).toBe(0);
  const text = first.seen.written.get(FILE);
  if (text === undefined) throw new Error('no plan was written');
  const second = fakeEco(other);
  second.seen.written.set(FILE, edit(text));
  const exitCode = await second.run('apply', 'plan.json', ...flags);
  return { exitCode, text, ...second.seen };
}

describe('a saved plan', () => {
  test('is applied to the letter, and asks nobody', async () => {
    const { exitCode, steps, questions } = await applyElsewhere({ ...WORLD, interactive: true });
    expect(exitCode).toBe(0);
    expect(questions).toEqual([]);
    expect(steps.map(({ app: name, action }) => [name, action.type])).toEqual([['api', 'reload']]);
    expect(steps[0]?.action).toMatchObject({ spec: { env: { DB_PASSWORD: SECRET } } });
  });

  test('holds no value of a setting, and tells how to apply it', async () => {
    const { run, seen } = fakeEco(WORLD);
    await run('plan', '--out', 'plan.json');
    const text = seen.written.get(FILE) ?? '';
    expect(text).not.toContain(SECRET);
    expect(text.slice(0, 15)).toBe('{\n  "eco_plan":');
    const { apps } = JSON.parse(text) as { readonly apps: Readonly<Record<string, unknown>> };
    expect(canonicalJson(apps)).not.toContain('debug');
    expect(seen.err).toBe('Saved. To apply exactly this: eco apply plan.json\n');
    const again = fakeEco(WORLD);
    await again.run('plan', '--out', 'plan.json');
    expect(again.seen.written.get(FILE)).not.toBe(text);
  });

  test.each<[what: string, other: World, reason: string]>([
    ['a later serial', { ...WORLD, observed: serialAt(OBSERVED, 43) }, 'serial: planned at 41, now 43'],
    ['another lineage', { ...WORLD, observed: serialAt(OBSERVED, 41, 'two') }, 'lineage: '],
    ['a project that is gone', { ...WORLD, observed: { projects: [] } }, 'lineage: '],
    [
      'another project',
      { ...WORLD, loaded: loadedFile([spec('api', API), spec('worker')], 'blog') },
      'project: planned for shop (/home/me/shop), the file is of blog (/home/me/shop)',
    ],
    [
      'changed code',
      {
        ...WORLD,
        loaded: loadedFile([spec('api', { ...API, code: { type: 'auto', digest: 'def' } }), spec('worker')]),
      },
      'code: that of api has changed',
    ],
    [
      'a changed secret',
      {
        ...WORLD,
        loaded: loadedFile([spec('api', { ...API, env: { LOG_LEVEL: 'debug', DB_PASSWORD: 'x' } }), spec('worker')]),
      },
      'secret: env.DB_PASSWORD of api has another value',
    ],
    [
      'a changed setting',
      { ...WORLD, loaded: loadedFile([spec('api', API), spec('worker', { killTimeout: 1 })]) },
      'file: kill_timeout of worker has changed',
    ],
    ['a removed app', { ...WORLD, loaded: loadedFile([spec('api', API)]) }, 'file: worker was added or removed'],
    [
      'a worker that is gone',
      { ...WORLD, observed: serialAt(observedApps([app('api'), app('worker', { phase: 'failed' })]), 41) },
      'state: what would be done to worker is something else',
    ],
  ])('is not applied to %s: exit 6', async (_what, other, reason) => {
    const { exitCode, steps, err } = await applyElsewhere(other);
    expect(exitCode).toBe(6);
    expect(steps).toEqual([]);
    expect(err).toContain('plan.json is not what an apply would do now; nothing was changed\n');
    expect(err).toContain(`  ${reason}`);
    expect(err).toContain('Make a new one: eco plan --out plan.json');
    expect(err).not.toContain(SECRET);
  });

  test.each<[what: string, edit: (text: string) => string, exitCode: number, reason: string]>([
    [
      'of another host',
      (text) => text.replace('"host": "box"', '"host": "other"'),
      6,
      'host: planned for other (/home/me/.eco), this is box (/home/me/.eco)',
    ],
    [
      'of an older eco',
      (text) => text.replace('"eco_version": "1.2.3"', '"eco_version": "1.2.2"'),
      6,
      'eco version: planned by eco 1.2.2, this is eco 1.2.3',
    ],
    ['that is cut off', (text) => text.slice(0, 700), 3, 'it is cut off, or no JSON'],
    ['that lacks a part', (text) => text.replace('"salt"', '"pepper"'), 3, 'salt'],
    ['of another format', (text) => text.replace('"eco_plan": "1.0"', '"eco_plan": "9.0"'), 3, 'its format is "9.0"'],
    [
      'that was tampered with',
      (text) => text.replace('"action": "reload"', '"action": "delete"'),
      6,
      'state: what would be done to api',
    ],
  ])('%s is refused', async (_what, edit, expected, reason) => {
    const { exitCode, steps, err } = await applyElsewhere(WORLD, { edit });
    expect([exitCode, steps]).toEqual([expected, []]);
    expect(err).toContain(reason);
  });

  test('takes no flag that would make another plan of it', async () => {
    for (const flags of [['--only', 'api'], ['--force'], ['--no-prune'], ['--env', 'x'], ['--dry-run']]) {
      const { exitCode, steps, err } = await applyElsewhere(WORLD, { flags });
      expect([exitCode, steps]).toEqual([1, []]);
      expect(err).toContain(`${flags[0]} has no place beside plan.json`);
    }
  });

  test('remembers how it was asked for', async () => {
    const { run, seen } = fakeEco(WORLD);
    expect(
      await run('plan', '--out', 'plan.json', '--only', 'worker', '--force', '--env', 'x', '--revision', 'r1'),
    ).toBe(0);
    expect(await run('apply', 'plan.json')).toBe(0);
    expect(seen.steps.map(({ app: name, action }) => [name, action.type])).toEqual([['worker', 'reload']]);
    expect(seen.loadedWith[1]).toMatchObject({
      file: '/home/me/shop/ecosystem.yaml',
      envName: 'x',
      revision: 'r1',
      codeRevision: 'compute',
    });
  });

  test('must be a JSON file', async () => {
    const { run, seen } = fakeEco(WORLD);
    expect(await run('plan', '--out', 'plan.txt')).toBe(1);
    expect(seen.err).toContain('Write the name of a .json file.');
  });
});

describe('plan --detailed-exitcode', () => {
  const exitCode = async (world: World, ...flags: readonly string[]) =>
    fakeEco(world).run('plan', '--detailed-exitcode', ...flags);
  const scaled = app('api', { spec: { instances: 2 } });
  const byHand = { ...scaled, applied: spec('api'), manualChanges: [] };

  test('tells changes, only drift, and nothing apart', async () => {
    const loaded = loadedFile([spec('api')]);
    expect(await exitCode({ observed: observedApps([app('api')]), loaded })).toBe(0);
    expect(await exitCode({ observed: observedApps([byHand]), loaded })).toBe(4);
    expect(await exitCode({ observed: observedApps([app('api', { phase: 'failed' })]), loaded })).toBe(4);
    expect(await exitCode({ observed: observedApps([app('api', { goal: 'stopped' })]), loaded })).toBe(4);
    expect(
      await exitCode({ observed: observedApps([byHand]), loaded: loadedFile([spec('api', { args: ['x'] })]) }),
    ).toBe(2);
    expect(await exitCode({ observed: observedApps([app('api'), app('old')]), loaded })).toBe(2);
    expect(await exitCode({ observed: observedApps([]), loaded })).toBe(2);
    expect(await exitCode({ observed: observedApps([app('api')]), loaded }, '--force')).toBe(2);
  });
});
