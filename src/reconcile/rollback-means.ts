import type { AppSpec } from '../domain/app-spec.ts';
import type { ObservedApp } from '../domain/observed-state.ts';
import type { Action } from '../domain/plan.ts';
import { specChanges } from './spec-changes.ts';
import { stepForExisting } from './step-for-existing.ts';

export type RollbackMeans = Exclude<Action['type'], 'stop' | 'delete'>;

/** What going back to the spec asks of the processes of a present app; null if the two differ in their code at most. */
export function rollbackMeans(spec: AppSpec, app: ObservedApp): RollbackMeans | null {
  const sameCode = { ...spec, code: app.spec.code };
  if (specChanges(app.spec, sameCode, {}).fields.length === 0) return null;
  const action = stepForExisting(sameCode, app, { manifests: {}, force: false })?.action;
  if (action === undefined || action.type === 'stop' || action.type === 'delete') return null;
  return action.type;
}
