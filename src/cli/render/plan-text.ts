import type { Plan } from '../../domain/plan.ts';
import { planLines, type PlanLine } from '../../reconcile/format-plan.ts';
import { paint, type Colour } from './colours.ts';

/** `formatPlan` in colour: the same text, so that what people quote is what tests compare. */
export function renderPlan(plan: Plan, options: { readonly colour: boolean }): string {
  return renderLines(planLines(plan), options);
}

export function renderLines(lines: readonly PlanLine[], { colour }: { readonly colour: boolean }): string {
  const colours = paint(colour);
  return lines
    .map(({ kind, text }) => {
      const name = COLOURS[kind];
      return name === null ? text : colours(name, text);
    })
    .join('\n');
}

const COLOURS: Readonly<Record<PlanLine['kind'], Colour | null>> = {
  header: 'bold',
  section: 'bold',
  notice: 'yellow',
  drift: 'cyan',
  start: 'green',
  change: 'yellow',
  replace: 'red',
  delete: 'red',
  field: 'dim',
  note: null,
  blank: null,
};
