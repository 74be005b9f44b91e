import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordedEvent } from '../../src/domain/event.ts';
import { parseWorkerId, workerId } from '../../src/domain/names.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import { app, fakeEco, observedApps } from './cli-fake-context.ts';

const BY = { user: 'ada', host: 'box', pid: 1 } as const;

describe('env', () => {
  const observed = observedApps([
    app('api', { spec: { env: { PORT: '80', DB_PASSWORD: 'hunter2' }, sensitiveEnv: ['DB_PASSWORD'] } }),
  ]);

  test('shows the variables by name, secrets masked', async () => {
    const { run, seen } = fakeEco({ observed });
    expect(await run('env', 'api')).toBe(0);
    expect(seen.out).toBe('DB_PASSWORD=***\nPORT=80\n');
  });

  test('as JSON', async () => {
    const { run, seen } = fakeEco({ observed });
    expect(await run('env', 'api', '--json')).toBe(0);
    expect(JSON.parse(seen.out)).toEqual({
      format_version: '1.0',
      apps: [{ project: 'shop', app: 'api', env: { DB_PASSWORD: '***', PORT: '80' } }],
    });
  });
});

describe('signal', () => {
  const observed = observedApps([app('api', { spec: { instances: 2 } }), app('web')]);

  test.for<[readonly string[], object]>([
    [['SIGUSR2', 'api'], { app: 'api', instance: null, signal: 'SIGUSR2' }],
    [['usr2', 'api:1'], { app: 'api', instance: 1, signal: 'SIGUSR2' }],
    [['1', 'web'], { app: 'web', instance: null, signal: 'SIGHUP' }],
  ])('%j', async ([words, request]) => {
    const { run, seen } = fakeEco({ observed });
    expect(await run('signal', ...words)).toBe(0);
    expect(seen.signals).toMatchObject([{ project: 'shop', by: { user: 'alice' }, ...request }]);
    expect(seen.out).toMatch(/: SIG\w+ sent to 100\n$/);
  });

  test('a signal that does not exist is refused, and nothing is signalled', async () => {
    const { run, seen } = fakeEco({ observed });
    expect(await run('signal', 'SIGNOPE', 'api')).toBe(1);
    expect(seen.signals).toEqual([]);
    expect(seen.err).toContain('SIGUSR2');
  });

  test('a misspelt app: nothing is signalled, not even the others', async () => {
    const { run, seen } = fakeEco({ observed });
    expect(await run('signal', 'HUP', 'web', 'apj')).toBe(1);
    expect(seen.signals).toEqual([]);
    expect(seen.err).toContain('api');
  });
});

test('reset asks for each app, and says from how many restarts on', async () => {
  const crashed = app('api');
  const workers = crashed.workers.map((worker) => ({ ...worker, restarts: 7 }));
  const { run, seen } = fakeEco({ observed: observedApps([{ ...crashed, workers }, app('web')]) });
  expect(await run('reset', 'all')).toBe(0);
  expect(seen.resets).toMatchObject([{ app: 'api' }, { app: 'web' }]);
  expect(seen.out).toBe('api: restarts 7 → 0\nweb: restarts 0 → 0\n');
});

describe('wait', () => {
  const task = { kind: 'task' } as const;
  const older = (old: ObservedApp): ObservedApp => ({
    ...old,
    workers: old.workers.map((worker) => ({ ...worker, current: false })),
  });

  test.for<[string, ObservedApp, number, string]>([
    ['an app that is ready', app('api'), 0, 'api: ready (1/1)\n'],
    ['a task that has completed', app('api', { spec: task, phase: 'completed' }), 0, 'api: completed\n'],
    ['a stopped app', app('api', { goal: 'stopped' }), 9, 'api: is stopped'],
    ['a failed app', app('api', { phase: 'failed' }), 9, 'eco logs api'],
    ['a failed task', app('api', { spec: task, phase: 'failed' }), 8, 'eco logs api'],
  ])('ends at once for %s', async ([, one, code, text]) => {
    const { run, seen } = fakeEco({ observed: observedApps([one]) });
    expect(await run('wait', 'api')).toBe(code);
    expect(seen.out + seen.err).toContain(text);
    expect(seen.pauses).toBe(0);
  });

  test.for<[string, ObservedApp]>([
    ['an app that is starting', app('api', { phase: 'starting' })],
    ['one that waits for its next attempt', app('api', { phase: 'backing-off' })],
    ['one whose workers are of an earlier revision', older(app('api'))],
    ['a task that runs', app('api', { spec: task })],
  ])('goes on for %s, until the time is over', async ([, one]) => {
    const { run, seen } = fakeEco({ observed: observedApps([one]) });
    expect(await run('wait', 'api', '--timeout', '1s')).toBe(10);
    expect(seen.pauses).toBe(5);
    expect(seen.err).toContain('not done after 1');
  });

  test('tells each app as it comes, once', async () => {
    const starting = app('web', { phase: 'starting' });
    const { run, seen } = fakeEco({
      observed: observedApps([app('api'), starting]),
      later: (pauses) => observedApps([app('api'), pauses < 3 ? starting : app('web')]),
    });
    expect(await run('wait', 'all')).toBe(0);
    expect(seen.out).toBe('api: ready (1/1)\nweb: ready (1/1)\n');
  });

  test('all of nothing is there already', async () => {
    const { run, seen } = fakeEco({ observed: null });
    expect(await run('wait', 'all')).toBe(0);
    expect(seen.out).toBe('Nothing to wait for: there are no apps.\n');
  });
});

describe('events', () => {
  const started: RecordedEvent = { type: 'worker-started', worker: 'shop/api:0#1', pid: 7, at: 0 };
  const recent: readonly RecordedEvent[] = [
    { type: 'daemon-started', pid: 1, version: '1.0.0', at: 0 },
    { type: 'apply-started', project: 'shop', file: '/e.yaml', serial: 2, by: BY, at: 0 },
    started,
    { ...started, worker: 'shop/api:1#2', pid: 8 },
    { type: 'step-succeeded', project: 'shop', app: 'gone', action: 'delete', at: 1000 },
    { type: 'worker-exited', worker: 'blog/web:0#3', cause: { type: 'exit-code', code: 1 }, expected: false, at: 1000 },
  ];
  const events = [
    { type: 'recent', events: recent },
    { type: 'event', event: { type: 'worker-ready', worker: 'shop/api:0#1', at: 2000 } },
  ] as const;
  const observed = observedApps([app('api', { spec: { namespace: 'front' } }), app('web', { project: 'blog' })]);

  test.for<[readonly string[], readonly string[]]>([
    [[], ['daemon', 'shop', 'shop/api:0#1', 'shop/api:1#2', 'shop/gone', 'blog/web:0#3', 'shop/api:0#1']],
    [['api'], ['shop/api:0#1', 'shop/api:1#2', 'shop/api:0#1']],
    [['front'], ['shop/api:0#1', 'shop/api:1#2', 'shop/api:0#1']],
    [['api:1'], ['shop/api:1#2']],
    [['gone'], ['shop/gone']],
    [['w*'], ['blog/web:0#3']],
    [['--project', 'blog'], ['blog/web:0#3']],
    [
      ['--lines', '1'],
      ['blog/web:0#3', 'shop/api:0#1'],
    ],
  ])('%j: about %j', async ([words, subjects]) => {
    const { run, seen } = fakeEco({ observed, events });
    expect(await run('events', '--follow', ...words)).toBe(0);
    expect(seen.out.split('\n').flatMap((line) => line.split('  ')[1] ?? [])).toEqual(subjects);
  });

  test('a word that nothing was ever called is refused', async () => {
    const { run, seen } = fakeEco({ observed, events });
    expect(await run('events', 'apj')).toBe(1);
    expect(seen.err).toContain('api');
    expect(seen.out).toBe('');
  });

  test('as text and as JSON', async () => {
    const { run, seen } = fakeEco({ observed, events });
    expect(await run('events', 'web')).toBe(0);
    expect(await run('events', 'web', '--json')).toBe(0);
    const [text, json = ''] = seen.out.split('\n');
    expect(text).toBe('1970-01-01 00:00:01 UTC  blog/web:0#3  exit code 1');
    expect(JSON.parse(json)).toMatchObject({ type: 'worker-exited', at: '1970-01-01T00:00:01.000Z' });
  });
});

test('the id of a worker names its app, whatever the names are', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      fc.integer({ min: 0 }),
      (project, app, instance) => {
        expect(parseWorkerId(workerId({ project, app }, instance, 3))).toEqual({ project, app, instance });
      },
    ),
  );
  expect(parseWorkerId('no worker')).toBeNull();
});
