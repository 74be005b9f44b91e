import type { AppSpec, ReusePortSupport } from '../domain/app-spec.ts';
import type { DesiredState } from '../domain/desired-state.ts';
import type { AppName } from '../domain/names.ts';
import type { DeletedApp, ObservedApp, ObservedState } from '../domain/observed-state.ts';
import type { ActionType, Notice, Plan } from '../domain/plan.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { byName, equalJson } from '../util/compare.ts';
import { DELETED_BY_HAND, deletedOf, driftOf, type Standing } from './drift.ts';
import { fileName } from './file-name.ts';
import { withoutIgnored } from './ignore-changes.ts';
import { orderSteps, type LooseStep } from './order-steps.ts';
import { refusalOf, type RefusalOptions } from './refusal.ts';
import { withDependents } from './restart-with.ts';
import type { Manifests } from './spec-changes.ts';
import { stepForExisting } from './step-for-existing.ts';

export interface ReconcileOptions extends RefusalOptions {
  /** Delete apps that are no longer in the file. */
  readonly prune: boolean;
  /** Replace the workers of every app, changed or not. */
  readonly force: boolean;
  /** The manifests of observed `auto` revisions, by digest, as far as they are known. */
  readonly manifests: Manifests;
  /** What the daemon can do; null where nobody asks for it. */
  readonly daemon: DaemonAbilities | null;
}

export interface DaemonAbilities {
  readonly reusePort: ReusePortSupport;
  /** `v20.19.0` */
  readonly node: string;
}

/** Shown for an app that has no workers yet. */
export const NOT_RUNNING_YET = 'not running yet';

const NOT_TO_BE_STARTED = 'new; autostart is off';

/** What has to be done for the machine to match the file. Other projects are neither looked at nor in the plan. */
export function reconcile(desired: DesiredState, observed: ObservedState, options: ReconcileOptions): Result<Plan> {
  const project = observed.projects.find(({ name }) => name === desired.project);
  const refusal = refusalOf(desired, project, options);
  if (refusal !== null) return err(refusal);

  const chosen = (app: { readonly name: AppName }) => options.only === null || options.only.includes(app.name);
  const present = (project?.apps ?? []).filter(chosen);
  const wanted = desired.apps
    .filter(chosen)
    .sort(byName)
    .map((spec) => asOnMachine(spec, present));
  const moves = movesOf(wanted, desired, project?.apps ?? []);
  const deletedApps = deletedOf(desired, project);
  const pairs = wanted.map((spec): Standing => ({
    spec,
    app: present.find(({ name }) => name === spec.name),
    deleted: deletedApps.find(({ name }) => name === spec.name),
  }));
  const manifests = { ...options.manifests, ...desired.manifests };
  const { node } = observed;
  const own = pairs.flatMap(({ spec, app, deleted }) =>
    app === undefined
      ? [moves.get(spec.name) ?? newApp(spec, deleted)]
      : (stepForExisting(spec, app, { manifests, force: options.force, node }) ?? []),
  );
  const kept = withTogether(own, { pairs, wanted, manifests, node });
  const removed = options.prune
    ? present.filter(({ name }) => !wanted.some((spec) => spec.name === name) && !isMoved(name, moves))
    : [];
  return ok({
    project: desired.project,
    file: desired.file,
    serial: project?.serial ?? 0,
    lineage: project?.lineage ?? null,
    drift: pairs.flatMap(driftOf),
    notices: wanted.flatMap((spec) => noticesOf(spec, options.daemon)),
    steps: orderSteps([...kept, ...removed.map((app) => removedApp(app, desired.file))], present),
    unchanged: wanted.length - kept.length,
  });
}

interface Together {
  readonly pairs: readonly Standing[];
  readonly wanted: readonly AppSpec[];
  readonly manifests: Manifests;
  readonly node: string | undefined;
}

/** With steps for those that are restarted with others. */
function withTogether(own: readonly LooseStep[], { pairs, wanted, manifests, node }: Together): readonly LooseStep[] {
  const together = [...dependentsOf(own, wanted)].flatMap(([name, cause]) => {
    const { spec, app } = pairs.find((pair) => pair.spec.name === name) ?? {};
    const step = spec && app && stepForExisting(spec, app, { manifests, force: true, node });
    return step ? [{ ...step, cause }] : [];
  });
  return [...own.filter(({ app }) => !together.some((step) => step.app === app)), ...together];
}

/** Apps that are restarted with others, where they would not be anyway; and why. */
function dependentsOf(steps: readonly LooseStep[], wanted: readonly AppSpec[]): ReadonlyMap<AppName, string> {
  const restarted = steps.filter(({ action }) => action.type === 'reload' || action.type === 'replace');
  const causes = new Map(withDependents(new Map(restarted.map(({ app, cause }) => [app, cause])), wanted));
  for (const { app, action } of steps) if (NEW_PROCESSES.includes(action.type)) causes.delete(app);
  return causes;
}

const NEW_PROCESSES: readonly ActionType[] = ['start', 'reload', 'replace'];

function noticesOf({ name: app, balance }: AppSpec, daemon: DaemonAbilities | null): readonly Notice[] {
  if (balance !== 'reuseport' || daemon === null || daemon.reusePort === 'supported') return [];
  return [{ app, reason: daemon.reusePort, node: daemon.node }];
}

function asOnMachine(spec: AppSpec, present: readonly ObservedApp[]): AppSpec {
  const app = present.find(({ name }) => name === spec.name);
  return app === undefined ? spec : withoutIgnored(spec, app.spec);
}

/** By their new names, the apps that are there under the name which they had before. */
function movesOf(
  wanted: readonly AppSpec[],
  desired: DesiredState,
  present: readonly ObservedApp[],
): ReadonlyMap<AppName, LooseStep> {
  const names = new Set(present.map(({ name }) => name));
  const moves = wanted.flatMap((spec): [AppName, LooseStep][] => {
    const { name, movedFrom } = spec;
    const before = present.find((app) => app.name === movedFrom);
    const isThere = names.has(name) || desired.apps.some((other) => other.name === movedFrom);
    if (movedFrom === null || before === undefined || isThere) return [];
    const action = { type: 'start', spec: withoutIgnored(spec, before.spec), movedFrom } as const;
    return [[name, { id: name, app: name, action, cause: `was ${movedFrom} before`, fromFile: true, fields: [] }]];
  });
  return new Map(moves);
}

function isMoved(name: AppName, moves: ReadonlyMap<AppName, LooseStep>): boolean {
  return [...moves.values()].some(({ action }) => action.type === 'start' && action.movedFrom === name);
}

function newApp(spec: AppSpec, deleted: DeletedApp | undefined): LooseStep {
  const fromFile = deleted === undefined || !equalJson(deleted.applied, withoutIgnored(spec, deleted.applied));
  const step = { id: spec.name, app: spec.name, fromFile, fields: [] };
  const deletion = deleted === undefined ? null : DELETED_BY_HAND;
  if (spec.autostart && spec.schedule === null)
    return { ...step, action: { type: 'start', spec }, cause: deletion ?? NOT_RUNNING_YET };
  const cause = deletion ?? (spec.schedule === null ? NOT_TO_BE_STARTED : `new; is run at ${spec.schedule.cron}`);
  return { ...step, action: { type: 'update', spec }, cause };
}

function removedApp({ name, workers }: ObservedApp, file: string): LooseStep {
  const running = workers.filter(({ pid }) => pid !== null).length;
  return {
    id: name,
    app: name,
    action: { type: 'delete', workers: running },
    cause: `no longer in ${fileName(file)}`,
    fromFile: true,
    fields: [],
  };
}
