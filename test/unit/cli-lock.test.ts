import { describe, expect, test } from 'vitest';
import { err, ok } from '../../src/domain/result.ts';
import type { ProjectLock } from '../../src/domain/lock.ts';
import { app, fakeEco, loadedFile, observedApps, spec } from './cli-fake-context.ts';

const LOCK: ProjectLock = {
  id: '3f9c02d1',
  project: 'shop',
  holder: {
    user: 'runner',
    host: 'ci-7',
    pid: 4711,
    command: 'eco apply --env production',
    job: 'https://github.example/shop/actions/runs/12',
    startTime: '1',
    space: 'there',
  },
  since: Date.UTC(2026, 7, 20, 14, 2, 31),
  message: null,
};
const WORLD = { observed: observedApps([app('api')]), loaded: loadedFile([spec('api', { args: ['new'] })]) };

describe('a project that somebody else changes', () => {
  test('is left alone: exit 5, with who it is, since when, from where, and how to unlock', async () => {
    const { run, seen } = fakeEco({ ...WORLD, lock: () => LOCK });
    expect(await run('apply')).toBe(5);
    expect(seen.steps).toEqual([]);
    expect(seen.out).toBe('');
    expect(seen.err).toMatchInlineSnapshot(`
      "project shop is being changed by runner@ci-7, pid 4711, since 2026-08-20 14:02:31 UTC: eco apply --env production; nothing was changed
        Its job: https://github.example/shop/actions/runs/12
        Wait for its end: --lock-timeout 10m
        Take the lock away from it: eco unlock 3f9c02d1
      "
    `);
    expect(await run('down', '--yes')).toBe(5);
    expect(seen.steps).toEqual([]);
  });

  test('is waited for, and the plan is made of what it is then', async () => {
    const { run, seen } = fakeEco({
      ...WORLD,
      lock: (pauses) => (pauses < 200 ? LOCK : null),
      later: () => observedApps([app('api', { spec: { args: ['new'] } })]),
    });
    expect(await run('apply', '--lock-timeout', '5m')).toBe(0);
    expect(seen.out).toBe('No changes: 1 app matches ecosystem.yaml.\n');
    const lines = seen.err.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^Waiting: project shop is being changed by runner@ci-7.*eco unlock 3f9c02d1/);
    expect(lines[3]).toMatch(/^Waiting \(30s\): /);
  });

  test('is waited for no longer than that', async () => {
    const { run, seen } = fakeEco({ ...WORLD, lock: () => LOCK });
    expect(await run('apply', '--lock-timeout', '1s', '--json')).toBe(5);
    expect(seen.pauses).toBe(5);
    const types = seen.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string });
    expect(types).toMatchObject([
      { type: 'version' },
      {
        type: 'waiting_for_lock',
        waited_ms: 0,
        lock: { id: '3f9c02d1', user: 'runner', since: '2026-08-20T14:02:31.000Z' },
      },
      { type: 'failure', failure: { reason: 'lock-held' } },
      { type: 'summary', exit_code: 5 },
    ]);
  });

  test('is not waited for any more after Ctrl-C', async () => {
    const { run, seen } = fakeEco({
      ...WORLD,
      lock: (pauses) => {
        if (pauses === 3) seen.interrupt('SIGTERM', 1);
        return LOCK;
      },
    });
    expect(await run('apply', '--lock-timeout', '5m')).toBe(143);
    expect(seen.steps).toEqual([]);
    expect(seen.pauses).toBeLessThan(6);
  });

  test('is not changed by hand either; with patience each operation looks anew at what it finds', async () => {
    const lock = { attempts: 0 };
    const world = {
      observed: observedApps([app('api')]),
      later: () => observedApps([app('api', { spec: { instances: 3, args: ['new'] } })]),
      onStep: async () => {
        lock.attempts += 1;
        return lock.attempts < 3 ? err({ reason: 'lock-held', lock: LOCK } as const) : ok({ serving: null });
      },
    };
    const impatient = fakeEco(world);
    expect(await impatient.run('scale', 'api', '+1')).toBe(5);
    expect(impatient.seen.err).toContain('eco unlock 3f9c02d1');

    lock.attempts = 1;
    const { run, seen } = fakeEco(world);
    expect(await run('scale', 'api', '+1', '--lock-timeout', '10s')).toBe(0);
    expect(seen.steps.map(({ action }) => 'spec' in action && [action.spec.instances, action.spec.args])).toEqual([
      [2, []],
      [4, ['new']],
    ]);
  });
});

describe('eco lock', () => {
  test('asks for a reason, says how to unlock, and goes by the file or a name', async () => {
    const { run, seen } = fakeEco(WORLD);
    expect(await run('lock')).toBe(1);
    expect(await run('lock', '-m', ' ')).toBe(1);
    expect(await run('lock', '-m', 'moving house')).toBe(0);
    expect(seen.out).toBe('Project shop is locked. Nobody changes it until: eco unlock l0ck\n');
    expect(await run('lock', '--project', 'blog', '-m', 'x', '--json')).toBe(0);
    expect(seen.out).toContain('"project":"blog"');
    expect(seen.loadedWith).toHaveLength(1);
  });

  test('is undone by unlock', async () => {
    const { run, seen } = fakeEco({ ...WORLD, unlock: ok({ ...LOCK, message: 'moving house', id: 'abc' }) });
    expect(await run('unlock', 'abc')).toBe(0);
    expect(seen.calls).toEqual(['unlock abc']);
    expect(seen.out).toBe('Project shop is unlocked. The lock was that of runner@ci-7: moving house\n');
    const other = fakeEco(WORLD);
    expect(await other.run('unlock', 'abd')).toBe(1);
    expect(other.seen.err).toContain('there is no lock "abd"');
  });
});
