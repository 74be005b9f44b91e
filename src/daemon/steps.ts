import { completeSpec } from '../domain/complete-spec.ts';
import type { StepAction } from '../domain/event.ts';
import type { DeletedApp } from '../domain/observed-state.ts';
import { systemClock } from '../platform/clock.ts';
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
  if (request.asked === 'hand' && changesMore(action)) {
    // Before it is done: what is gone cannot be asked any more what it was.
    projects.changedByHand(project, deletedApp(request, supervisor));
  }
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

/** null for all but the deletion of an app that an apply brought. */
function deletedApp({ project, app, action, by }: StepRequest, supervisor: Daemon['supervisor']): DeletedApp | null {
  const cluster = supervisor.cluster({ project, app });
  const applied = cluster.ok ? cluster.value.document.applied : null;
  if (action.type !== 'delete' || applied === null) return null;
  return { name: app, applied, by, at: systemClock.wallTime() };
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
