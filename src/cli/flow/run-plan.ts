import { dirname } from 'node:path';
import type { DaemonClient } from '../../client/daemon-client.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { Source } from '../../domain/history.ts';
import type { LockId } from '../../domain/lock.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Result } from '../../domain/result.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { executePlan } from '../../execute/execute-plan.ts';
import type { ClaimAnswer } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { formatFinishing, formatOwnershipTaken } from '../render/apply-text.ts';
import { hint, say } from '../render/console.ts';
import type { AppPlaces, Reporter } from './reporter.ts';
import { stopSwitch } from './stop-switch.ts';

export interface PlanRun {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly client: DaemonClient;
  readonly lock: LockId;
  readonly reporter: Reporter;
  readonly locateApp: AppPlaces;
  readonly takeOwnership: boolean;
  /** False: nothing that fails is rolled back. */
  readonly rollback: boolean;
}

export interface ExecutionLimits {
  readonly concurrency: number;
  /** null: as long as it takes. */
  readonly timeout: Milliseconds | null;
}

/** Becomes the owner, carries out every step that can be, and says how each ended. */
export async function runPlan(context: CliContext, run: PlanRun & ExecutionLimits): Promise<ExitCode> {
  const { plan, desired, client, reporter } = run;
  const claimed = await claim(context, run);
  if (!claimed.ok) return run.reporter.fail(claimed.error);
  const { clusterControl } = await import('../../client/step-control.ts');
  const control = clusterControl(client, {
    project: desired.project,
    by: await context.actor(),
    asked: 'file',
    lock: run.lock,
    source: await sourceOf(context, run),
    rollback: run.rollback,
    manifests: desired.manifests,
  });
  const stop = stopSwitch(context, {
    timeout: run.timeout,
    onFirstInterrupt: (signal) => hint(context.console, formatFinishing(signal)),
  });
  const progress = await reporter.progress(plan, run.locateApp);
  try {
    const report = await executePlan(plan, control, {
      concurrency: run.concurrency,
      signal: stop.signal,
      abandon: stop.abandon,
      onEvent: progress.onEvent,
    });
    return await progress.finish(report, stop.interrupted());
  } finally {
    stop.dispose();
  }
}

/** For the history: only where a step makes some. */
async function sourceOf({ source }: CliContext, { plan, desired }: PlanRun): Promise<Source | null> {
  return plan.steps.some(({ action }) => 'spec' in action) ? source(dirname(desired.file)) : null;
}

/** Where nothing has to be done but to become the owner. */
export async function takeOver(context: CliContext, run: PlanRun): Promise<ExitCode> {
  const claimed = await claim(context, run);
  if (!claimed.ok) return run.reporter.fail(claimed.error);
  say(context.console, formatOwnershipTaken(run.plan, run.desired.origin));
  return run.reporter.end(EXIT.success);
}

async function claim(
  { actor }: CliContext,
  { desired, client, lock, takeOwnership }: PlanRun,
): Promise<Result<ClaimAnswer>> {
  return client.claim({
    project: desired.project,
    origin: desired.origin,
    file: desired.file,
    takeOwnership,
    lock,
    by: await actor(),
  });
}
