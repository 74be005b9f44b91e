import type { Plan } from '../../domain/plan.ts';
import type { Clock } from '../../platform/clock.ts';
import { footer, noChanges } from '../../reconcile/format-plan.ts';
import type { WorkerReport } from '../render/failure-text.ts';
import { formatSection } from '../render/gitlab-text.ts';

export interface Sections {
  readonly plan: (plan: Plan, content: string) => string;
  readonly workerReport: (report: WorkerReport) => string;
}

/** The log of a GitLab job folds what is long: the plan until somebody wants it, and open, so as to be seen, why something failed. */
export function sections(clock: Pick<Clock, 'wallTime'>): Sections {
  let count = 0;
  const section = (what: string, rest: { title: string; collapsed: boolean; content: string }): string => {
    count += 1;
    const now = clock.wallTime();
    // One job may run eco several times.
    return formatSection({ name: `eco_${what}_${now}_${count}`, ...rest }, now);
  };
  return {
    plan: (plan, content) => {
      const title = plan.steps.length === 0 ? noChanges(plan) : footer(plan);
      return section('plan', { title, collapsed: plan.steps.length > 0, content });
    },
    workerReport: ({ title, lines }) =>
      section('output', { title, collapsed: false, content: lines.map((line) => `    ${line}`).join('\n') }),
  };
}
