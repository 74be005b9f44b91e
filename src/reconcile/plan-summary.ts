import type { Action, Plan } from '../domain/plan.ts';

/** How many apps a plan does what to. */
export type PlanSummary = Readonly<Record<PlannedAction | 'unchanged', number>>;

/** Nothing in a file asks for an app that is kept and stopped. */
export type PlannedAction = Exclude<Action['type'], 'stop'>;

export const PLANNED_ACTIONS = [
  'start',
  'reload',
  'scale',
  'replace',
  'delete',
  'update',
] as const satisfies readonly PlannedAction[];

/** Something is not as the last apply left it, and the file asks for nothing else than that apply did. */
export function isOnlyDrift({ drift, steps }: Plan): boolean {
  return drift.length + steps.length > 0 && steps.every(({ fromFile }) => !fromFile);
}

export function planSummary(plan: Plan): PlanSummary {
  const count = (type: PlannedAction) => plan.steps.filter(({ action }) => action.type === type).length;
  return {
    start: count('start'),
    reload: count('reload'),
    scale: count('scale'),
    replace: count('replace'),
    delete: count('delete'),
    update: count('update'),
    unchanged: plan.unchanged,
  };
}
