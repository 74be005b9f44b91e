import type { CliContext } from '../context.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeTargets, type TargetWords } from '../flow/observe-targets.ts';
import { renderFailure, say, writeJson } from '../render/console.ts';
import { formatReset, NO_APPS_TO_RESET, resetDocument } from '../render/reset-text.ts';

/** One that fails does not keep the others from it. */
export async function reset(context: CliContext, options: TargetWords): Promise<ExitCode> {
  const { console } = context;
  const observed = await observeTargets(context, options);
  if (!observed.ok) return fail(context, observed.error);
  const { client, targets } = observed.value;
  if (targets.length === 0) say(console, NO_APPS_TO_RESET);
  let exitCode: ExitCode = EXIT.success;
  for (const { app } of targets) {
    const answer = await client?.reset({ project: app.project, app: app.name, by: await context.actor() });
    if (answer?.ok === false) {
      await renderFailure(console, answer.error);
      exitCode = exitCodeOf(answer.error);
    } else say(console, formatReset(app));
  }
  if (console.json) writeJson(console, resetDocument(targets.map(({ app }) => app)));
  return exitCode;
}
