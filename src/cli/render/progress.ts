import type { Step } from '../../domain/plan.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { WorkerProgressLine } from '../../execute/cluster-control.ts';
import type { ExecutionEvent } from '../../execute/execute-plan.ts';
import { printable } from '../../reconcile/printable.ts';
import { unreachable } from '../../util/unreachable.ts';
import { formatDuration } from './duration-text.ts';
import { failureHeadline } from './failure-text.ts';
import { doneText, stepTitle, workersText } from './step-text.ts';

/** Shows an execution while it happens. */
export interface ProgressRenderer {
  readonly onEvent: (event: ExecutionEvent) => void;
  /** Called once after the last event; resolved when the screen is free for others. */
  readonly finish: () => Promise<void>;
}

export type Write = (text: string) => void;

/** One line when a step begins and one when it ends: for logs of CI jobs and for pipes. */
export function plainProgress(write: Write): ProgressRenderer {
  return {
    onEvent: (event) => {
      const line = plainLine(event);
      if (line !== null) write(`${line}\n`);
    },
    finish: async () => {},
  };
}

function plainLine(event: ExecutionEvent): string | null {
  switch (event.type) {
    case 'step_started':
      return `${printable(event.step.app)}: ${stepTitle(event.step.action)} …`;
    case 'step_succeeded':
      return `${printable(event.step.app)}: ${doneText(event.step.action, event.serving)}`;
    case 'step_failed':
    case 'step_skipped':
      return lineOf(event.step.app, failureHeadline(event.failure));
    case 'step_progress':
      return null;
    default:
      return unreachable(event);
  }
}

/** Most headlines begin with the app already. */
function lineOf(app: string, headline: string): string {
  const prefix = `${printable(app)}: `;
  return headline.startsWith(prefix) ? headline : `${prefix}${headline}`;
}

/** Of the steps that take long; with hundreds of them the first few say enough. */
const MOST_REMINDERS = 5;

export interface SlowStep {
  readonly step: Step;
  readonly took: Milliseconds;
  readonly workers: readonly WorkerProgressLine[];
}

/** A line for each: `api: reload 2 workers … 20s: 0 starting · old: 0 ready, 1 ready`. */
export function formatSlowSteps(steps: readonly SlowStep[]): string {
  const lines = steps.slice(0, MOST_REMINDERS).map(({ step, took, workers }) => {
    const how = workersText(workers);
    return `${printable(step.app)}: ${stepTitle(step.action)} … ${formatDuration(took)}${how === '' ? '' : `: ${how}`}`;
  });
  const more = steps.length - lines.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}
