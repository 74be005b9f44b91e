import { expect, test } from 'vitest';
import { health } from '../../src/platform/health.ts';
import { strayWorkers } from '../../src/cli/flow/stray-workers.ts';
import { app, fakeEco, loadedFile, observedApps, spec, type World } from './cli-fake-context.ts';

const DRIFTED: World = {
  observed: observedApps([app('api'), app('web', { goal: 'stopped' })]),
  loaded: loadedFile([spec('api'), spec('web'), spec('new')]),
};

test('without drift: a line, and 0, whether or not a daemon runs', async () => {
  const none: World = { observed: observedApps([app('api')]), loaded: loadedFile([spec('api')]) };
  const { run, seen } = fakeEco(none);
  expect(await run('drift', '--exit-code')).toBe(0);
  expect(seen.out).toBe('No drift: 1 app is as the last apply left it.\n');
  expect(seen.err).toBe('');

  const idle = fakeEco({ ...none, observed: null });
  expect(await idle.run('drift', '--exit-code')).toBe(0);
  expect(idle.seen.out).toBe('No drift: nothing of project shop is applied here.\n');
  expect(idle.seen.connections).toEqual(['never']);
});

test('drift is told, and is 4 if so asked; what is pending is a hint', async () => {
  const { run, seen } = fakeEco(DRIFTED);
  expect(await run('drift')).toBe(0);
  expect(await run('drift', '--exit-code')).toBe(4);
  expect(seen.out).toContain('! web  workers 1 → 0  stopped');
  expect(seen.err).toContain('asks for what was not applied yet (new): eco plan shows it.');
  expect(await run('drift', '--exit-code', '--only', 'api')).toBe(0);
});

test('as JSON, nothing else is said', async () => {
  const { run, seen } = fakeEco(DRIFTED);
  expect(await run('drift', '--exit-code', '--json')).toBe(4);
  expect(JSON.parse(seen.out)).toMatchObject({
    format_version: '1.0',
    project: 'shop',
    serial: 3,
    apps: 2,
    drift: [{ app: 'web', path: 'workers', expected: 1, actual: 0 }],
    pending: ['new'],
  });
  expect(seen.err).toBe('');
});

test('a process that was started as a worker of the project, and is not the daemon’s, is drift if it stays', async () => {
  const looks = [
    [
      { pid: 100, value: '/home/me/.eco shop/api:0#1' },
      { pid: 4711, value: '/home/me/.eco shop/api:0#7' },
      { pid: 4712, value: '/home/me/.eco shop/api:1#8' },
      { pid: 4713, value: '/home/me/.eco blog/api:0#1' },
      { pid: 4714, value: '/elsewhere shop/api:0#7' },
    ],
    [{ pid: 4711, value: '/home/me/.eco shop/api:0#7' }],
  ];
  const world = { ...DRIFTED, health: { ...health, startedWith: () => looks.shift() ?? [] } };
  const { run, seen } = fakeEco(world);
  expect(await run('drift', '--only', 'api', '--json', '--exit-code')).toBe(4);
  expect(JSON.parse(seen.out)).toMatchObject({ drift: [{ app: 'api', path: 'process', actual: 4711 }] });
});

test('what a worker of the daemon has started in a session of its own is no stray', () => {
  const started = [{ pid: 7, worker: 'w0' }];
  expect(strayWorkers(started, [app('api')])).toEqual([]);
  expect(strayWorkers(started, [app('api', { goal: 'stopped' })])).toEqual(started);
});

test('a file that is broken is 3', async () => {
  const { run } = fakeEco({ ...DRIFTED, loaded: { ok: false, error: { reason: 'config-invalid', diagnostics: [] } } });
  expect(await run('drift', '--exit-code')).toBe(3);
});
