import { expect } from 'vitest';
import { DEFAULTS } from '../../../src/domain/policies.ts';
import type { OptionCase, RunningApp } from './option-case.ts';

/** Writes files, the last again and again until the app has another process, and answers what has been reasons so far. */
async function causeOf(app: RunningApp, first: readonly string[], last: string): Promise<string> {
  const { eco, name, told } = app;
  const before = (await told()).pid;
  for (const file of first) await eco.write({ [file]: 'new' });
  let round = 0;
  // Whoever watches may be at work only after the first of them; what is written without a pause never comes to rest.
  await eco.eventually(
    async () => {
      await eco.write({ [last]: String((round += 1)) });
      await eco.eventually(async () => (await told()).pid !== before, { within: 2000 });
    },
    { within: 60_000 },
  );
  const { stdout } = await eco.ok(['events', name, '--json']);
  const causes = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly trigger?: { readonly type: string; readonly detail: string } })
    .flatMap(({ trigger }) => (trigger?.type === 'watch' ? [trigger.detail] : []));
  return [...new Set(causes)].join(' | ');
}

/** When something is done unasked, what a process may use, and what a change of the file means. */
export const BOUND_CASES: readonly OptionCase[] = [
  {
    option: 'max_memory_restart',
    written: { max_memory_restart: '1.5G' },
    spec: { maxMemoryRestart: 1_610_612_736 },
    shown: {
      in: 'test/e2e/memory.test.ts',
      title: 'a worker of a cluster that leaks 300 MB is replaced within 5 s, and no request fails',
    },
  },
  {
    option: 'limits',
    written: { limits: { memory: '512M', cpu: '50%', pids: 100 } },
    spec: { limits: { memory: 536_870_912, cpu: 0.5, pids: 100 } },
    shown: {
      in: 'test/e2e/limits.test.ts',
      title: 'limits hold, or it is said why they do not, and the app runs all the same',
    },
  },
  {
    option: 'schedule',
    written: { schedule: { cron: '0 7 * * *', timezone: 'Europe/Berlin', missed: 'run' } },
    spec: {
      kind: 'task',
      autorestart: false,
      schedule: { cron: '0 7 * * *', timezone: 'Europe/Berlin', overlap: false, missed: 'run' },
    },
    shown: {
      in: 'test/e2e/tasks.test.ts',
      title: 'runs a task at its times and not before, one run at a time',
    },
  },
  {
    option: 'overlap',
    written: { schedule: '0 7 * * *', overlap: true },
    spec: {
      kind: 'task',
      autorestart: false,
      schedule: { cron: '0 7 * * *', timezone: null, overlap: true, missed: 'skip' },
    },
    shown: { in: 'test/e2e/tasks.test.ts', title: 'may overlap, and a run that fails says so until the next' },
  },
  {
    option: 'cron_restart',
    written: { cron_restart: '0 4 * * *' },
    spec: { cronRestart: { cron: '0 4 * * *', timezone: null } },
    shown: {
      in: 'test/e2e/occasions.test.ts',
      title: 'replaces the workers at its times, without a failed request, until it is taken away',
    },
  },
  {
    option: 'watch',
    written: { watch: ['./watched/all'] },
    spec: { watch: { ...DEFAULTS.watch, enabled: true, paths: ['<folder>/watched/all'] } },
    shown: { effect: async (app) => expect(await causeOf(app, [], 'watched/all/a.txt')).toContain('watched/all/') },
  },
  {
    option: 'ignore_watch',
    written: { watch: ['./watched/some'], ignore_watch: ['**/*.md'] },
    spec: { watch: { ...DEFAULTS.watch, enabled: true, paths: ['<folder>/watched/some'], ignore: ['**/*.md'] } },
    shown: {
      effect: async (app) =>
        expect(await causeOf(app, ['watched/some/a.md'], 'watched/some/b.txt')).toBe('watched/some/b.txt'),
    },
  },
  {
    option: 'watch_delay',
    written: { watch: ['./watched/all'], watch_delay: '1h' },
    spec: { watch: { ...DEFAULTS.watch, enabled: true, paths: ['<folder>/watched/all'], delay: 3_600_000 } },
    shown: {
      effect: async (app) => {
        const { pid } = await app.told();
        // What hears of the same changes and waits for nothing has answered both.
        for (const file of ['watched/all/b.txt', 'watched/all/c.txt']) await causeOf(app.other('watch'), [], file);
        expect((await app.told()).pid).toBe(pid);
      },
    },
  },
  {
    option: 'watch_options',
    written: { watch: ['./watched/flat'], watch_options: { depth: 0, usePolling: true, interval: 100 } },
    spec: {
      watch: {
        ...DEFAULTS.watch,
        enabled: true,
        paths: ['<folder>/watched/flat'],
        options: { depth: 0, usePolling: true, interval: 100 },
      },
    },
    shown: {
      effect: async (app) =>
        expect(await causeOf(app, ['watched/flat/deep/a.txt'], 'watched/flat/b.txt')).toBe('watched/flat/b.txt'),
    },
  },
  {
    option: 'revision',
    written: { revision: 'v7' },
    spec: { code: { type: 'fixed', value: 'v7' } },
    shown: {
      in: 'test/e2e/converge-edits.test.ts',
      title: 'is not needed for new code: only the app whose code changed reloads, and the plan names the file',
    },
  },
  {
    option: 'moved_from',
    written: { moved_from: 'its old name' },
    spec: { movedFrom: 'its old name' },
    shown: {
      in: 'test/e2e/moved-and-ignored.test.ts',
      title: 'renames an app without a failed request, with its history, and once',
    },
  },
  {
    option: 'ignore_changes',
    written: { ignore_changes: ['instances', 'env.LEVEL'] },
    spec: { ignoreChanges: ['env.LEVEL', 'instances'] },
    shown: {
      in: 'test/e2e/moved-and-ignored.test.ts',
      title: 'ignore_changes leaves alone what somebody else decides',
    },
  },
];
