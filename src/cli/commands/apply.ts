import { resolve } from 'node:path';
import { isSavedPlan } from '../../domain/saved-plan.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { applyLocked, type ExecutionOptions } from '../flow/apply-locked.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import type { PlanOptions } from '../flow/make-plan.ts';
import type { PatienceOptions } from '../flow/patience.ts';
import { createReporter } from '../flow/reporter.ts';
import { changeOnHosts, hostsOf } from '../flow/on-hosts.ts';
import { withLock } from '../flow/with-lock.ts';
import { plan as planOnly } from './plan.ts';

export interface ApplyOptions extends FileOptions, PlanOptions, PatienceOptions, ExecutionOptions {
  readonly dryRun?: boolean;
}

/** Plans, asks where that is due, executes, and tells the truth about the outcome in the exit code. */
export async function apply(context: CliContext, options: ApplyOptions): Promise<number> {
  const text = options.file === undefined ? null : context.readFile(resolve(context.cwd, options.file));
  if (options.file !== undefined && text !== null && isSavedPlan(text)) {
    const { applySaved } = await import('./apply-saved.ts');
    return applySaved(context, { ...options, file: options.file, text });
  }
  const wrong = await wrongSync(options);
  if (wrong !== null) {
    context.console.err(`${wrong}\n`);
    return EXIT.unclassified;
  }
  if (options.dryRun === true) return planOnly(context, options);
  const loaded = await loadFile(context, options, 'compute');
  const hosts = loaded.ok ? null : hostsOf(loaded.error);
  if (hosts !== null) return changeOnHosts(context, hosts, (there) => apply(there, options));
  // A file without hosts was loaded as it is here.
  if (loaded.ok && options.sync === true && context.host === null) {
    const { SYNC_WITHOUT_HOST } = await import('../render/copy-text.ts');
    context.console.err(`${SYNC_WITHOUT_HOST}\n`);
    return EXIT.unclassified;
  }
  const reporter = await createReporter(context, 'apply');
  if (!loaded.ok) return reporter.fail(loaded.error);
  const { desired, warnings, locateApp } = loaded.value;
  await reporter.diagnostics(warnings);

  const client = await context.connect('if-absent');
  if (!client.ok) return reporter.fail(client.error);
  const run = { client: client.value, project: desired.project, reporter, options };
  return withLock(context, run, (lock) => applyLocked(context, { ...run, desired, locateApp, lock }));
}

async function wrongSync({ sync, dryRun }: ApplyOptions): Promise<string | null> {
  if (sync !== true || dryRun !== true) return null;
  return (await import('../render/copy-text.ts')).SYNC_OR_DRY_RUN;
}
