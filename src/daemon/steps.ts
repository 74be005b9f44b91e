import { completeSpec } from '../domain/complete-spec.ts';
import type { StepAction } from '../domain/event.ts';
import type { StepMessage, StepRequest } from '../protocol/control.ts';
import type { Daemon } from './routes.ts';

/** One step from request to outcome. It goes on to its end, whether or not somebody still listens. */
export async function performStep(
  request: StepRequest,
  { supervisor, projects, store, events }: Pick<Daemon, 'supervisor' | 'projects' | 'store' | 'events'>,
  send: (message: StepMessage) => void,
): Promise<void> {
  const { project, app, by } = request;
  const action = request.action.type;
  saveManifest(request, store);
  if (request.asked === 'hand' && changesMore(request.action.type)) projects.changedByHand(project);
  events.record({ type: 'step-started', project, app, action, by });
  const outcome = await supervisor.perform(completeStep(request), (workers) => send({ type: 'progress', workers }));
  await store.flushed();
  if (outcome.ok) {
    events.record({ type: 'step-succeeded', project, app, action });
    send({ type: 'succeeded', outcome: outcome.value });
    return;
  }
  events.record({ type: 'step-failed', project, app, action, failure: outcome.error.reason });
  send({ type: 'failed', failure: outcome.error });
}

/** A restart and a reload leave an app as it was to be. */
function changesMore(action: StepAction): boolean {
  return action !== 'restart' && action !== 'reload';
}

/** A client of another version may know fewer settings. */
function completeStep(request: StepRequest): StepRequest {
  const { action } = request;
  return 'spec' in action ? { ...request, action: { ...action, spec: completeSpec(action.spec) } } : request;
}

/** So that a later plan can name the files that changed. */
function saveManifest({ action, manifest }: StepRequest, store: Daemon['store']): void {
  if (manifest === null || !('spec' in action) || action.spec.code.type !== 'auto') return;
  store.saveManifest(action.spec.code.digest, manifest);
}
