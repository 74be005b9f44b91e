import type { Action, Plan } from '../../domain/plan.ts';
import type { ExecutionReport, StepOutcome } from '../../execute/execute-plan.ts';
import { failureHeadline, formatFailure, formatWorkerReport } from './failure-text.ts';

/** Every failure in full, apart from what was skipped because of another: empty if all went well. */
export function formatFailures(report: ExecutionReport, formatReport = formatWorkerReport): string {
  const failures = report.outcomes.flatMap((outcome) => (outcome.status === 'failed' ? [outcome.failure] : []));
  const skipped = report.outcomes.flatMap((outcome) => (outcome.status === 'skipped' ? [outcome.failure] : []));
  // An interruption is the same for all the steps that it kept from beginning.
  const reasons = [...new Set(skipped.map(failureHeadline))];
  const texts = failures.map((failure) => formatFailure(failure, formatReport));
  return [...new Set(texts), ...(reasons.length > 0 ? [reasons.join('\n')] : [])].join('\n\n');
}

/** The last line of an apply: `Applied: 1 started, 2 reloaded · 6 unchanged`. */
export function formatSummary(plan: Plan, report: ExecutionReport): string {
  const failed = report.outcomes.filter(({ status }) => status === 'failed').length;
  const skipped = report.outcomes.filter(({ status }) => status === 'skipped').length;
  const parts = [
    ...PAST.map(([type, verb]) => ({ number: succeeded(report.outcomes, type), verb })),
    { number: failed, verb: 'failed' },
    { number: skipped, verb: 'skipped' },
  ]
    .filter(({ number }) => number > 0)
    .map(({ number, verb }) => `${number} ${verb}`);
  const unchanged = plan.unchanged > 0 ? ` · ${plan.unchanged} unchanged` : '';
  return `${failed + skipped > 0 ? 'Not all applied' : 'Applied'}: ${parts.join(', ')}${unchanged}`;
}

const PAST = [
  ['start', 'started'],
  ['reload', 'reloaded'],
  ['scale', 'scaled'],
  ['replace', 'replaced'],
  ['delete', 'deleted'],
  ['update', 'updated'],
  ['stop', 'stopped'],
] as const satisfies readonly (readonly [Action['type'], string])[];

function succeeded(outcomes: readonly StepOutcome[], type: Action['type']): number {
  return outcomes.filter(({ status, step }) => status === 'succeeded' && step.action.type === type).length;
}
