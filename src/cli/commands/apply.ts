import { formatOrigin } from '../../domain/desired-state.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { confirmPlan } from '../flow/confirm.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { changesOwner, makePlan, type PlanOptions } from '../flow/make-plan.ts';
import { observeForChange } from '../flow/observe.ts';
import { runPlan, takeOver } from '../flow/run-plan.ts';
import { createReporter } from '../flow/reporter.ts';
import { plan as planOnly } from './plan.ts';

export interface ApplyOptions extends FileOptions, PlanOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly concurrency: number;
}

/** Plans, asks where that is due, executes, and tells the truth about the outcome in the exit code. */
export async function apply(context: CliContext, options: ApplyOptions): Promise<ExitCode> {
  if (options.dryRun === true) return await planOnly(context, options);
  const loaded = await loadFile(context, options, 'compute');
  if (!loaded.ok) return await fail(context, loaded.error);
  const { desired, warnings } = loaded.value;
  const reporter = createReporter(context.console);
  await reporter.diagnostics(warnings);

  const observation = await observeForChange(context, desired.project);
  if (!observation.ok) return await fail(context, observation.error);
  const { client, observed } = observation.value;
  const planned = await makePlan(desired, observation.value, options);
  if (!planned.ok) return await fail(context, planned.error);

  const plan = planned.value;
  await reporter.plan(plan);
  const run = { plan, desired, client, reporter, takeOwnership: options.takeOwnership === true };
  if (plan.steps.length === 0) {
    return changesOwner(desired, observed) ? await takeOver(context, run) : 0;
  }
  const refused = await confirmPlan(context, plan, { yes: options.yes === true });
  if (refused !== null) return refused;
  return await runPlan(context, { ...run, concurrency: options.concurrency, timeout: options.timeout ?? null });
}
