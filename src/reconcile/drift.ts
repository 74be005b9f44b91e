import type { AppSpec } from '../domain/app-spec.ts';
import { isAnothers, type DesiredState } from '../domain/desired-state.ts';
import type { DeletedApp, ManualChange, ObservedApp, ObservedProject } from '../domain/observed-state.ts';
import type { Drift } from '../domain/plan.ts';
import { equalJson } from '../util/compare.ts';
import { healthOf, type Health } from './health.ts';

/** What the file asks for, and what is there of it. */
export interface Standing {
  readonly spec: AppSpec;
  readonly app: ObservedApp | undefined;
  readonly deleted: DeletedApp | undefined;
}

/**
 * What became of an app since its last successful apply, without the file. An app that was never applied cannot drift,
 * and what the file has taken over since is no drift any more.
 */
export function driftOf({ spec: desired, app, deleted }: Standing): readonly Drift[] {
  if (app === undefined) return deleted === undefined ? [] : [deletionDrift(deleted)];
  if (app.applied === null) return [];
  const health = healthOf(app);
  if (isRolledBack(app, desired)) return [rollbackDrift(app), ...workerDrift(app, health)];
  const scaled = app.spec.instances !== app.applied.instances && app.spec.instances !== desired.instances;
  return [...(scaled ? [scaleDrift(app, app.applied)] : []), ...workerDrift(app, health)];
}

/** What was deleted by hand since the last apply of this file, not of another that had the project. */
export function deletedOf({ origin }: DesiredState, project: ObservedProject | undefined): readonly DeletedApp[] {
  return project === undefined || isAnothers(project.origin, origin) ? [] : (project.deletedApps ?? []);
}

function deletionDrift({ name, applied, by, at }: DeletedApp): Drift {
  return {
    app: name,
    path: 'workers',
    expected: applied.instances,
    actual: 0,
    cause: DELETED_BY_HAND,
    by,
    at,
  };
}

export const DELETED_BY_HAND = 'deleted by hand';

function isRolledBack(app: ObservedApp, desired: AppSpec): boolean {
  if (lastChange(app, 'rollback') === undefined || app.revision === app.appliedRevision) return false;
  return !equalJson(app.spec, app.applied) && !equalJson(app.spec, desired);
}

function rollbackDrift(app: ObservedApp): Drift {
  const by = whoAndWhen(lastChange(app, 'rollback'));
  return {
    app: app.name,
    path: 'revision',
    expected: app.appliedRevision,
    actual: app.revision,
    cause: 'rolled back by hand',
    ...by,
  };
}

function scaleDrift(app: ObservedApp, applied: AppSpec): Drift {
  const change = lastChange(app, 'scale');
  return {
    app: app.name,
    path: 'instances',
    expected: applied.instances,
    actual: app.spec.instances,
    cause: change === undefined ? 'scaled' : 'scaled by hand',
    ...whoAndWhen(change),
  };
}

function workerDrift(app: ObservedApp, health: Health): readonly Drift[] {
  const workers = { app: app.name, path: 'workers', expected: app.spec.instances } as const;
  if (health.type === 'stopped' && !app.spec.autostart) return [];
  if (health.type === 'stopped') {
    const change = lastChange(app, 'stop');
    const cause = change === undefined ? 'stopped' : 'stopped by hand';
    return [{ ...workers, actual: 0, cause, ...whoAndWhen(change) }];
  }
  if (health.type !== 'broken') return [];
  return [{ ...workers, actual: health.fine, cause: health.cause, by: null, at: null }];
}

function lastChange(app: ObservedApp, action: ManualChange['action']): ManualChange | undefined {
  return app.manualChanges.findLast((change) => change.action === action);
}

function whoAndWhen(change: ManualChange | undefined): Pick<Drift, 'by' | 'at'> {
  return { by: change?.by ?? null, at: change?.at ?? null };
}
