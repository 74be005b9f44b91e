import type { DaemonClient } from '../../client/daemon-client.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { StepRequest } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import type { OperationResult } from '../render/operation-text.ts';
import { operationStep, type Operation } from './operation.ts';

export interface AttemptOperation {
  readonly context: Pick<CliContext, 'actor'>;
  readonly client: DaemonClient;
  readonly operation: Operation;
  /** Ends the waiting; the daemon finishes what it began. Absent: it is waited for. */
  readonly signal?: AbortSignal;
}

/** Does one thing to an app as it was observed, and waits until that has worked or failed. */
export async function attemptOperation(app: ObservedApp, options: AttemptOperation): Promise<Result<OperationResult>> {
  const { context, client, operation, signal = new AbortController().signal } = options;
  const step = operationStep(operation, app);
  if (step.type === 'already') return ok({ type: 'already', app });
  if (step.type === 'too-few-workers') return ok({ type: 'too-few-workers', app, count: step.count });
  const request: StepRequest = {
    project: app.project,
    app: app.name,
    action: step.action,
    by: await context.actor(),
    asked: 'hand',
    // The daemon has kept the manifest of a spec that it runs since the apply that brought it.
    manifest: null,
  };
  const outcome = await client.step(request, { onProgress: () => {}, signal });
  return outcome.ok ? ok({ type: 'done', app, action: step.action, serving: outcome.value.serving }) : outcome;
}
