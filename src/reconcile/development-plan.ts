import type { AppSpec } from '../domain/app-spec.ts';
import type { DesiredState } from '../domain/desired-state.ts';
import type { AppName } from '../domain/names.ts';
import { appStatus, type ObservedApp } from '../domain/observed-state.ts';
import type { Action, Plan } from '../domain/plan.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { equalJson } from '../util/compare.ts';
import { orderSteps, type LooseStep } from './order-steps.ts';
import { reconcile, type ReconcileOptions } from './reconcile.ts';
import { withDependents } from './restart-with.ts';

export interface DevelopmentOptions {
  /** Apps that are to run anew, and why. */
  readonly restart: ReadonlyMap<AppName, string>;
  /** The spec that each app was last told to run. Once it has failed, only a change is a reason to try again. */
  readonly tried: ReadonlyMap<AppName, AppSpec>;
  readonly only: ReconcileOptions['only'];
  readonly daemon: ReconcileOptions['daemon'];
}

/** What a change asks for while somebody works on the apps: as `reconcile` has it, but what has failed is left alone. */
export function developmentPlan(
  desired: DesiredState,
  observed: readonly ObservedApp[],
  { restart, tried, only, daemon }: DevelopmentOptions,
): Result<Plan> {
  const { project, origin, file } = desired;
  const projects = [{ name: project, origin, file, serial: 0, apps: observed }];
  const settings = { prune: true, allowEmpty: true, takeOwnership: false, force: false, manifests: {} };
  const base = reconcile(desired, { projects }, { ...settings, only, daemon });
  if (!base.ok) return base;
  const wanted = desired.apps.filter(({ name }) => only === null || only.includes(name));
  const changed = base.value.steps.filter(({ app, action }) => isNew({ app, action }, tried));
  const causes = withDependents(restart, wanted);
  const again = wanted.flatMap((spec) => restartOf(spec, causes, changed));
  const steps = [...changed.filter(({ app }) => !again.some((step) => step.app === app)), ...again];
  const able = steps.filter((step) => !waitsInVain(step, { steps, observed }));
  return ok({ ...base.value, drift: [], steps: orderSteps(able, observed), unchanged: wanted.length - able.length });
}

function isNew({ app, action }: Pick<LooseStep, 'app' | 'action'>, tried: DevelopmentOptions['tried']): boolean {
  return !('spec' in action) || !equalJson(action.spec, tried.get(app));
}

/** None where a step with the same effect, and a better reason, is there already. */
function restartOf(
  spec: AppSpec,
  causes: ReadonlyMap<AppName, string>,
  changed: readonly LooseStep[],
): readonly LooseStep[] {
  const cause = causes.get(spec.name);
  const own = changed.find(({ app }) => app === spec.name);
  const runsAnew = own !== undefined && ['start', 'reload', 'replace'].includes(own.action.type);
  if (cause === undefined || runsAnew) return [];
  const action: Action = spec.kind === 'task' ? { type: 'start', spec } : { type: 'replace', spec, because: cause };
  return [{ id: spec.name, app: spec.name, action, cause, fromFile: true, fields: own?.fields ?? [] }];
}

/** It depends on what is down, and of which nothing new is known. */
function waitsInVain(
  { app, action }: LooseStep,
  { steps, observed }: { readonly steps: readonly LooseStep[]; readonly observed: readonly ObservedApp[] },
): boolean {
  if (action.type !== 'start' || observed.some(({ name }) => name === app)) return false;
  return Object.keys(action.spec.dependsOn).some((name) => {
    if (steps.some((step) => step.app === name)) return false;
    const dependency = observed.find((candidate) => candidate.name === name);
    return dependency !== undefined && ['failed', 'backing-off', 'stopped'].includes(appStatus(dependency));
  });
}
