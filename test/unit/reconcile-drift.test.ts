import { describe, expect, test } from 'vitest';
import { formatDrift, formatPending } from '../../src/cli/render/drift-text.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { DeletedApp, ObservedApp, ObservedProject } from '../../src/domain/observed-state.ts';
import { isOnlyDrift } from '../../src/reconcile/plan-summary.ts';
import { findDrift, type DriftOptions, type DriftReport } from '../../src/reconcile/find-drift.ts';
import { formatPlan } from '../../src/reconcile/format-plan.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import {
  appSpec,
  desiredState,
  observedApp,
  observedProject,
  observedState,
  observedWorker,
} from '../support/states.ts';

const ALICE = { user: 'alice', host: 'web1', pid: 812 };
const AUGUST = Date.UTC(2026, 7, 20, 14, 2);
const api = appSpec({ name: 'api' });
const code = (digest: string) => ({ type: 'auto', digest }) as const;

interface Machine {
  readonly project?: Partial<ObservedProject>;
  readonly options?: Partial<DriftOptions>;
}

function driftBetween(
  desired: readonly AppSpec[],
  observed: readonly ObservedApp[],
  { project = {}, options = {} }: Machine = {},
): DriftReport {
  const state = observedState(observedProject(observed, project));
  const manifests = { new: { 'a.js': '2', 'b.js': '1' } };
  const found = findDrift(desiredState(desired, { manifests }), state, {
    only: null,
    manifests: {},
    strays: [],
    ...options,
  });
  if (!found.ok) throw new Error(JSON.stringify(found.error));
  return found.value;
}

function text(report: DriftReport): string {
  return formatDrift(report, { colour: false });
}

const deletedApp = (name: string, fields: Partial<DeletedApp> = {}): DeletedApp => ({
  name,
  applied: appSpec({ name }),
  by: ALICE,
  at: AUGUST,
  ...fields,
});

describe('drift', () => {
  test('is told of everything that is not as an apply left it', () => {
    const scaled = appSpec({ name: 'scaled', instances: 4 });
    const web = appSpec({ name: 'web', code: code('old') });
    const report = driftBetween(
      [api, scaled, appSpec({ name: 'gone' }), { ...web, code: code('new') }, appSpec({ name: 'stopped' })],
      [
        observedApp(api, {
          workers: [observedWorker({ phase: 'backing-off', lastExit: { type: 'signal', signal: 'SIGKILL' } })],
        }),
        observedApp(
          { ...scaled, instances: 2 },
          { applied: scaled, manualChanges: [{ action: 'scale', by: ALICE, at: AUGUST }] },
        ),
        observedApp(web),
        observedApp(appSpec({ name: 'stopped' }), {
          goal: 'stopped',
          workers: [],
          manualChanges: [{ action: 'stop', by: ALICE, at: AUGUST }],
        }),
      ],
      {
        project: { deletedApps: [deletedApp('gone')] },
        options: {
          manifests: { old: { 'a.js': '1', 'b.js': '1' } },
          strays: [{ app: 'api', worker: 'shop/api:0#9', pid: 4711 }],
        },
      },
    );
    expect(text(report)).toMatchInlineSnapshot(`
      "Drift (changed outside the file)
        ! api      workers 1 → 0    1 of 1 worker is backing off: killed by SIGKILL
        ! api      process 4711     was started as shop/api:0#9, and the daemon does not keep it
        ! gone     workers 1 → 0    deleted by hand: alice, 2026-08-20 14:02 UTC
        ! scaled   instances 4 → 2  scaled by hand: alice, 2026-08-20 14:02 UTC
        ! stopped  workers 1 → 0    stopped by hand: alice, 2026-08-20 14:02 UTC
        ! web      code changed     1 file changed: a.js

      Drift: 5 of 5 apps differ from the last apply. eco apply makes them match ecosystem.yaml. eco doctor says how to end a process that was left behind."
    `);
    expect(report.pending).toEqual([]);
  });

  test('there is none where nothing was done since, and where nothing was applied', () => {
    expect(text(driftBetween([api], [observedApp(api)]))).toBe('No drift: 1 app is as the last apply left it.');
    expect(text(driftBetween([api], []))).toBe('No drift: nothing of project shop is applied here.');
    const neverUp = observedApp(api, { applied: null, workers: [observedWorker({ phase: 'failed' })] });
    expect(driftBetween([api], [neverUp])).toMatchObject({ apps: 0, drift: [], pending: ['api'] });
  });

  test('a changed file is none: what it asks for waits for an apply', () => {
    const report = driftBetween(
      [{ ...api, env: { A: '1' } }, appSpec({ name: 'new' }), appSpec({ name: 'same' })],
      [observedApp(api), observedApp(appSpec({ name: 'old' })), observedApp(appSpec({ name: 'same' }))],
    );
    expect(report).toMatchObject({ apps: 3, drift: [], pending: ['api', 'new', 'old'] });
    expect(formatPending(report)).toBe(
      'ecosystem.yaml asks for what was not applied yet (api, new, old): eco plan shows it.',
    );
  });

  test('an app that the file does without is judged by what was applied', () => {
    const report = driftBetween([], [observedApp(api, { workers: [] })]);
    expect(report).toMatchObject({ drift: [{ app: 'api', path: 'workers', actual: 0 }], pending: ['api'] });
  });

  test('a revision that was named tells nothing of the files', () => {
    const applied = observedApp({ ...api, code: { type: 'fixed', value: 'v1' } });
    expect(driftBetween([{ ...api, code: code('new') }], [applied])).toMatchObject({ drift: [], pending: [] });
    expect(driftBetween([{ ...api, code: { type: 'fixed', value: 'v2' } }], [applied])).toMatchObject({
      drift: [],
      pending: ['api'],
    });
    expect(driftBetween([{ ...api, code: code('new') }], [observedApp(api)])).toMatchObject({ pending: ['api'] });
  });

  test('what the file ignores is none', () => {
    const ignoring = appSpec({ name: 'api', instances: 1, ignoreChanges: ['instances', 'env.LEVEL'] });
    const other = { ...ignoring, instances: 3, env: { LEVEL: 'debug' } };
    const app = observedApp(other, {
      applied: { ...ignoring, env: { LEVEL: 'info' } },
      manualChanges: [{ action: 'scale', by: ALICE, at: AUGUST }],
    });
    expect(driftBetween([ignoring], [app])).toMatchObject({ drift: [], pending: [] });
  });

  test('only some apps are looked at, if so asked; one that nobody knows is refused', () => {
    const stray = { app: 'web', worker: 'shop/web:0#1', pid: 1 };
    const report = driftBetween([api, appSpec({ name: 'web' })], [observedApp(api)], {
      options: { only: ['api'], strays: [stray] },
    });
    expect(report).toMatchObject({ apps: 1, drift: [], pending: [] });
    expect(() => driftBetween([api], [observedApp(api)], { options: { only: ['apo'] } })).toThrow('"didYouMean":"api"');
  });

  test('nothing is told of a project that belongs to another origin', () => {
    const project: Partial<ObservedProject> = { origin: { type: 'folder', path: '/elsewhere' } };
    expect(() => driftBetween([api], [observedApp(api)], { project })).toThrow('owned-by-another-origin');
    const gone = { ...project, deletedApps: [deletedApp('api')] };
    expect(driftBetween([api], [], { project: gone })).toMatchObject({ drift: [], pending: ['api'] });
  });
});

describe('an app that was deleted by hand', () => {
  const planOf = (spec: AppSpec) => {
    const observed = observedState(observedProject([], { deletedApps: [deletedApp('api')] }));
    const options = { prune: true, allowEmpty: false, takeOwnership: false, force: false, only: null };
    const plan = reconcile(desiredState([spec]), observed, { ...options, manifests: {}, daemon: null });
    if (!plan.ok) throw new Error(JSON.stringify(plan.error));
    return plan.value;
  };

  test('is drift in a plan as well, and started again', () => {
    expect(formatPlan(planOf(api))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Drift (changed outside the file)
        ! api  workers 1 → 0   deleted by hand: alice, 2026-08-20 14:02 UTC

      Changes
        + api  start 1 worker  deleted by hand

      Plan: 1 to start"
    `);
    expect(isOnlyDrift(planOf(api))).toBe(true);
    expect(isOnlyDrift(planOf({ ...api, env: { A: '1' } }))).toBe(false);
  });

  test('is no drift any more once the file does without it', () => {
    const project = { deletedApps: [deletedApp('api')] };
    expect(driftBetween([], [], { project })).toMatchObject({ apps: 0, drift: [], pending: [] });
  });
});
