import { planDocument } from '../../reconcile/plan-document.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { makePlan, type PlanOptions } from '../flow/make-plan.ts';
import { observeForPlan } from '../flow/observe.ts';
import { renderDiagnostics, writeJson } from '../render/console.ts';
import { renderPlan } from '../render/plan-text.ts';

export interface PlanCommandOptions extends FileOptions, PlanOptions {
  readonly detailedExitcode?: boolean;
}

/** Shows what an apply would do, and has no effect but that a stopped daemon which keeps apps runs again. */
export async function plan(context: CliContext, options: PlanCommandOptions): Promise<ExitCode> {
  const { console } = context;
  const loaded = await loadFile(context, options, 'compute');
  if (!loaded.ok) return fail(context, loaded.error);
  const { desired, warnings } = loaded.value;
  await renderDiagnostics(console, warnings);

  const observation = await observeForPlan(context, desired.project);
  if (!observation.ok) return fail(context, observation.error);
  const planned = await makePlan(desired, observation.value, options);
  if (!planned.ok) return fail(context, planned.error);

  if (console.json) writeJson(console, planDocument(planned.value));
  else console.out(`${renderPlan(planned.value, console)}\n`);
  const pending = planned.value.steps.length > 0 && options.detailedExitcode === true;
  return pending ? EXIT.changesPending : EXIT.success;
}
