import type { Failure } from '../../domain/failure.ts';
import type { PlanDifference } from '../../domain/saved-plan.ts';
import { unreachable } from '../../util/unreachable.ts';
import { quoted } from './quoted.ts';

type SavedPlanFailure = Extract<Failure, { reason: (typeof SAVED_PLAN_FAILURES)[number] }>;

const SAVED_PLAN_FAILURES = ['plan-stale', 'plan-unreadable', 'file-not-written'] as const;

export function isSavedPlanFailure(failure: Failure): failure is SavedPlanFailure {
  const reasons: readonly string[] = SAVED_PLAN_FAILURES;
  return reasons.includes(failure.reason);
}

export function savedPlanHeadline(failure: SavedPlanFailure): string {
  switch (failure.reason) {
    case 'plan-stale':
      return `${failure.file} is not what an apply would do now; nothing was changed`;
    case 'plan-unreadable':
      return `${failure.file} is no saved plan that this eco can read: ${failure.problem}; nothing was changed`;
    case 'file-not-written':
      return `${failure.file} could not be written`;
    default:
      return unreachable(failure);
  }
}

export function savedPlanAdvice(failure: SavedPlanFailure): readonly string[] {
  switch (failure.reason) {
    case 'plan-stale':
      return [...failure.differences.map(differenceText), `Make a new one: eco plan --out ${quoted(failure.file)}`];
    case 'plan-unreadable':
      return [`Make a new one: eco plan --out ${quoted(failure.file)}`];
    case 'file-not-written':
      return ['See whether its folder is there, and whether there is room.'];
    default:
      return unreachable(failure);
  }
}

/** What differs comes first, for whoever reads no further. */
function differenceText(difference: PlanDifference): string {
  switch (difference.what) {
    case 'eco-version':
      return `eco version: planned by eco ${difference.planned}, this is eco ${difference.present}`;
    case 'host':
      return `host: planned for ${difference.planned}, this is ${difference.present}`;
    case 'project':
      return `project: planned for ${difference.planned}, the file is of ${difference.present}`;
    case 'lineage':
      return 'lineage: the project here is not the one that the plan was made of; it was set up anew';
    case 'serial':
      return `serial: planned at ${difference.planned}, now ${difference.present}: somebody has changed the apps since (eco events)`;
    case 'code':
      return `code: that of ${difference.app} has changed`;
    case 'secret':
      return `secret: ${difference.path} of ${difference.app} has another value`;
    case 'file':
      return difference.path === null
        ? `file: ${difference.app} was added or removed`
        : `file: ${difference.path} of ${difference.app} has changed`;
    case 'state':
      return `state: what would be done to ${difference.app} is something else, for its workers are not as they were`;
    default:
      return unreachable(difference);
  }
}

export function formatSaved(file: string): string {
  return `Saved. To apply exactly this: eco apply ${quoted(file)}`;
}

export function formatFixedFlag(file: string, flag: string): string {
  return `${flag} has no place beside ${file}: a saved plan is applied as it was made; nothing was changed`;
}
