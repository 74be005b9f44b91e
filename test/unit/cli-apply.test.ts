import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import type { StepOutcome } from '../../src/protocol/control.ts';
import { reusePortSupport } from '../../src/platform/listening-socket.ts';
import { deferred } from '../../src/util/deferred.ts';
import { app, fakeEco, loadedFile, observedApps, ORIGIN, spec, type World } from './cli-fake-context.ts';

const types = (ndjson: string): readonly unknown[] =>
  ndjson
    .trimEnd()
    .split('\n')
    .map((line) => {
      const parsed: unknown = JSON.parse(line);
      return typeof parsed === 'object' && parsed !== null && 'type' in parsed ? parsed.type : null;
    });

const deletesLegacy: World = {
  observed: observedApps([app('api'), app('legacy')]),
  loaded: loadedFile([spec('api')]),
};

test('a first apply starts a daemon, claims the project, and starts what is missing', async () => {
  const { run, seen } = fakeEco({ observed: null, loaded: loadedFile([spec('api')]) });
  expect(await run('apply')).toBe(0);
  expect(seen.connections).toEqual(['if-absent']);
  expect(seen.calls).toEqual(['lock', 'observe settled', 'claim', 'release']);
  expect(seen.steps).toMatchObject([{ app: 'api', action: { type: 'start' }, asked: 'file' }]);
  expect(seen.out).toContain('Plan: 1 to start');
  expect(seen.out).toContain('Applied: 1 started');
});

test('an apply that changes nothing says so and claims nothing', async () => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api')]), loaded: loadedFile([spec('api')]) });
  expect(await run('apply')).toBe(0);
  expect(seen.out).toBe('No changes: 1 app matches ecosystem.yaml.\n');
  expect(seen.calls).toEqual(['lock', 'observe settled', 'release']);
});

test('what the daemon cannot do is said with the plan; it is asked only where somebody wants it', async () => {
  const wanted = spec('api', { balance: 'reuseport' });
  const { run, seen } = fakeEco({
    observed: observedApps([app('api', { spec: wanted })]),
    loaded: loadedFile([wanted]),
  });
  expect(await run('plan')).toBe(0);
  expect(seen.calls).toEqual(['observe settled', 'info']);
  expect(seen.out).toContain('! api  balance: reuseport needs eco itself to run on Node 22.12 or newer, not v20.0.0');
});

test.each([
  { args: ['run'], said: 'api: balance: reuseport needs' },
  { args: ['run', '--json'], said: '{"type":"notice","app":"api","message":"balance: reuseport needs' },
])('without a daemon it is the Node of the command that can or cannot: eco $args', async ({ args, said }) => {
  const { run, seen } = fakeEco({ observed: null, loaded: loadedFile([spec('api', { balance: 'reuseport' })]) });
  await run(...args);
  expect(seen.connections).toEqual([]);
  expect(seen.err.includes(said)).toBe(reusePortSupport() !== 'supported');
});

test('an owner that changes is recorded even if nothing else changes', async () => {
  const observed = observedApps([app('api')]);
  const foreign = {
    projects: observed.projects.map((project) => ({
      ...project,
      origin: { type: 'folder', path: '/elsewhere' } as const,
    })),
  };
  const { run, seen } = fakeEco({ observed: foreign, loaded: loadedFile([spec('api')]) });
  expect(await run('apply')).toBe(7);
  expect(seen.calls).toEqual(['lock', 'observe settled', 'release']);
  expect(await run('apply', '--take-ownership')).toBe(0);
  expect(seen.calls.filter((call) => call !== 'lock' && call !== 'release')).toEqual([
    'observe settled',
    'observe settled',
    'claim',
  ]);
  expect(seen.out).toContain(`Project shop now belongs to ${ORIGIN.path}.`);
});

test('an invalid file: exit 3, before any daemon is asked', async () => {
  const { run, seen } = fakeEco({});
  for (const command of ['validate', 'plan', 'apply', 'down']) expect(await run(command)).toBe(3);
  expect(seen.connections).toEqual([]);
});

const warning: Diagnostic = {
  code: 'ECO1203',
  severity: 'warning',
  message: 'unknown key "instnaces"',
  hint: 'instances',
  location: {
    file: '/home/me/shop/ecosystem.yaml',
    range: { start: { line: 3, column: 5 }, end: { line: 3, column: 14 } },
    path: 'apps[0].instnaces',
    frame: [],
  },
  related: [],
};

const withWarning: ReturnType<typeof loadedFile> = (() => {
  const loaded = loadedFile([spec('api')]);
  return loaded.ok ? ok({ ...loaded.value, warnings: [warning] }) : loaded;
})();

test('--strict takes warnings for errors, before any daemon is asked', async () => {
  for (const command of ['validate', 'plan', 'apply', 'run']) {
    const { run, seen } = fakeEco({ loaded: withWarning });
    expect(await run(command, '--strict')).toBe(3);
    expect(seen.err).toContain('error[ECO1203]: unknown key');
    expect(seen.connections).toEqual([]);
  }
  expect(await fakeEco({ loaded: withWarning }).run('validate')).toBe(0);
  expect(await fakeEco({ loaded: loadedFile([spec('api')]) }).run('validate', '--strict')).toBe(0);
});

test('with --json what is wrong is a document with the diagnostics of the Language Server Protocol', async () => {
  for (const command of ['validate', 'plan']) {
    const { run, seen } = fakeEco({ loaded: withWarning });
    expect(await run(command, '--strict', '--json')).toBe(3);
    expect(seen.err).toBe('');
    expect(JSON.parse(seen.out)).toEqual({
      format_version: '1.0',
      valid: false,
      file: null,
      diagnostics: [
        {
          file: '/home/me/shop/ecosystem.yaml',
          path: 'apps[0].instnaces',
          uri: 'file:///home/me/shop/ecosystem.yaml',
          range: { start: { line: 2, character: 4 }, end: { line: 2, character: 13 } },
          severity: 1,
          code: 'ECO1203',
          source: 'eco',
          message: 'unknown key "instnaces"',
          relatedInformation: [],
          data: { path: 'apps[0].instnaces', hint: 'instances' },
        },
      ],
    });
  }
});

test('in GitHub Actions diagnostics are annotations too, with files relative to the repository, with --json as well', async () => {
  const environment = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: '/home/me' };
  const text =
    '::warning file=shop/ecosystem.yaml,line=3,col=5,title=ECO1203::unknown key "instnaces"%0Ahint: instances';
  for (const args of [['validate'], ['validate', '--json']]) {
    const { run, seen } = fakeEco({ loaded: withWarning, environment });
    expect(await run(...args)).toBe(0);
    expect(seen.err.split('\n')).toContain(text);
  }
  const strict = fakeEco({ loaded: withWarning, environment });
  await strict.run('plan', '--strict', '--json');
  expect(strict.seen.err.split('\n')).toContain(text.replace('::warning', '::error'));
});

test.each([
  ['yes', 0, 1],
  ['no', 1, 0],
  ['interrupted', 130, 0],
] as const)('a person who is asked about a deletion answers %s: exit %i', async (answer, exitCode, steps) => {
  const { run, seen } = fakeEco({ ...deletesLegacy, interactive: true, answer });
  expect(await run('apply')).toBe(exitCode);
  expect(seen.questions).toEqual(['This deletes 1 app. Go on? [y/N] ']);
  expect(seen.steps).toHaveLength(steps);
  expect(seen.calls.includes('claim')).toBe(steps === 1);
});

test('nobody is asked without a terminal, with --yes, with --json, or where nothing is deleted or goes down', async () => {
  const harmless: World = { observed: null, loaded: loadedFile([spec('api')]), interactive: true };
  const runs = [
    { eco: fakeEco({ ...deletesLegacy, interactive: false }), args: ['apply'] },
    { eco: fakeEco({ ...deletesLegacy, interactive: true }), args: ['apply', '--yes'] },
    { eco: fakeEco({ ...deletesLegacy, interactive: true }), args: ['apply', '--json'] },
    { eco: fakeEco(harmless), args: ['apply'] },
  ];
  for (const { eco, args } of runs) {
    expect(await eco.run(...args)).toBe(0);
    expect(eco.seen.questions).toEqual([]);
    expect(eco.seen.steps).toHaveLength(1);
  }
});

test('downtime is asked about', async () => {
  const loaded = loadedFile([spec('api', { execMode: 'cluster' })]);
  const { run, seen } = fakeEco({ observed: observedApps([app('api')]), loaded, interactive: true });
  expect(await run('apply')).toBe(1);
  expect(seen.questions).toEqual(['This takes 1 app down for a moment. Go on? [y/N] ']);
});

test('--dry-run and plan show the same, and touch nothing', async () => {
  const [dry, plan] = [fakeEco(deletesLegacy), fakeEco(deletesLegacy)];
  expect(await dry.run('apply', '--dry-run')).toBe(0);
  expect(await plan.run('plan')).toBe(0);
  expect(dry.seen.out).toBe(plan.seen.out);
  expect(dry.seen.out).toContain('1 to delete');
  expect([...dry.seen.steps, ...plan.seen.steps]).toEqual([]);
  expect([...dry.seen.calls, ...plan.seen.calls]).toEqual(['observe settled', 'observe settled']);
});

test('plan starts a daemon only if there are apps to take over', async () => {
  const loaded = loadedFile([spec('api')]);
  const [empty, kept] = [
    fakeEco({ observed: null, loaded, homeHasApps: false }),
    fakeEco({ observed: null, loaded, homeHasApps: true }),
  ];
  expect(await empty.run('plan', '--detailed-exitcode')).toBe(2);
  expect(await kept.run('plan')).toBe(0);
  expect(empty.seen.connections).toEqual(['never']);
  expect(kept.seen.connections).toEqual(['never', 'if-absent']);
});

test('--detailed-exitcode is 0 without changes, and never used for errors', async () => {
  const same = fakeEco({ observed: observedApps([app('api')]), loaded: loadedFile([spec('api')]) });
  expect(await same.run('plan', '--detailed-exitcode')).toBe(0);
  const wrong = fakeEco({ observed: observedApps([app('api')]), loaded: loadedFile([]) });
  expect(await wrong.run('plan', '--detailed-exitcode')).toBe(7);
});

test('the old file lists are fetched for the apps whose code changed, and for no others', async () => {
  const code = (digest: string) => ({ type: 'auto', digest }) as const;
  const observed = observedApps([
    app('api', { spec: { code: code('old') } }),
    app('web', { spec: { code: code('same') } }),
  ]);
  const loaded = loadedFile([spec('api', { code: code('new') }), spec('web', { code: code('same') })]);
  const { run, seen } = fakeEco({ observed, loaded });
  expect(await run('plan')).toBe(0);
  expect(seen.calls).toEqual(['observe settled', 'manifest old']);
});

test('a claim that is refused ends the apply before its first step', async () => {
  const claim = {
    reason: 'owned-by-another-origin',
    project: 'shop',
    owner: { type: 'folder', path: '/a' },
    claimant: ORIGIN,
  } as const;
  const { run, seen } = fakeEco({ ...deletesLegacy, claim });
  expect(await run('apply')).toBe(7);
  expect(seen.steps).toEqual([]);
});

test('--json: a version first, a summary last, and nothing else on stdout', async () => {
  const { run, seen } = fakeEco({ observed: null, loaded: loadedFile([spec('api')]) });
  expect(await run('apply', '--json')).toBe(0);
  expect(types(seen.out)).toEqual(['version', 'plan', 'step_started', 'step_succeeded', 'summary']);

  const refused = fakeEco({ observed: observedApps([app('api')]), loaded: loadedFile([]) });
  expect(await refused.run('apply', '--json')).toBe(7);
  expect(types(refused.seen.out)).toEqual(['version', 'failure', 'summary']);

  const same = fakeEco({ observed: observedApps([app('api')]), loaded: loadedFile([spec('api')]) });
  expect(await same.run('apply', '--json')).toBe(0);
  expect(types(same.seen.out)).toEqual(['version', 'plan', 'summary']);
});

test('a failed rollout exits 8 while the old version serves, 9 when nothing does; the other apps are applied', async () => {
  const loaded = loadedFile([spec('api'), spec('web')]);
  const failing = (serving: { revision: number; ready: number; desired: number } | null) =>
    fakeEco({
      observed: null,
      loaded,
      onStep: async ({ app: name }) =>
        name === 'api' ? err({ reason: 'rollout-failed', app: 'api', workers: [], serving }) : ok({ serving: null }),
    });
  const [kept, lost] = [failing({ revision: 4, ready: 2, desired: 2 }), failing(null)];
  expect(await kept.run('apply')).toBe(8);
  expect(kept.seen.err).toContain('api: rollout failed, revision 4 is still serving (2/2 ready)');
  expect(await lost.run('apply')).toBe(9);
  expect(lost.seen.steps.map((step) => step.app)).toEqual(['api', 'web']);
});

test('the first interrupt waits for the step that runs and begins no other; the second waits no more', async () => {
  const [began, outcome] = [deferred<void>(), deferred<Result<StepOutcome>>()];
  const { run, seen } = fakeEco({
    observed: null,
    loaded: loadedFile([spec('api'), spec('web')]),
    onStep: () => {
      began.resolve();
      return outcome.promise;
    },
  });
  const exit = run('apply', '--concurrency', '1');
  await began.promise;
  seen.interrupt('SIGTERM', 1);
  expect(seen.err).toContain('SIGTERM: finishing the steps that run');
  outcome.resolve(ok({ serving: null }));
  expect(await exit).toBe(143);
  expect(seen.steps.map((step) => step.app)).toEqual(['api']);
  expect(seen.out).toContain('1 started, 1 skipped');
});

test('the second interrupt and the end of the time allowed leave at once', async () => {
  const endless = () => {
    const began = deferred<void>();
    const eco = fakeEco({
      observed: null,
      loaded: loadedFile([spec('api')]),
      onStep: () => {
        began.resolve();
        return deferred<Result<StepOutcome>>().promise;
      },
    });
    return { ...eco, began };
  };
  const [interrupted, late] = [endless(), endless()];
  const first = interrupted.run('apply');
  await interrupted.began.promise;
  interrupted.seen.interrupt('SIGINT', 1);
  interrupted.seen.interrupt('SIGINT', 2);
  expect(await first).toBe(130);

  const second = late.run('apply', '--timeout', '10m');
  await late.began.promise;
  late.seen.passTime();
  expect(await second).toBe(10);
  expect(late.seen.err).toContain('not done after 10m');
});

test('down deletes what the project has, whatever the file says, and nothing of others', async () => {
  const observed = observedApps([app('api'), app('legacy'), app('web', { project: 'blog' })]);
  const { run, seen } = fakeEco({ observed, loaded: loadedFile([spec('api')]) });
  expect(await run('down')).toBe(0);
  expect(seen.steps.map((step) => [step.project, step.app, step.action.type])).toEqual([
    ['shop', 'api', 'delete'],
    ['shop', 'legacy', 'delete'],
  ]);
  expect(seen.out).toContain('asked for by eco down');
  expect(seen.out).not.toContain('no longer in');
});

test('down asks, and starts no daemon where there is nothing to delete', async () => {
  const asked = fakeEco({ ...deletesLegacy, interactive: true });
  expect(await asked.run('down')).toBe(1);
  expect(asked.seen.questions).toEqual(['This deletes 2 apps. Go on? [y/N] ']);
  const nothing = fakeEco({ observed: null, loaded: loadedFile([spec('api')]) });
  expect(await nothing.run('down')).toBe(0);
  expect(nothing.seen.connections).toEqual(['never']);
  expect(nothing.seen.out).toBe('Nothing to delete: project shop has no apps.\n');
});

test('--project puts the same file under another project', async () => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api')]), loaded: loadedFile([spec('api')]) });
  expect(await run('apply', '--project', 'copy')).toBe(0);
  expect(seen.steps).toMatchObject([{ project: 'copy', app: 'api' }]);
});

test('what the file is read with comes from the flags', async () => {
  const { run, seen } = fakeEco({});
  await run('apply', 'my.yaml', '--env', 'production', '--revision', 'v1');
  await run('validate');
  expect(seen.loadedWith).toMatchObject([
    { file: 'my.yaml', envName: 'production', revision: 'v1', cwd: '/home/me/shop', codeRevision: 'compute' },
    { codeRevision: 'skip', home: '/home/me/.eco' },
  ]);
});
