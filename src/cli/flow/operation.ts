import { appStatus, type ObservedApp } from '../../domain/observed-state.ts';
import type { StepRequest } from '../../protocol/control.ts';
import { stepForExisting } from '../../reconcile/step-for-existing.ts';
import { unreachable } from '../../util/unreachable.ts';
import { scaledTo, type ScaleChange } from '../scale-change.ts';

/** What an operator asks of an app that exists. */
export type Operation =
  | { readonly type: 'start' | 'stop' | 'restart' | 'reload' | 'delete' }
  | { readonly type: 'scale'; readonly change: ScaleChange };

/** What that comes to for one app as it is now. */
export type OperationStep =
  | { readonly type: 'perform'; readonly action: StepRequest['action'] }
  /** The app is already as was asked for. */
  | { readonly type: 'already' }
  | { readonly type: 'too-few-workers'; readonly count: number };

export function operationStep(operation: Operation, app: ObservedApp): OperationStep {
  const { spec } = app;
  switch (operation.type) {
    case 'start':
      return appStatus(app) === 'ready' ? { type: 'already' } : perform({ type: 'start', spec });
    case 'stop':
      return app.goal === 'stopped' && appStatus(app) === 'stopped'
        ? { type: 'already' }
        : perform({ type: 'stop', workers: app.workers.filter(({ pid }) => pid !== null).length });
    case 'restart':
      return perform({ type: 'restart' });
    case 'reload':
      return perform(reloadAction(app));
    case 'scale':
      return scaleStep(app, scaledTo(operation.change, spec.instances));
    case 'delete':
      return perform({ type: 'delete', workers: app.workers.filter(({ pid }) => pid !== null).length });
    default:
      return unreachable(operation);
  }
}

function perform(action: StepRequest['action']): OperationStep {
  return { type: 'perform', action };
}

/** As an apply with `--force` would: rolling, or with downtime where old and new workers cannot overlap. */
function reloadAction(app: ObservedApp): StepRequest['action'] {
  const step = stepForExisting(app.spec, app, { manifests: {}, force: true });
  return step?.action ?? { type: 'reload', spec: app.spec };
}

function scaleStep(app: ObservedApp, count: number): OperationStep {
  const from = app.spec.instances;
  if (count < 1) return { type: 'too-few-workers', count };
  if (count === from) return { type: 'already' };
  return perform({ type: 'scale', spec: { ...app.spec, instances: count }, from, to: count });
}
