import type { CliContext } from '../context.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeTargets, type TargetWords } from '../flow/observe-targets.ts';
import { renderFailure, say, writeJson } from '../render/console.ts';
import { formatSignalled, NO_APPS_TO_SIGNAL, signalDocument, type SignalResult } from '../render/signal-text.ts';

export interface SignalOptions extends TargetWords {
  readonly signal: NodeJS.Signals;
}

/** One that fails does not keep the others from it. */
export async function signalWorkers(context: CliContext, options: SignalOptions): Promise<ExitCode> {
  const { console } = context;
  const { signal } = options;
  const observed = await observeTargets(context, options, 'allowed');
  if (!observed.ok) return fail(context, observed.error);
  const { client, targets } = observed.value;
  if (client === null || targets.length === 0) say(console, NO_APPS_TO_SIGNAL);
  const results: SignalResult[] = [];
  let exitCode: ExitCode = EXIT.success;
  for (const { app, instance } of client === null ? [] : targets) {
    const { name, project } = app;
    const answer = await client?.signal({ project, app: name, instance, signal, by: await context.actor() });
    if (answer === undefined) continue;
    if (!answer.ok) {
      await renderFailure(console, answer.error);
      exitCode = exitCodeOf(answer.error);
      continue;
    }
    const result = { project, app: name, pids: answer.value.pids };
    results.push(result);
    say(console, formatSignalled(signal, result));
  }
  if (console.json) writeJson(console, signalDocument(signal, results));
  return exitCode;
}
