import { describe, expect, test } from 'vitest';
import { ADHOC_OPTIONS, adhocSettings } from '../../src/cli/adhoc-options.ts';
import { APP_OPTIONS } from '../../src/config/app-options.ts';
import { ok } from '../../src/domain/result.ts';
import { app, fakeEco, observedApps, ORIGIN, spec } from './cli-fake-context.ts';

const observed = observedApps([app('api', { goal: 'stopped' }), app('web')]);
const desired = { project: 'adhoc', origin: ORIGIN, file: '/f.json', apps: [spec('server')], manifests: {} };
const world = {
  observed,
  files: ['/home/me/shop/server.js'],
  loaded: ok({ desired, warnings: [], locateApp: () => null }),
};

describe('a program', () => {
  test.for<[readonly string[], object]>([
    [['server.js'], { name: 'server', script: 'server.js', args: [] }],
    [
      ['server.js', '-i', '4', '--name', 'front', '--no-autorestart', '--', '--port', '80'],
      { name: 'front', script: 'server.js', args: ['--port', '80'], instances: '4', autorestart: false },
    ],
    [['npm', '--name', 'web2', '--', 'start'], { name: 'web2', script: 'npm', args: ['start'] }],
    [['npm run worker'], { name: 'npm', script: 'npm run worker' }],
    [['server.js', '--cwd', 'sub'], { cwd: '/home/me/shop/sub' }],
  ])('%j becomes an app of its own file', async ([words, written]) => {
    const { run, seen } = fakeEco(world);
    await run('start', ...words);
    const [path = '', content = ''] = [...seen.written].flat();
    expect(path).toMatch(/^\/home\/me\/\.eco\/adhoc\/\w+\.json$/);
    expect(JSON.parse(content)).toMatchObject({ project: 'adhoc', apps: [{ pass_env: true, ...written }] });
    expect(seen.loadedWith).toMatchObject([{ file: path }]);
  });

  test('and an app may be started together', async () => {
    const { run, seen } = fakeEco(world);
    expect(await run('start', 'api', 'server.js')).toBe(0);
    expect(seen.steps).toMatchObject([
      { app: 'api', asked: 'hand' },
      { app: 'server', asked: 'file' },
    ]);
  });
});

test.for<[readonly string[], string]>([
  [['web', '-i', '4'], 'eco scale web N'],
  [['ecosystem.config.js', '--time'], 'eco apply ecosystem.config.js'],
  [['server.js', 'worker.js', '--name', 'x'], '--name is for one program'],
  [['apj'], 'api'],
])('%j is refused, and nothing is changed', async ([words, hint]) => {
  const { run, seen } = fakeEco(world);
  expect(await run('start', ...words)).toBe(1);
  expect(seen.err).toContain(hint);
  expect(seen.steps).toEqual([]);
  expect(seen.written.size).toBe(0);
});

test('each flag is an option of the file', () => {
  const known = APP_OPTIONS.flatMap(({ name, aliases }) => [name, ...aliases]) as readonly string[];
  const missing = ADHOC_OPTIONS.filter(({ key }) => !known.includes(key)).map(({ key }) => key);
  expect(missing).toEqual([]);
  expect(adhocSettings({ maxRestarts: '3', autorestart: true, json: true })).toEqual({ max_restarts: '3' });
});

describe('list', () => {
  const busy = (name: string, cpuPercent: number, restarts: number) => {
    const one = app(name);
    return { ...one, workers: one.workers.map((worker) => ({ ...worker, cpuPercent, restarts })) };
  };
  const apps = observedApps([busy('a', 1, 9), busy('b', 50, 2), app('c', { phase: 'failed' })]);

  test.for<[string, string]>([
    ['name', 'abc'],
    ['cpu', 'bac'],
    ['restarts', 'abc'],
    ['status', 'cab'],
  ])('by %s: %s', async ([column, order]) => {
    const { run, seen } = fakeEco({ observed: apps });
    expect(await run('list', '--sort', column)).toBe(0);
    const names = seen.out
      .split('\n')
      .slice(1, 4)
      .map((line) => line[0]);
    expect(names.join('')).toBe(order);
  });

  test('a column that does not exist is refused', async () => {
    const { run, seen } = fakeEco({ observed: apps });
    expect(await run('list', '--sort', 'colour')).toBe(1);
    expect(seen.err).toContain('cpu');
  });

  test('--watch looks again until it is interrupted', async () => {
    const { run, seen } = fakeEco({
      observed: apps,
      later: (pauses) => {
        if (pauses === 2) seen.interrupt('SIGINT', 1);
        return observedApps([app('later')]);
      },
    });
    expect(await run('list', '--watch', '--json')).toBe(0);
    const documents = seen.out.trim().split('\n');
    expect(documents).toHaveLength(3);
    expect(documents[1]).toContain('"later"');
  });
});
