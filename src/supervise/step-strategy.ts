import type { AppSpec } from '../domain/app-spec.ts';
import type { ManualChange } from '../domain/observed-state.ts';
import type { RollbackMeans, StepRequest } from '../protocol/control.ts';
import { equalJson } from '../util/compare.ts';
import { unreachable } from '../util/unreachable.ts';
import type { Cluster } from './cluster.ts';
import type { Strategy } from './targets.ts';

/** A task that is asked for runs again; a service that runs what is asked is left alone. */
export function startStrategy(spec: AppSpec, cluster: Cluster | undefined): Strategy {
  if (spec.kind === 'task') return 'replace';
  return cluster === undefined || equalJson(spec, cluster.document.target.spec) ? 'keep' : 'rolling';
}

/** A service that becomes a task with a schedule has nothing to run until its time comes. */
export function becomesScheduled(spec: AppSpec, cluster: Cluster | undefined): cluster is Cluster {
  return cluster !== undefined && spec.schedule !== null && cluster.document.target.spec.kind === 'service';
}

export function rollbackStep(type: RollbackMeans, spec: AppSpec, from: number): StepRequest['action'] {
  switch (type) {
    case 'start':
    case 'reload':
    case 'update':
      return { type, spec };
    case 'replace':
      return { type, spec, because: 'rolled back' };
    case 'scale':
      return { type, spec, from, to: spec.instances };
    default:
      return unreachable(type);
  }
}

export function manualChange(type: StepRequest['action']['type']): ManualChange['action'] | null {
  return type === 'scale' || type === 'stop' || type === 'start' || type === 'rollback' ? type : null;
}
