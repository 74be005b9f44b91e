import type { DaemonClient } from '../../client/daemon-client.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { LockId } from '../../domain/lock.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { confirmPlan } from '../flow/confirm.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { makePlan } from '../flow/make-plan.ts';
import { changeOnHosts, hostsOf } from '../flow/on-hosts.ts';
import { connectIfAny, observeForChange } from '../flow/observe.ts';
import type { PatienceOptions } from '../flow/patience.ts';
import { createReporter, type Reporter } from '../flow/reporter.ts';
import { runPlan } from '../flow/run-plan.ts';
import { withLock } from '../flow/with-lock.ts';
import { DOWN_CAUSE, formatNothingToDelete } from '../render/apply-text.ts';
import { say } from '../render/console.ts';

export interface DownOptions extends FileOptions, PatienceOptions {
  readonly yes?: boolean;
  readonly takeOwnership?: boolean;
}

/** Deletions are quick, and wait for nobody. */
const CONCURRENCY = 256;

/** An apply of the same file without its apps: same owner check, same plan, same question. */
export async function down(context: CliContext, options: DownOptions): Promise<number> {
  const loaded = await loadFile(context, options, 'skip');
  const hosts = loaded.ok ? null : hostsOf(loaded.error);
  if (hosts !== null) return changeOnHosts(context, hosts, (there) => down(there, options));
  const reporter = await createReporter(context, 'down');
  if (!loaded.ok) return reporter.fail(loaded.error);
  const desired: DesiredState = { ...loaded.value.desired, apps: [], manifests: {} };

  const connected = await connectIfAny(context);
  if (!connected.ok) return reporter.fail(connected.error);
  const client = connected.value;
  if (client === null) return nothingToDelete(context, { desired, reporter });
  const run = { client, project: desired.project, reporter, options };
  return withLock(context, run, (lock) => downLocked(context, { ...run, desired, options, lock }));
}

interface Down {
  readonly desired: DesiredState;
  readonly reporter: Reporter;
}

interface LockedDown extends Down {
  readonly client: DaemonClient;
  readonly options: DownOptions;
  readonly lock: LockId;
}

async function downLocked(context: CliContext, down: LockedDown): Promise<ExitCode> {
  const { client, reporter, desired, options, lock } = down;
  const observation = await observeForChange(client, desired.project);
  if (!observation.ok) return reporter.fail(observation.error);
  const takeOwnership = options.takeOwnership === true;
  const planned = await makePlan(desired, observation.value, { prune: true, allowEmpty: true, takeOwnership });
  if (!planned.ok) return reporter.fail(planned.error);

  const steps = planned.value.steps.map((step) => ({ ...step, cause: DOWN_CAUSE }));
  if (steps.length === 0) return nothingToDelete(context, down);
  const plan = { ...planned.value, steps };
  reporter.plan(plan);
  const refused = await confirmPlan(context, plan, { yes: options.yes === true });
  if (refused !== null) return reporter.end(refused);
  const locateApp = (): null => null;
  const run = { plan, desired, client, lock, reporter, locateApp, takeOwnership, rollback: true };
  return runPlan(context, { ...run, concurrency: CONCURRENCY, timeout: null });
}

async function nothingToDelete({ console }: CliContext, { desired, reporter }: Down): Promise<ExitCode> {
  say(console, formatNothingToDelete(desired));
  return reporter.end(EXIT.success);
}
