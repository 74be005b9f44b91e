import { formatOrigin, type DesiredState } from '../../domain/desired-state.ts';
import type { Plan } from '../../domain/plan.ts';
import { SAVED_PLAN_FORMAT, SAVED_PLAN_MARKER, type AskedFor, type SavedPlan } from '../../domain/saved-plan.ts';
import { newSalt } from '../../platform/salted-digest.ts';
import { planDocument } from '../../reconcile/plan-document.ts';
import type { CliContext } from '../context.ts';
import { fingerprints } from './fingerprint.ts';
import type { FileOptions } from './load-file.ts';
import type { PlanOptions } from './make-plan.ts';

interface Planned {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly options: FileOptions & PlanOptions;
}

/** The document that `eco apply` takes in the place of the ecosystem file. */
export async function savedPlanDocument(context: CliContext, { plan, desired, options }: Planned) {
  const salt = newSalt();
  const { format_version: _own, ...document } = planDocument(plan);
  const saved: SavedPlan = {
    eco_version: context.program.version,
    ...(await placeOf(context)),
    project: desired.project,
    origin: formatOrigin(desired.origin),
    lineage: plan.lineage,
    serial: plan.serial,
    asked: askedFor(desired, options),
    salt,
    apps: await fingerprints(chosenApps(desired, options.only ?? null), salt),
    changes: document.changes,
  };
  return {
    [SAVED_PLAN_MARKER]: SAVED_PLAN_FORMAT,
    ...saved,
    created_at: new Date(context.clock.wallTime()).toISOString(),
    ...document,
  };
}

/** Where a plan can be applied. */
export async function placeOf({ place }: CliContext): Promise<Pick<SavedPlan, 'host' | 'home'>> {
  const { host, home } = await place();
  return { host, home };
}

function askedFor({ file }: DesiredState, options: FileOptions & PlanOptions): AskedFor {
  return {
    file,
    env: options.env ?? null,
    project: options.project ?? null,
    revision: options.revision ?? null,
    only: options.only ?? null,
    prune: options.prune,
    force: options.force === true,
    allow_empty: options.allowEmpty === true,
    take_ownership: options.takeOwnership === true,
  };
}

/** Those that a plan is about. */
export function chosenApps({ apps }: DesiredState, only: AskedFor['only']): DesiredState['apps'] {
  return only === null ? apps : apps.filter(({ name }) => only.includes(name));
}
