import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { ObservedApp, ObservedProject } from '../../src/domain/observed-state.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { unreachable } from '../../src/util/unreachable.ts';
import { byName } from '../../src/util/compare.ts';
import { formatPlan } from '../../src/reconcile/format-plan.ts';
import { reconcile, type ReconcileOptions } from '../../src/reconcile/reconcile.ts';
import {
  appSpec,
  desiredState,
  observedApp,
  observedProject,
  observedState,
  observedWorker,
  readyWorkers,
} from '../support/states.ts';

const OPTIONS: ReconcileOptions = {
  prune: true,
  allowEmpty: true,
  takeOwnership: false,
  force: false,
  only: null,
  manifests: {},
  daemon: null,
};
const NAMES = ['api', 'cache', 'cron', 'db', 'web'];

const spec: fc.Arbitrary<AppSpec> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    script: fc.constantFrom('/srv/shop/a.js', '/srv/shop/b.js'),
    kind: fc.constantFrom('service' as const, 'task' as const),
    instances: fc.integer({ min: 1, max: 4 }),
    execMode: fc.constantFrom('fork' as const, 'cluster' as const),
    interpreter: fc.constantFrom({ type: 'node' as const }, { type: 'none' as const }),
    env: fc.dictionary(fc.constantFrom('A', 'B', '__proto__'), fc.constantFrom('', '1', '2')),
    sensitiveEnv: fc.subarray(['A', 'B']),
    killTimeout: fc.constantFrom(1000, 2000),
    autorestart: fc.boolean(),
    unwrappedFrom: fc.constantFrom(null, 'npm start'),
    dependsOn: fc.dictionary(
      fc.constantFrom(...NAMES),
      fc.constantFrom('started' as const, 'ready' as const, 'completed' as const),
    ),
    code: fc.constantFrom(
      { type: 'auto' as const, digest: 'x' },
      { type: 'auto' as const, digest: 'y' },
      { type: 'none' as const },
    ),
  })
  .map((fields) => appSpec(fields));

/** Circles among dependencies included: the file's are refused before, but a plan must come to an end anyway. */
const specs = fc.uniqueArray(spec, { selector: ({ name }) => name }).map((apps) => [...apps].sort(byName));

const worker = fc
  .record({
    instance: fc.integer({ min: 0, max: 4 }),
    phase: fc.constantFrom(
      ...(['starting', 'ready', 'draining', 'stopping', 'backing-off', 'stopped', 'completed', 'failed'] as const),
    ),
    current: fc.boolean(),
    managed: fc.boolean(),
    handsOver: fc.boolean(),
    pid: fc.constantFrom(null, 4711),
    listening: fc.constantFrom([], ['0.0.0.0:3000']),
    lastExit: fc.constantFrom(null, { type: 'exit-code' as const, code: 1 }),
  })
  .map((fields) => observedWorker(fields));

const app: fc.Arbitrary<ObservedApp> = fc
  .record({
    spec,
    applied: fc.option(spec),
    goal: fc.constantFrom('running' as const, 'stopped' as const),
    workers: fc.array(worker),
  })
  .map(({ spec, ...fields }) => observedApp(spec, { ...fields, revision: 1 }));

const apps = fc.uniqueArray(app, { selector: ({ name }) => name }).map((found) => [...found].sort(byName));

function plan(
  desired: readonly AppSpec[],
  observed: readonly ObservedApp[],
  others: readonly ObservedProject[] = [],
): Plan {
  const result = reconcile(desiredState(desired), observedState(observedProject(observed), ...others), OPTIONS);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** What a daemon that does just what a step says would then show. */
function afterSteps(observed: readonly ObservedApp[], steps: readonly Step[]): readonly ObservedApp[] {
  return steps.reduce<readonly ObservedApp[]>(afterStep, observed);
}

function afterStep(observed: readonly ObservedApp[], { app, action }: Step): readonly ObservedApp[] {
  const others = observed.filter(({ name }) => name !== app);
  const before = observed.find(({ name }) => name === app);
  switch (action.type) {
    case 'start':
    case 'reload':
    case 'replace':
      return [...others, observedApp(action.spec)];
    case 'scale': {
      const workers = readyWorkers(action.spec).map((fresh, i) =>
        i < action.from ? (before?.workers[i] ?? fresh) : fresh,
      );
      return [...others, observedApp(action.spec, { goal: before?.goal ?? 'stopped', workers })];
    }
    case 'update':
      return [...others, { ...(before ?? observedApp(action.spec)), spec: action.spec, applied: action.spec }];
    case 'delete':
      return others;
    case 'stop':
      throw new Error('no file asks for a stop');
    default:
      return unreachable(action);
  }
}

test('applying a plan leaves no drift and nothing to do', () => {
  fc.assert(
    fc.property(specs, apps, (desired, observed) => {
      const after = afterSteps(observed, plan(desired, observed).steps);
      expect(plan(desired, after)).toMatchObject({ drift: [], steps: [], unchanged: desired.length });
      expect(after.map(({ name }) => name).sort()).toEqual(desired.map(({ name }) => name));
    }),
  );
});

test('the same states give the same plan, in whatever order they come', () => {
  const shuffled = fc
    .tuple(specs, apps)
    .chain(([desired, observed]) =>
      fc.tuple(
        fc.constant({ desired, observed }),
        fc.shuffledSubarray(desired, { minLength: desired.length }),
        fc.shuffledSubarray(observed, { minLength: observed.length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, ([{ desired, observed }, otherDesired, otherObserved]) => {
      const first = plan(desired, observed);
      expect(plan(desired, observed)).toEqual(first);
      expect(plan(otherDesired, otherObserved)).toEqual(first);
      expect(formatPlan(plan(otherDesired, otherObserved))).toBe(formatPlan(first));
    }),
  );
});

test('what the file asks for already runs: no step, whatever it is', () => {
  fc.assert(
    fc.property(specs, (desired) => {
      expect(
        plan(
          desired,
          desired.map((one) => observedApp(one)),
        ),
      ).toMatchObject({ drift: [], steps: [] });
    }),
  );
});

test('another project neither changes a plan nor appears in it', () => {
  fc.assert(
    fc.property(specs, apps, apps, (desired, observed, foreign) => {
      const blog = observedProject(
        foreign.map((one) => ({ ...one, project: 'blog' })),
        { name: 'blog' },
      );
      expect(plan(desired, observed, [blog])).toEqual(plan(desired, observed));
      const known = [...desired, ...observed].map(({ name }) => name);
      const { steps, drift } = plan(desired, observed, [blog]);
      expect([...steps, ...drift].filter(({ app }) => !known.includes(app))).toEqual([]);
    }),
  );
});

test('every need is an earlier step, and every app has one step at most', () => {
  fc.assert(
    fc.property(specs, apps, (desired, observed) => {
      const { steps } = plan(desired, observed);
      const ids = steps.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      steps.forEach(({ needs }, index) => {
        expect(needs.filter(({ step }) => !ids.slice(0, index).includes(step))).toEqual([]);
      });
    }),
  );
});

test('no secret is in a plan', () => {
  fc.assert(
    fc.property(specs, apps, (desired, observed) => {
      const mark = <T extends { readonly env: Readonly<Record<string, string>> }>(one: T): T => ({
        ...one,
        env: { ...one.env, A: `hush-${one.env['A'] ?? ''}` },
        sensitiveEnv: ['A'],
      });
      const { steps, drift } = plan(
        desired.map(mark),
        observed.map((one) => ({ ...one, spec: mark(one.spec) })),
      );
      const shown = [...steps.map(({ fields, cause }) => ({ fields, cause })), ...drift];
      expect(JSON.stringify(shown)).not.toContain('hush');
    }),
  );
});
