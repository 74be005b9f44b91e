import type { DaemonClient } from '../../client/daemon-client.ts';
import { isAnothers, type DesiredState } from '../../domain/desired-state.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import type { Plan } from '../../domain/plan.ts';
import type { CodeManifest } from '../../domain/revision.ts';
import type { Result } from '../../domain/result.ts';
import { nodeVersion } from '../../platform/machine.ts';
import { reconcile, type DaemonAbilities, type ReconcileOptions } from '../../reconcile/reconcile.ts';
import { equalJson } from '../../util/compare.ts';
import type { ChangeableObservation, Observation } from './observe.ts';

export interface PlanOptions {
  readonly prune: boolean;
  readonly allowEmpty?: boolean;
  readonly takeOwnership?: boolean;
  readonly force?: boolean;
  readonly only?: readonly string[];
}

/** Compares what the file asks for with what was observed. */
export async function makePlan(
  desired: DesiredState,
  observation: Observation | ChangeableObservation,
  options: PlanOptions,
): Promise<Result<Plan>> {
  const { client, observed } = observation;
  const manifests = client === null ? {} : await appliedManifests(client, desired, observed);
  // Of a daemon that is yet to be started on another machine nobody knows.
  const isUnknown = 'far' in observation && observation.far && client === null;
  const daemon = isUnknown ? null : await abilities(desired, client);
  return reconcile(desired, observed, { ...reconcileOptions(options), manifests, daemon });
}

/** Where no daemon runs, the Node that runs one, or the apps themselves, is this one. */
export async function abilities({ apps }: DesiredState, client: DaemonClient | null): Promise<DaemonAbilities | null> {
  if (!apps.some(({ balance }) => balance === 'reuseport')) return null;
  const info = await client?.info();
  if (info !== undefined) return info.ok ? info.value : null;
  const { reusePortSupport } = await import('../../platform/listening-socket.ts');
  return { reusePort: reusePortSupport(), node: nodeVersion() };
}

function reconcileOptions(options: PlanOptions): Omit<ReconcileOptions, 'manifests' | 'daemon'> {
  return {
    prune: options.prune,
    allowEmpty: options.allowEmpty === true,
    takeOwnership: options.takeOwnership === true,
    force: options.force === true,
    only: options.only ?? null,
  };
}

/** The file lists behind revisions that differ from what is applied, so that the files can be named. Without one less is said. */
export async function appliedManifests(
  client: DaemonClient,
  desired: DesiredState,
  observed: ObservedState,
): Promise<Readonly<Record<string, CodeManifest>>> {
  const digests = changedDigests(desired, observed);
  const answers = await Promise.all(digests.map(async (digest) => ({ digest, answer: await client.manifest(digest) })));
  return Object.fromEntries(answers.flatMap(({ digest, answer }) => (answer.ok ? [[digest, answer.value]] : [])));
}

function changedDigests(desired: DesiredState, observed: ObservedState): readonly string[] {
  const project = observed.projects.find(({ name }) => name === desired.project);
  const digests = desired.apps.flatMap((spec) => {
    const app = project?.apps.find(({ name }) => name === spec.name);
    return [app?.spec.code, app?.applied?.code].flatMap((before) =>
      before?.type === 'auto' && !equalJson(before, spec.code) ? [before.digest] : [],
    );
  });
  return [...new Set(digests)];
}

/** Whether the project has another owner than the file, so that even a plan without steps has something to claim. */
export function changesOwner(desired: DesiredState, observed: ObservedState): boolean {
  const owner = observed.projects.find(({ name }) => name === desired.project)?.origin;
  return owner !== undefined && isAnothers(owner, desired.origin);
}

/** Deletions and downtime are worth a question. */
export function wantsConfirmation(plan: Plan): boolean {
  return plan.steps.some(({ action }) => action.type === 'delete' || action.type === 'replace');
}
