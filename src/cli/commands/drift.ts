import type { DesiredState } from '../../domain/desired-state.ts';
import { parseWorkerId } from '../../domain/names.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import { findDrift, type DriftReport, type Stray } from '../../reconcile/find-drift.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { appliedManifests } from '../flow/make-plan.ts';
import { hostsOf, lookOnHosts } from '../flow/on-hosts.ts';
import { observeForPlan } from '../flow/observe.ts';
import { stillThere, strayWorkers, type StartedWorker } from '../flow/stray-workers.ts';
import { hint, renderDiagnostics, writeJson } from '../render/console.ts';
import { driftDocument, formatDrift, formatPending } from '../render/drift-text.ts';
import { appsOf } from '../targets.ts';

export interface DriftCommandOptions extends FileOptions {
  readonly only?: readonly string[];
  readonly exitCode?: boolean;
}

/** What differs from the last apply. Has no effect but that a stopped daemon which keeps apps runs again. */
export async function drift(context: CliContext, options: DriftCommandOptions): Promise<number> {
  const { console } = context;
  const loaded = await loadFile(context, options, 'compute');
  const hosts = loaded.ok ? null : hostsOf(loaded.error);
  if (hosts !== null) return lookOnHosts(context, hosts.hosts, (there) => drift(there, options));
  if (!loaded.ok) return fail(context, loaded.error);
  const { desired, warnings } = loaded.value;
  await renderDiagnostics(console, warnings);

  // Before the daemon is asked, which may start one at any moment.
  const started = await context.startedWorkers();
  const observation = await observeForPlan(context, desired.project);
  if (!observation.ok) return fail(context, observation.error);
  const { client, observed } = observation.value;
  const suspects = straysOf(desired, observed, started);
  const strays = suspects.length === 0 ? [] : stillThere(suspects, await context.startedWorkers());

  const manifests = client === null ? {} : await appliedManifests(client, desired, observed);
  const found = findDrift(desired, observed, {
    manifests,
    only: options.only ?? null,
    strays: strays.flatMap(asStray),
  });
  if (!found.ok) return fail(context, found.error);
  show(context, found.value);
  return options.exitCode === true && found.value.drift.length > 0 ? EXIT.onlyDrift : EXIT.success;
}

function show({ console }: CliContext, report: DriftReport): void {
  if (console.json) return writeJson(console, driftDocument(report));
  console.out(`${formatDrift(report, console)}\n`);
  if (report.pending.length > 0) hint(console, formatPending(report));
}

function straysOf(
  { project }: DesiredState,
  observed: ObservedState,
  started: readonly StartedWorker[],
): readonly StartedWorker[] {
  return strayWorkers(started, appsOf(observed, null)).filter(
    ({ worker }) => parseWorkerId(worker)?.project === project,
  );
}

function asStray({ worker, pid }: StartedWorker): readonly Stray[] {
  const name = parseWorkerId(worker);
  return name === null ? [] : [{ app: name.app, worker, pid }];
}
