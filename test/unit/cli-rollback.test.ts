import { expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { AppHistory, RevisionEntry } from '../../src/domain/history.ts';
import { err, ok } from '../../src/domain/result.ts';
import { maskedHistory } from '../../src/daemon/masked-history.ts';
import { parseHistoryQuery, parseStep } from '../../src/protocol/check.ts';
import { deferred } from '../../src/util/deferred.ts';
import { app, fakeEco, loadedFile, observedApps, spec } from './cli-fake-context.ts';

const AT = Date.UTC(2026, 7, 20, 12, 30);
const SOURCE = { commit: '0123456789abcdef0123456789abcdef01234567', author: 'Ada L.', dirty: false };

function entry(revision: number, fields: Partial<AppSpec>, more: Partial<RevisionEntry> = {}): RevisionEntry {
  const by = { user: 'alice', host: 'box', pid: 1 };
  const result = { type: 'succeeded' } as const;
  return { revision, spec: spec('api', fields), source: null, by, at: AT, result, stable: true, ...more };
}

const ENTRIES = [
  entry(1, { env: { A: '1' } }, { source: SOURCE }),
  entry(
    2,
    { env: { A: '2' }, instances: 2 },
    {
      source: { ...SOURCE, dirty: true },
      result: { type: 'failed', reason: 'rollout-failed', cause: { type: 'exit-code', code: 3 } },
      stable: false,
    },
  ),
  entry(3, { env: { A: '3' }, code: { type: 'fixed', value: 'v3' } }),
];

function historyOf(entries: readonly RevisionEntry[] = ENTRIES, revision = 3): AppHistory {
  return { project: 'shop', app: 'api', revision, appliedRevision: revision, entries };
}

function eco(history = historyOf()) {
  const present = history.entries.find(({ revision }) => revision === history.revision)?.spec ?? spec('api');
  const observed = observedApps([{ ...app('api', { spec: present }), revision: history.revision }, app('web')]);
  return fakeEco({ observed, history: ok(history) });
}

test('history is a table, the present revision marked', async () => {
  const { run, seen } = eco();
  expect(await run('history', 'api')).toBe(0);
  expect(seen.calls).toContain('history shop/api');
  expect(seen.out).toMatchInlineSnapshot(`
    "   revision  when                  who    commit           result               stable  changed
              1  2026-08-20 12:30 UTC  alice  0123456 Ada L.   succeeded            yes     –
              2  2026-08-20 12:30 UTC  alice  0123456+ Ada L.  failed: exit code 3  no      instances 1 → 2, env.A "1" → "2"
    *         3  2026-08-20 12:30 UTC  alice  –                succeeded            yes     instances 2 → 1, env.A "2" → "3", code
    "
  `);
});

test('history --json has the settings and what changed', async () => {
  const { run, seen } = eco();
  expect(await run('history', 'api', '--json')).toBe(0);
  const document: unknown = JSON.parse(seen.out);
  expect(document).toMatchObject({
    format_version: '1.0',
    revision: 3,
    file_revision: 3,
    revisions: [
      { revision: 1, at: '2026-08-20T12:30:00.000Z', author: 'Ada L.', dirty: false, changes: [] },
      {
        result: 'failed',
        reason: 'rollout-failed',
        cause: { code: 3 },
        changes: [{ path: 'instances' }, { path: 'env.A' }],
      },
      { commit: null, stable: true, spec: { code: 'v3' } },
    ],
  });
});

test.each([
  [['rollback', 'api'], 1],
  [['rollback', 'api', '--to', '2'], 2],
])('%j asks for one step by hand, and says that the file wants another', async (args, revision) => {
  const { run, seen } = eco();
  expect(await run(...args)).toBe(0);
  expect(seen.steps).toMatchObject([
    {
      project: 'shop',
      app: 'api',
      asked: 'hand',
      by: { user: 'alice' },
      action: { type: 'rollback', revision, as: 'reload' },
    },
  ]);
  expect(seen.out).toBe(`api: rolled back from revision 3 to ${revision} (1/1 ready)\n`);
  expect(seen.err).toContain('The file still asks for revision 3: the next eco apply goes forward to it again.');
  expect(seen.err).toContain('Only settings went back. The code on disk is as it was');
});

test.each([
  ['settings', { killTimeout: 1 }, 'update'],
  ['the number of workers', { instances: 2 }, 'scale'],
  ['the mode', { execMode: 'cluster' as const }, 'replace'],
])('a rollback of %s does what that takes, and no more', async (_, change, as) => {
  const { run, seen } = eco(historyOf([entry(1, {}), entry(2, change)], 2));
  expect(await run('rollback', 'api')).toBe(0);
  expect(seen.steps).toMatchObject([{ action: { type: 'rollback', revision: 1, as } }]);
});

test.each([
  [['rollback', 'api', '--to', '9'], historyOf(), 'api: there is no revision 9', 'revisions 1 (stable), 2, 3 (stable)'],
  [['rollback', 'api'], historyOf([entry(3, {})]), 'no stable revision is older than the present one, 3', 'revision 3'],
  [
    ['rollback', 'api'],
    historyOf([entry(2, {}, { source: SOURCE }), entry(3, { code: { type: 'fixed', value: 'v3' } })]),
    'api: revision 2 differs from 3 only in its code',
    'Bring the files of commit 0123456 back, then: eco apply',
  ],
  [['rollback', 'apo'], historyOf(), 'there is no app "apo"', 'did you mean "api"?'],
  [['rollback', '*'], historyOf(), 'there is no app "*"', 'eco list'],
])('%j is refused with exit 1, and no step', async (args, history, headline, advice) => {
  const { run, seen } = eco(history);
  expect(await run(...args)).toBe(1);
  expect(seen.steps).toEqual([]);
  expect(seen.err).toContain(headline);
  expect(seen.err).toContain(advice);
});

test('a rollback that takes long says so again and again', async () => {
  const [asked, answer] = [deferred<void>(), deferred<void>()];
  const observed = observedApps([{ ...app('api', { spec: { env: { A: '3' } } }), revision: 3 }]);
  const { run, seen } = fakeEco({
    observed,
    history: ok(historyOf()),
    onStep: async () => {
      asked.resolve();
      await answer.promise;
      return ok({ serving: null });
    },
  });
  const done = run('rollback', 'api');
  await asked.promise;
  seen.passTime();
  expect(seen.err).toBe('Waiting (0ms): rollback api\n');
  answer.resolve();
  expect(await done).toBe(0);
});

test('a rollback to what is there already succeeds without a step', async () => {
  const { run, seen } = eco();
  expect(await run('rollback', 'api', '--to', '3')).toBe(0);
  expect(seen.out).toBe('api: is revision 3 already\n');
  expect(seen.steps).toEqual([]);
});

test('a rollback that fails has the exit code of its failure, in --json, too', async () => {
  const failure = { reason: 'rollout-failed', app: 'api', workers: [], serving: null, restored: 'off' } as const;
  const observed = observedApps([{ ...app('api'), spec: spec('api', { env: { A: '3' } }), revision: 3 }]);
  const { run, seen } = fakeEco({ observed, history: ok(historyOf()), onStep: async () => err(failure) });
  expect(await run('rollback', 'api', '--json')).toBe(9);
  expect(JSON.parse(seen.out)).toMatchObject({ result: 'failed', from: 3, to: null, failure });
});

test.each([
  ['rolled-back', 'rolled back to revision 1 (2/2 ready)', 8],
  ['untouched', 'revision 1 is still serving (2/2 ready)', 8],
  ['rollback-failed', 'and so did the rollback; nothing is serving', 9],
  ['code-cannot-be-rolled-back', 'bring its code back or mend this one', 9],
  ['off', 'rollout.rollback, --no-rollback', 9],
] as const)('apply tells that a failed rollout is %s', async (restored, text, exitCode) => {
  const serving = exitCode === 8 ? { revision: 1, ready: 2, desired: 2 } : null;
  const { run, seen } = fakeEco({
    observed: { projects: [] },
    loaded: loadedFile([spec('api')]),
    source: SOURCE,
    onStep: async () => err({ reason: 'rollout-failed', app: 'api', workers: [], serving, restored }),
  });
  expect(await run('apply', '--yes')).toBe(exitCode);
  expect(seen.err + seen.out).toContain(text);
  expect(seen.steps).toMatchObject([{ source: SOURCE }]);
  expect(seen.steps[0]).not.toHaveProperty('rollback');
});

test('apply --no-rollback says so in every step', async () => {
  const { run, seen } = fakeEco({ observed: { projects: [] }, loaded: loadedFile([spec('api'), spec('web')]) });
  expect(await run('apply', '--no-rollback')).toBe(0);
  expect(seen.steps).toMatchObject([{ rollback: 'off', source: null }, { rollback: 'off' }]);
});

test('a history leaves the daemon without secrets, and still tells equal ones from others', () => {
  const secret = (value: string) => ({ env: { TOKEN: value, A: 'plain' }, sensitiveEnv: ['TOKEN'] });
  const entries = [entry(1, secret('one')), entry(2, secret('two')), entry(3, secret('one'))];
  const { entries: masked } = maskedHistory(historyOf(entries));
  expect(JSON.stringify(masked)).not.toMatch(/"one"|"two"/);
  const [first, second, third] = masked.map(({ spec: { env } }) => env);
  expect(first).toEqual(third);
  expect(first).not.toEqual(second);
  expect(first).toMatchObject({ A: 'plain' });
});

test('the API says what is wrong with a request', () => {
  expect(parseHistoryQuery({ project: 'shop' })).toEqual(err('`app` must be a non-empty string'));
  expect(parseHistoryQuery({ project: 'shop', app: 'api' })).toMatchObject({ ok: true });
  const step = { project: 'shop', app: 'api', asked: 'hand', by: { user: 'alice' } };
  const of = (action: object) => parseStep({ ...step, action: { type: 'rollback', ...action } });
  expect(of({ revision: 0, as: 'reload' })).toEqual(err('`action.revision` must be a number of at least 1'));
  expect(of({ revision: 1, as: 'stop' })).toMatchObject({ ok: false });
  expect(of({ revision: 1, as: 'update' })).toMatchObject({ ok: true });
});
