import { formatOrigin, type DesiredState } from '../../domain/desired-state.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import type { Plan } from '../../domain/plan.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { SAVED_PLAN_FORMAT, SAVED_PLAN_MARKER, type PlanDifference, type SavedPlan } from '../../domain/saved-plan.ts';
import { planDocument } from '../../reconcile/plan-document.ts';
import { equalJson } from '../../util/compare.ts';
import type { CliContext } from '../context.ts';
import { fingerprintDifferences, fingerprints } from './fingerprint.ts';
import type { FileOptions } from './load-file.ts';
import type { PlanOptions } from './make-plan.ts';
import { chosenApps, placeOf } from './save-plan.ts';

/** The options of the `eco plan` that made it. */
export function optionsOf({ asked }: SavedPlan): FileOptions & PlanOptions {
  return {
    file: asked.file,
    ...(asked.env === null ? {} : { env: asked.env }),
    ...(asked.project === null ? {} : { project: asked.project }),
    ...(asked.revision === null ? {} : { revision: asked.revision }),
    ...(asked.only === null ? {} : { only: asked.only }),
    prune: asked.prune,
    force: asked.force,
    allowEmpty: asked.allow_empty,
    takeOwnership: asked.take_ownership,
  };
}

/** From the text of a file. What another eco wrote is not compared: it may mean something else by the same words. */
export async function parseSavedPlan(context: CliContext, text: string, file: string): Promise<Result<SavedPlan>> {
  const unreadable = (problem: string): Result<never> => err({ reason: 'plan-unreadable', file, problem });
  const document = parseJson(text);
  if (document === undefined) return unreadable('it is cut off, or no JSON');
  const { eco_version: planned, [SAVED_PLAN_MARKER]: format } = document as Readonly<Record<string, unknown>>;
  const present = context.program.version;
  if (typeof planned === 'string' && planned !== present) {
    return err({ reason: 'plan-stale', file, differences: [{ what: 'eco-version', planned, present }] });
  }
  if (format !== SAVED_PLAN_FORMAT) return unreadable(`its format is ${JSON.stringify(format)}`);
  const { default: validate } = await import('../generated/validate-saved-plan.js');
  if (!validate(document)) {
    const [error] = validate.errors ?? [];
    return unreadable(`${error?.instancePath ?? ''} ${error?.message ?? 'is not as it must be'}`.trim());
  }
  return ok(document as SavedPlan);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What can be told before anything is observed. */
export async function differencesOfFile(
  context: CliContext,
  saved: SavedPlan,
  desired: DesiredState,
): Promise<readonly PlanDifference[]> {
  const { host, home } = await placeOf(context);
  const present = await fingerprints(chosenApps(desired, saved.asked.only), saved.salt);
  return [
    ...differs('host', { planned: `${saved.host} (${saved.home})`, present: `${host} (${home})` }),
    ...differs('project', {
      planned: `${saved.project} (${saved.origin})`,
      present: `${desired.project} (${formatOrigin(desired.origin)})`,
    }),
    ...fingerprintDifferences(saved.apps, present),
  ];
}

function differs(
  what: 'host' | 'project',
  { planned, present }: { readonly planned: string; readonly present: string },
): readonly PlanDifference[] {
  return planned === present ? [] : [{ what, planned, present }];
}

/** What became of the project since. */
export function differencesOfState(saved: SavedPlan, observed: ObservedState): readonly PlanDifference[] {
  const project = observed.projects.find(({ name }) => name === saved.project);
  if ((project?.lineage ?? null) !== saved.lineage) return [{ what: 'lineage' }];
  const serial = project?.serial ?? 0;
  return serial === saved.serial ? [] : [{ what: 'serial', planned: saved.serial, present: serial }];
}

/** Steps that were not approved, and those that were and are not there any more: workers may have ended or come since. */
export function differencesOfSteps({ changes }: SavedPlan, plan: Plan): readonly PlanDifference[] {
  const [planned, present] = [changes.map(essence), planDocument(plan).changes.map(essence)];
  const apps = [...planned, ...present].flatMap(({ app }) => (typeof app === 'string' ? [app] : []));
  const of = (list: readonly Essence[], name: string) => list.find(({ app }) => app === name);
  return [...new Set(apps)]
    .filter((app) => !equalJson(of(planned, app), of(present, app)))
    .map((app) => ({ what: 'state', app }));
}

type Essence = Readonly<Record<'app' | 'action' | 'fields' | 'needs', unknown>>;

/** Without the words that say why, in which numbers of workers may change that change nothing. */
function essence(change: unknown): Essence {
  const { app, action, fields, needs } = change as Essence;
  return { app, action, fields, needs };
}
