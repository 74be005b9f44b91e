import type { Failure } from '../../domain/failure.ts';
import type { PlanDifference } from '../../domain/saved-plan.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { applyLocked } from '../flow/apply-locked.ts';
import {
  differencesOfFile,
  differencesOfState,
  differencesOfSteps,
  optionsOf,
  parseSavedPlan,
} from '../flow/check-saved-plan.ts';
import { loadFile } from '../flow/load-file.ts';
import { createReporter } from '../flow/reporter.ts';
import { withLock } from '../flow/with-lock.ts';
import { formatFixedFlag } from '../render/saved-plan-text.ts';
import type { ApplyOptions } from './apply.ts';

export interface ApplySavedOptions extends ApplyOptions {
  readonly file: string;
  /** What is in it. */
  readonly text: string;
}

/**
 * Does what was approved and nothing else. The ecosystem file is loaded again, for the plan holds no values; what comes of it,
 * and of the apps as they are now, must be that plan to the letter.
 */
export async function applySaved(context: CliContext, options: ApplySavedOptions): Promise<ExitCode> {
  const { file, text } = options;
  const flag = fixedFlag(options);
  if (flag !== null) {
    context.console.err(`${formatFixedFlag(file, flag)}\n`);
    return EXIT.unclassified;
  }
  const reporter = await createReporter(context, 'apply');
  const saved = await parseSavedPlan(context, text, file);
  if (!saved.ok) return reporter.fail(saved.error);
  const asked = optionsOf(saved.value);
  const loaded = await loadFile(context, asked, 'compute');
  if (!loaded.ok) return reporter.fail(loaded.error);
  const { desired, warnings, locateApp } = loaded.value;
  await reporter.diagnostics(warnings);
  const stale = (differences: readonly PlanDifference[]): Failure | null =>
    differences.length === 0 ? null : { reason: 'plan-stale', file, differences };
  const differs = stale(await differencesOfFile(context, saved.value, desired));
  if (differs !== null) return reporter.fail(differs);

  const client = await context.connect('if-absent');
  if (!client.ok) return reporter.fail(client.error);
  const { timeout, concurrency, rollback } = options;
  const execution = { yes: true, concurrency, rollback, ...(timeout === undefined ? {} : { timeout }) };
  const run = { client: client.value, project: desired.project, reporter, options };
  return withLock(context, run, (lock) =>
    applyLocked(context, {
      ...run,
      options: { ...asked, ...execution },
      desired,
      locateApp,
      lock,
      refuse: (observed, plan) =>
        stale(differencesOfState(saved.value, observed)) ?? stale(differencesOfSteps(saved.value, plan)),
    }),
  );
}

/** One that would make another plan of it. */
function fixedFlag(options: ApplyOptions): string | null {
  const flags: readonly (readonly [flag: string, given: boolean])[] = [
    ['--dry-run', options.dryRun === true],
    ['--sync', options.sync === true],
    ['--env', options.env !== undefined],
    ['--project', options.project !== undefined],
    ['--revision', options.revision !== undefined],
    ['--only', options.only !== undefined],
    ['--no-prune', !options.prune],
    ['--force', options.force === true],
    ['--allow-empty', options.allowEmpty === true],
    ['--take-ownership', options.takeOwnership === true],
  ];
  return flags.find(([, given]) => given)?.[0] ?? null;
}
