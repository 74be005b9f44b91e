import type { Milliseconds } from '../../domain/time.ts';
import { leaveFirstProcess } from '../../platform/first-process.ts';
import { nodeVersion } from '../../platform/machine.ts';
import { reconcile } from '../../reconcile/reconcile.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { abilities } from '../flow/make-plan.ts';
import { runForeground } from '../flow/run-foreground.ts';
import { hint } from '../render/console.ts';
import { formatUnreaped, NO_APPS_TO_RUN, runRenderer } from '../render/run-text.ts';

export interface RunOptions extends FileOptions {
  readonly only?: readonly string[];
  /** From the first signal until what still runs is killed. */
  readonly grace: Milliseconds;
}

/**
 * Keeps the apps of a file in this process, without a daemon, until none has anything left to do or a signal says so. Answers 0,
 * or the exit code of the first process that failed for good.
 */
export async function run(context: CliContext, options: RunOptions): Promise<number> {
  const { console } = context;
  if (!leaveFirstProcess()) hint(console, formatUnreaped(nodeVersion()));
  const loaded = await loadFile(context, { ...options, development: true }, 'skip');
  if (!loaded.ok) return fail(context, loaded.error);
  const { desired, warnings } = loaded.value;
  const settings = { prune: true, allowEmpty: true, takeOwnership: false, force: false, manifests: {} };
  const daemon = await abilities(desired, null);
  const plan = reconcile(desired, { projects: [] }, { ...settings, daemon, only: options.only ?? null });
  if (!plan.ok) return fail(context, plan.error);
  const renderer = runRenderer(console, desired);
  await renderer.diagnostics(warnings);
  renderer.notices(plan.value.notices);
  if (plan.value.steps.length === 0) {
    hint(console, NO_APPS_TO_RUN);
    return EXIT.success;
  }
  return runForeground(context, { plan: plan.value, grace: options.grace, renderer });
}
