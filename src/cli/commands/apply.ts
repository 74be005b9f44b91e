import type { DaemonClient } from '../../client/daemon-client.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { LockId } from '../../domain/lock.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { confirmPlan } from '../flow/confirm.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { changesOwner, makePlan, type PlanOptions } from '../flow/make-plan.ts';
import { observeForChange } from '../flow/observe.ts';
import type { PatienceOptions } from '../flow/patience.ts';
import { runPlan, takeOver } from '../flow/run-plan.ts';
import { createReporter, type Reporter } from '../flow/reporter.ts';
import { withLock } from '../flow/with-lock.ts';
import { plan as planOnly } from './plan.ts';

export interface ApplyOptions extends FileOptions, PlanOptions, PatienceOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly concurrency: number;
  readonly rollback: boolean;
}

/** Plans, asks where that is due, executes, and tells the truth about the outcome in the exit code. */
export async function apply(context: CliContext, options: ApplyOptions): Promise<ExitCode> {
  if (options.dryRun === true) return planOnly(context, options);
  const reporter = createReporter(context.console);
  const loaded = await loadFile(context, options, 'compute');
  if (!loaded.ok) return reporter.fail(loaded.error);
  const { desired, warnings } = loaded.value;
  await reporter.diagnostics(warnings);

  const client = await context.connect('if-absent');
  if (!client.ok) return reporter.fail(client.error);
  const run = { client: client.value, project: desired.project, reporter, options };
  return withLock(context, run, (lock) => applyLocked(context, { ...run, desired, options, lock }));
}

interface LockedApply {
  readonly client: DaemonClient;
  readonly reporter: Reporter;
  readonly desired: DesiredState;
  readonly options: ApplyOptions;
  readonly lock: LockId;
}

async function applyLocked(context: CliContext, locked: LockedApply): Promise<ExitCode> {
  const { client, reporter, desired, options, lock } = locked;
  const observation = await observeForChange(client, desired.project);
  if (!observation.ok) return reporter.fail(observation.error);
  const { observed } = observation.value;
  const planned = await makePlan(desired, observation.value, options);
  if (!planned.ok) return reporter.fail(planned.error);

  const plan = planned.value;
  reporter.plan(plan);
  const takeOwnership = options.takeOwnership === true;
  const run = { plan, desired, client, lock, reporter, takeOwnership, rollback: options.rollback };
  if (plan.steps.length === 0) {
    return changesOwner(desired, observed) ? takeOver(context, run) : reporter.end(EXIT.success);
  }
  const refused = await confirmPlan(context, plan, { yes: options.yes === true });
  if (refused !== null) return reporter.end(refused);
  return runPlan(context, { ...run, concurrency: options.concurrency, timeout: options.timeout ?? null });
}
