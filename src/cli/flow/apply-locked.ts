import type { DaemonClient } from '../../client/daemon-client.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { Failure } from '../../domain/failure.ts';
import type { LockId } from '../../domain/lock.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import type { Plan } from '../../domain/plan.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { confirmPlan } from './confirm.ts';
import { changesOwner, makePlan, type PlanOptions } from './make-plan.ts';
import { observeForChange } from './observe.ts';
import type { AppPlaces, Reporter } from './reporter.ts';
import { runPlan, takeOver } from './run-plan.ts';

export interface ExecutionOptions {
  readonly yes?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly concurrency: number;
  readonly rollback: boolean;
}

export interface LockedApply {
  readonly client: DaemonClient;
  readonly reporter: Reporter;
  readonly desired: DesiredState;
  readonly locateApp: AppPlaces;
  readonly options: PlanOptions & ExecutionOptions;
  readonly lock: LockId;
  /** Why this plan is not to be carried out; absent: the one that asked for it decides. */
  readonly refuse?: (observed: ObservedState, plan: Plan) => Failure | null;
}

/** Plans from what is there once nobody else can change it, asks where that is due, and executes. */
export async function applyLocked(context: CliContext, locked: LockedApply): Promise<ExitCode> {
  const { client, reporter, desired, locateApp, options, lock } = locked;
  const observation = await observeForChange(client, desired.project);
  if (!observation.ok) return reporter.fail(observation.error);
  const { observed } = observation.value;
  const planned = await makePlan(desired, observation.value, options);
  if (!planned.ok) return reporter.fail(planned.error);

  const plan = planned.value;
  const failure = locked.refuse?.(observed, plan) ?? null;
  if (failure !== null) return reporter.fail(failure);
  reporter.plan(plan);
  const takeOwnership = options.takeOwnership === true;
  const run = { plan, desired, client, lock, reporter, locateApp, takeOwnership, rollback: options.rollback };
  if (plan.steps.length === 0) {
    return changesOwner(desired, observed) ? takeOver(context, run) : reporter.end(EXIT.success);
  }
  const refused = await confirmPlan(context, plan, { yes: options.yes === true });
  if (refused !== null) return reporter.end(refused);
  return runPlan(context, { ...run, concurrency: options.concurrency, timeout: options.timeout ?? null });
}
