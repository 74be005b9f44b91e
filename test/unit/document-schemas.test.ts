import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ProjectLock } from '../../src/domain/lock.ts';
import { err, ok } from '../../src/domain/result.ts';
import { health } from '../../src/platform/health.ts';
import { listDocument } from '../../src/cli/render/list-document.ts';
import { commandsIn, documentSchemas, jsonLines, readDocumentSchemas } from '../support/document-schemas.ts';
import { observedApp, observedWorker, appSpec } from '../support/states.ts';
import { app, fakeEco, loadedFile, observedApps, spec, type World } from './cli-fake-context.ts';

const folder = fileURLToPath(new URL('../../schemas', import.meta.url));
const check = documentSchemas(folder);
const LOCK: ProjectLock = {
  id: 'l0ck',
  project: 'shop',
  holder: { user: 'bob', host: 'box', pid: 1, command: 'eco apply', job: null, startTime: '1', space: 's' },
  since: 0,
  message: null,
};
const DRIFTED = {
  ...app('worker', { spec: { instances: 4 } }),
  applied: spec('worker'),
  manualChanges: [{ action: 'scale', by: { user: 'alice', host: 'box', pid: 1 }, at: 0 } as const],
};
const STRAY = { pid: 4711, value: '/home/me/.eco shop/api:0#7' };
const EVERYTHING: World = {
  observed: observedApps([app('api', { phase: 'failed' }), DRIFTED, app('old')]),
  loaded: loadedFile([
    spec('api', { env: { TOKEN: 'x', A: 'b' }, sensitiveEnv: ['TOKEN'], dependsOn: { new: 'ready' } }),
    spec('new', { balance: 'reuseport', code: { type: 'auto', digest: 'abc' } }),
    spec('worker'),
  ]),
};

test('every command that knows --json is named by the schema of what it prints', async () => {
  const named = readDocumentSchemas(folder).flatMap(commandsIn);
  // What it prints is a schema.
  expect([...named, 'schema'].sort()).toEqual([...(await commandsWithJson())].sort());
});

/** By what help says of them. */
async function commandsWithJson(...words: readonly string[]): Promise<readonly string[]> {
  const { run, seen } = fakeEco({});
  await run(...words, '--help');
  const sections = seen.out.split(/^(?=\S.*:$)/m).filter((text) => !/^(Examples|Usage|Arguments|Options)/.test(text));
  const names = sections.flatMap((text) => [...text.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name));
  const below = await Promise.all(
    names.filter((name) => name !== 'help').map((name) => commandsWithJson(...words, name)),
  );
  return [...(words.length > 0 && /^ +--json /m.test(seen.out) ? [words.join(' ')] : []), ...below.flat()];
}

test('a plan, shown or saved, is a document of plan.schema.json', async () => {
  for (const world of [EVERYTHING, { observed: null, loaded: loadedFile([spec('api')]) }]) {
    const { run, seen } = fakeEco(world);
    expect(await run('plan', '--json', '--out', 'plan.json')).toBe(0);
    check('plan', JSON.parse(seen.out));
    check('plan', JSON.parse(seen.written.get('/home/me/shop/plan.json') ?? ''));
  }
  expect(() => check('plan', { format_version: '1.0' })).toThrow('not a document of plan');
});

test('drift is a document of drift.schema.json', async () => {
  for (const world of [EVERYTHING, { observed: null, loaded: loadedFile([spec('api')]) }]) {
    const { run, seen } = fakeEco({ ...world, health: { ...health, startedWith: () => [STRAY] } });
    expect(await run('drift', '--json')).toBe(0);
    check('drift', JSON.parse(seen.out));
  }
});

test('startup and unstartup print documents of startup.schema.json', async () => {
  for (const words of ['startup', 'startup --print', 'unstartup', 'unstartup --print --system']) {
    const { run, seen } = fakeEco({ observed: null });
    expect(await run(...words.split(' '), '--json')).toBe(0);
    check('startup', JSON.parse(seen.out));
  }
});

const diagnostic = {
  code: 'ECO1203',
  severity: 'error',
  message: 'no',
  hint: null,
  location: { file: '/f', range: null, path: 'apps[0]', frame: [{ number: 1, text: 'x' }] },
  related: [],
} as const;

test.each<[what: string, world: World, types: readonly string[]]>([
  ['that succeeds', EVERYTHING, ['version', 'plan', 'step_started', 'step_succeeded', 'summary']],
  [
    'that fails',
    {
      ...EVERYTHING,
      onStep: async ({ app: name }) =>
        name === 'new' ? err({ reason: 'task-failed', app: name, workers: [] }) : ok({ serving: null }),
    },
    ['version', 'plan', 'step_started', 'step_failed', 'step_skipped', 'summary'],
  ],
  [
    'that waits',
    { ...EVERYTHING, lock: (pauses) => (pauses < 60 ? LOCK : null) },
    ['version', 'waiting_for_lock', 'plan'],
  ],
  ['that is refused', { ...EVERYTHING, claim: { reason: 'lock-held', lock: LOCK } }, ['version', 'plan', 'failure']],
  [
    'of a broken file',
    { observed: null, loaded: err({ reason: 'config-invalid', diagnostics: [diagnostic] }) },
    ['version', 'diagnostic', 'summary'],
  ],
])('each line of an apply %s is a document of apply.schema.json', async (_what, world, types) => {
  const { run, seen } = fakeEco(world);
  await run('apply', '--json', '--yes', '--lock-timeout', '1m');
  const lines = jsonLines(seen.out) as readonly { readonly type: string }[];
  for (const line of lines) check('apply', line);
  expect(lines.map(({ type }) => type)).toEqual(expect.arrayContaining([...types]));
});

test('a list is a document of list.schema.json', () => {
  const http = {
    requestsPerSecond: 1,
    statusesPerSecond: { '1xx': 0, '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 0 },
    latency: { p50: 1, p95: 2, p99: 3 },
  };
  const stats = { eventLoopUtilization: 0.5, heapUsedBytes: 1, heapTotalBytes: 2, activeHandles: 3, http };
  const workers = [
    observedWorker({ stats, lastExit: { type: 'exit-code', code: 1 } }),
    observedWorker({
      instance: 1,
      stats: { ...stats, http: null },
      retiring: { type: 'over-memory', memoryBytes: 2, limit: 1 },
    }),
    observedWorker({
      instance: 2,
      pid: null,
      startedAt: null,
      uptime: null,
      memoryBytes: null,
      cpuPercent: null,
      retryIn: 10,
      current: false,
    }),
  ];
  check('list', listDocument([observedApp(appSpec({ name: 'api' }), { workers }), app('web', { goal: 'stopped' })]));
  const digest = observedApp(appSpec({ name: 'digest', kind: 'task' }), {
    workers: [],
    nextRun: Date.UTC(2026, 7, 21),
  });
  const schedule = { cron: '0 0 * * *', timezone: 'UTC', overlap: false, missed: 'skip' } as const;
  const scheduled = listDocument([{ ...digest, spec: { ...digest.spec, schedule } }]);
  check('list', scheduled);
  expect(scheduled.apps[0]).toMatchObject({ status: 'scheduled', next_run_at: '2026-08-21T00:00:00.000Z' });
  check('list', listDocument([]));
});
