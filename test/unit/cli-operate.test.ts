import { expect, test } from 'vitest';
import { err, ok } from '../../src/domain/result.ts';
import { deferred } from '../../src/util/deferred.ts';
import { app, fakeEco, observedApps } from './cli-fake-context.ts';

const served = (ready: number) => ok({ serving: { revision: 1, ready, desired: ready } });

test.each([
  [['stop', 'api'], { type: 'stop', workers: 2 }, 'api: stopped'],
  [['restart', 'api'], { type: 'restart' }, 'api: restarted'],
  [['reload', 'api'], { type: 'reload' }, 'api: reloaded'],
  [['delete', 'api'], { type: 'delete', workers: 2 }, 'api: deleted'],
  [['scale', 'api', '4'], { type: 'scale', from: 2, to: 4, spec: { instances: 4 } }, 'api: scaled 2 → 4'],
  [['scale', 'api', '+1'], { type: 'scale', from: 2, to: 3, spec: { instances: 3 } }, 'api: scaled 2 → 3'],
  [['scale', 'api', '-1'], { type: 'scale', from: 2, to: 1, spec: { instances: 1 } }, 'api: scaled 2 → 1'],
])('%j sends one step, asked for by hand', async (args, action, line) => {
  const observed = observedApps([app('api', { spec: { instances: 2 } })]);
  const { run, seen } = fakeEco({ observed, onStep: async () => served(2) });
  expect(await run(...args)).toBe(0);
  expect(seen.steps).toMatchObject([{ project: 'shop', app: 'api', action, asked: 'hand', by: { user: 'alice' } }]);
  expect(seen.out).toContain(line);
});

test.each([
  [['stop', 'api'], app('api', { goal: 'stopped' }), 'api: is stopped already'],
  [['start', 'api'], app('api'), 'api: already runs (1/1 ready)'],
  [['scale', 'api', '1'], app('api'), 'api: has 1 worker already'],
  [['scale', 'api', '+0'], app('api'), 'api: has 1 worker already'],
])('%j succeeds without a step where it is so already', async (args, observed, line) => {
  const { run, seen } = fakeEco({ observed: observedApps([observed]) });
  expect(await run(...args)).toBe(0);
  expect(seen.steps).toEqual([]);
  expect(seen.out).toBe(`${line}\n`);
});

test.each([
  ['a stopped app', app('api', { goal: 'stopped' })],
  ['a failed app', app('api', { phase: 'failed' })],
  ['an app that is starting, to wait for it', app('api', { phase: 'starting' })],
])('start begins %s', async (_, observed) => {
  const { run, seen } = fakeEco({ observed: observedApps([observed]) });
  expect(await run('start', 'api')).toBe(0);
  expect(seen.steps).toMatchObject([{ action: { type: 'start' } }]);
});

test('an app that cannot hand over its port is reloaded with downtime', async () => {
  const observed = app('api', { spec: { interpreter: { type: 'program', path: 'python3' } } });
  const unmanaged = { ...observed, workers: observed.workers.map((worker) => ({ ...worker, managed: false })) };
  const { run, seen } = fakeEco({ observed: observedApps([unmanaged]) });
  expect(await run('reload', 'api')).toBe(0);
  expect(seen.steps).toMatchObject([{ action: { type: 'replace' } }]);
  expect(seen.out).toContain('api: restarted');
});

test('scaling below one worker is refused, and says what to do instead', async () => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api')]) });
  expect(await run('scale', 'api', '0')).toBe(1);
  expect(await run('scale', 'api', '-3')).toBe(1);
  expect(seen.steps).toEqual([]);
  expect(seen.err).toContain('eco stop api');
});

test('several targets are worked on at once, and one failure does not keep the others', async () => {
  const observed = observedApps([app('api'), app('worker'), app('web')]);
  const [began, release] = [deferred<void>(), deferred<void>()];
  let inFlight = 0;
  const { run, seen } = fakeEco({
    observed,
    onStep: async (request) => {
      inFlight += 1;
      if (inFlight === 3) began.resolve();
      await release.promise;
      if (request.app !== 'api') return served(1);
      return err({ reason: 'rollout-failed', app: 'api', workers: [], serving: null });
    },
  });
  const exit = run('reload', 'all');
  await began.promise;
  release.resolve();
  expect(await exit).toBe(9);
  expect(seen.out).toContain('web: reloaded');
  expect(seen.out).toContain('worker: reloaded');
  expect(seen.err).toContain('api: rollout failed, nothing is serving');
});

test('an unknown app: exit 1, what was meant, and no step, not even for the known ones', async () => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api'), app('web')]) });
  expect(await run('stop', 'web', 'apo')).toBe(1);
  expect(seen.err).toContain('did you mean "api"?');
  expect(seen.steps).toEqual([]);
});

test('an app of several projects has to be told apart', async () => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api'), app('api', { project: 'blog' })]) });
  expect(await run('delete', 'api')).toBe(1);
  expect(seen.err).toContain('blog, shop');
  expect(await run('delete', 'api', '--project', 'blog')).toBe(0);
  expect(seen.steps).toMatchObject([{ project: 'blog', app: 'api' }]);
});

test('apps of several projects are named with theirs', async () => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api'), app('web', { project: 'blog' })]) });
  expect(await run('restart', 'all')).toBe(0);
  expect(seen.out).toContain('blog/web: restarted');
  expect(seen.out).toContain('shop/api: restarted');
});

test('where nothing was ever kept, no daemon is started: all is a success, a name is not', async () => {
  const world = { observed: null, homeHasApps: false };
  const [all, named] = [fakeEco(world), fakeEco(world)];
  expect(await all.run('stop', 'all')).toBe(0);
  expect(await named.run('stop', 'api')).toBe(1);
  expect([...all.seen.connections, ...named.seen.connections]).toEqual(['never', 'never']);
});

test('--json prints one document, --quiet prints nothing', async () => {
  const observed = observedApps([app('api'), app('web', { goal: 'stopped' })]);
  const { run, seen } = fakeEco({ observed });
  expect(await run('stop', 'all', '--json')).toBe(0);
  expect(JSON.parse(seen.out)).toEqual({
    format_version: '1.0',
    operation: 'stop',
    results: [
      { app: 'api', project: 'shop', result: 'done', ready: 1, desired: 1, failure: null },
      { app: 'web', project: 'shop', result: 'already', ready: null, desired: null, failure: null },
    ],
  });
  const quiet = fakeEco({ observed });
  expect(await quiet.run('-q', 'stop', 'all')).toBe(0);
  expect(quiet.seen.out + quiet.seen.err).toBe('');
});
