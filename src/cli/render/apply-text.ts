import { formatOrigin, type DesiredState, type Origin } from '../../domain/desired-state.ts';
import type { Plan } from '../../domain/plan.ts';
import type { InterruptSignal } from '../../platform/interrupt.ts';
import { planSummary } from '../../reconcile/plan-summary.ts';

export const NOTHING_CHANGED = 'Nothing was changed.';

export function formatFinishing(signal: InterruptSignal): string {
  const again = signal === 'SIGINT' ? 'Press Ctrl-C again' : 'Send it again';
  return `\n${signal}: finishing the steps that run; no further one begins. ${again} to leave at once.`;
}

/** Why `eco down` deletes apps that are still in the file. */
export const DOWN_CAUSE = 'asked for by eco down';

export function formatNothingToDelete({ project }: Pick<DesiredState, 'project'>): string {
  return `Nothing to delete: project ${project} has no apps.`;
}

/** Names what is worth asking about, and only that. */
export function formatQuestion(plan: Plan): string {
  const { delete: deletions, replace } = planSummary(plan);
  const parts = [
    ...(deletions > 0 ? [`deletes ${apps(deletions)}`] : []),
    ...(replace > 0 ? [`takes ${apps(replace)} down for a moment`] : []),
  ];
  return `This ${parts.join(' and ')}. Go on? [y/N] `;
}

export function formatOwnershipTaken({ project }: Plan, origin: Origin): string {
  return `Project ${project} now belongs to ${formatOrigin(origin)}.`;
}

function apps(count: number): string {
  return count === 1 ? '1 app' : `${count} apps`;
}
