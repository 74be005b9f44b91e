import type { DaemonClient } from '../../client/daemon-client.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeForPlan } from '../flow/observe.ts';
import { patience, type Patiently, type PatienceOptions } from '../flow/patience.ts';
import { attemptOperation } from '../flow/attempt-operation.ts';
import type { Operation } from '../flow/operation.ts';
import { reminded } from '../flow/reminders.ts';
import { hint, renderFailure, say, writeJson } from '../render/console.ts';
import { formatWaiting } from '../render/lock-text.ts';
import {
  formatNothingTargeted,
  formatOperation,
  formatTooFewWorkers,
  formatUnderWay,
  operationDocument,
  type OperationResult,
} from '../render/operation-text.ts';
import { resolveTargets } from '../targets.ts';

export interface OperateOptions extends PatienceOptions {
  readonly targets: readonly string[];
  readonly project?: string;
  readonly operation: Operation;
}

/** Does one thing to each of the targets, all at once; one that fails does not keep the others from it. */
export async function operate(context: CliContext, options: OperateOptions): Promise<ExitCode> {
  const { operation } = options;
  const observation = await observeForPlan(context);
  if (!observation.ok) return fail(context, observation.error);
  const { client, observed } = observation.value;

  const targets = resolveTargets(options.targets, observed, {
    project: options.project ?? null,
    instances: 'refused',
  });
  if (!targets.ok) return fail(context, targets.error);
  if (client === null || targets.value.length === 0) {
    say(context.console, formatNothingTargeted(operation));
    if (context.console.json) writeJson(context.console, operationDocument(operation, []));
    return 0;
  }
  const patiently = patience(context, {
    lockTimeout: options.lockTimeout ?? 0,
    onWaiting: (lock, waited) => hint(context.console, formatWaiting(lock, waited)),
  });
  const several = targets.value.map(({ app }) => app);
  const waiting = new Set(several);
  const perform = async (app: ObservedApp): Promise<OperationResult> => {
    const result = await operateOn(app, { context, client, operation, patiently });
    waiting.delete(app);
    await report(context, { operation, result, several });
    return result;
  };
  const results = await reminded(
    context.clock,
    (waited) => hint(context.console, formatUnderWay(operation, [...waiting], waited)),
    () => Promise.all(several.map(perform)),
  );
  if (context.console.json) writeJson(context.console, operationDocument(operation, results));
  return results.map(exitCodeOfResult).sort((a, b) => b - a)[0] ?? EXIT.success;
}

interface OperateOn {
  readonly context: CliContext;
  readonly client: DaemonClient;
  readonly operation: Operation;
  readonly patiently: Patiently;
}

async function operateOn(app: ObservedApp, operateOn: OperateOn): Promise<OperationResult> {
  let present: Result<ObservedApp> | null = ok(app);
  const result = await operateOn.patiently(async () => {
    // Whoever had the lock may have made something else of it.
    present ??= await observeAgain(app, operateOn.client);
    const attempted = present.ok ? await attemptOperation(present.value, operateOn) : present;
    present = null;
    return attempted;
  });
  return result.ok ? result.value : { type: 'failed', app, failure: result.error };
}

async function observeAgain({ project, name }: ObservedApp, client: DaemonClient): Promise<Result<ObservedApp>> {
  const observed = await client.observe(project);
  if (!observed.ok) return observed;
  const found = observed.value.projects.flatMap(({ apps }) => apps).find((app) => app.name === name);
  return found === undefined ? err({ reason: 'no-such-app', target: name, didYouMean: null }) : ok(found);
}

interface Report {
  readonly operation: Operation;
  readonly result: OperationResult;
  readonly several: readonly ObservedApp[];
}

async function report({ console }: CliContext, { operation, result, several }: Report): Promise<void> {
  switch (result.type) {
    case 'failed':
      return renderFailure(console, result.failure);
    case 'too-few-workers':
      return console.err(`${formatTooFewWorkers(result.app, result.count)}\n`);
    default:
      say(console, formatOperation(operation, result, several));
  }
}

function exitCodeOfResult(result: OperationResult): ExitCode {
  if (result.type === 'failed') return exitCodeOf(result.failure);
  return result.type === 'too-few-workers' ? 1 : 0;
}
