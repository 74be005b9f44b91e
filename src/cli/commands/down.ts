import type { DesiredState } from '../../domain/desired-state.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { confirmPlan } from '../flow/confirm.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { makePlan } from '../flow/make-plan.ts';
import { observeIfAny } from '../flow/observe.ts';
import { createReporter } from '../flow/reporter.ts';
import { runPlan } from '../flow/run-plan.ts';
import { DOWN_CAUSE, formatNothingToDelete } from '../render/apply-text.ts';
import { say } from '../render/console.ts';

export interface DownOptions extends FileOptions {
  readonly yes?: boolean;
  readonly takeOwnership?: boolean;
}

/** Deletions are quick, and wait for nobody. */
const CONCURRENCY = 256;

/** An apply of the same file without its apps: same owner check, same plan, same question. */
export async function down(context: CliContext, options: DownOptions): Promise<ExitCode> {
  const reporter = createReporter(context.console);
  const loaded = await loadFile(context, options, 'skip');
  if (!loaded.ok) return reporter.fail(loaded.error);
  const desired: DesiredState = { ...loaded.value.desired, apps: [], manifests: {} };

  const observation = await observeIfAny(context, desired.project);
  if (!observation.ok) return reporter.fail(observation.error);
  const takeOwnership = options.takeOwnership === true;
  const planned = await makePlan(desired, observation.value, { prune: true, allowEmpty: true, takeOwnership });
  if (!planned.ok) return reporter.fail(planned.error);

  const steps = planned.value.steps.map((step) => ({ ...step, cause: DOWN_CAUSE }));
  const plan = { ...planned.value, steps };
  const { client } = observation.value;
  if (client === null || steps.length === 0) {
    say(context.console, formatNothingToDelete(desired));
    return reporter.end(EXIT.success);
  }
  reporter.plan(plan);
  const refused = await confirmPlan(context, plan, { yes: options.yes === true });
  if (refused !== null) return reporter.end(refused);
  return runPlan(context, {
    plan,
    desired,
    client,
    reporter,
    takeOwnership,
    rollback: true,
    concurrency: CONCURRENCY,
    timeout: null,
  });
}
