import type { Failure } from '../../domain/failure.ts';
import type { Location } from '../../domain/diagnostic.ts';
import type { Plan } from '../../domain/plan.ts';
import type { ExecutionReport, StepOutcome } from '../../execute/execute-plan.ts';
import { fileName } from '../../reconcile/file-name.ts';
import { noChanges } from '../../reconcile/format-plan.ts';
import { clipped } from '../../reconcile/format-value.ts';
import { escaped, fenced, folded, LONGEST_MARKDOWN } from '../../reconcile/markdown.ts';
import { shortCommit } from './commit-text.ts';
import { formatDiagnostic } from './diagnostics.ts';
import { failureHeadline, formatFailure, formatWorkerReport, workerReports } from './failure-text.ts';
import type { Annotation } from './github-text.ts';
import { formatSummary } from './report-text.ts';
import { doneText } from './step-text.ts';

/** `location`: of the app in its file; null where it is not known. */
export function failureAnnotation(failure: Failure, location: Location | null): Annotation {
  const headline = failureHeadline(failure);
  const [report] = 'workers' in failure ? workerReports(failure.workers) : [];
  if (!('workers' in failure) || report === undefined) {
    return { severity: 'error', location, title: 'eco', message: headline };
  }
  // GitHub shows 4096 characters, and of the last 20 lines the first may be the cause.
  const lines = report.lines.map(clipped);
  return {
    severity: 'error',
    location,
    title: `eco: ${failure.app}`,
    message: `${headline}\n${formatWorkerReport({ ...report, lines })}`,
  };
}

export interface JobReport {
  /** Of eco. */
  readonly command: string;
  readonly plan: Plan;
  /** What was deployed; null outside a repository. */
  readonly commit: string | null;
}

/** What an apply did, for the summary of the job that ran it. */
export function applyMarkdown(job: JobReport, report: ExecutionReport): string {
  const rows = report.outcomes.map((outcome) => `| ${rowOf(outcome).map(escaped).join(' | ')} |`);
  const table = ['| app | | | revision |', '|---|---|---|---|', ...rows].join('\n');
  const fixed = [heading(job), table, `**${escaped(formatSummary(job.plan, report))}**`].join('\n\n');
  const failures = report.outcomes.flatMap((outcome) => (outcome.status === 'failed' ? [outcome.failure] : []));
  const details = failures.map((failure) =>
    folded(escaped(failureHeadline(failure)), fenced(formatFailure(failure).split('\n'), 'text')),
  );
  return details.reduce(
    (text, more) => (text.length + more.length > LONGEST_MARKDOWN ? text : `${text}\n\n${more}`),
    fixed,
  );
}

export function unchangedMarkdown(job: JobReport): string {
  return `${heading(job)}\n\n${escaped(noChanges(job.plan))}`;
}

/** Why a command ended before it began anything. */
export function failureMarkdown(command: string, failure: Failure, cwd: string): string {
  const text =
    failure.reason === 'config-invalid'
      ? failure.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { cwd })).join('\n\n')
      : formatFailure(failure);
  return `### eco ${command} failed\n\n${fenced(text.slice(0, LONGEST_MARKDOWN).split('\n'), 'text')}`;
}

function heading({ command, plan, commit }: JobReport): string {
  const of = commit === null ? '' : ` · commit ${shortCommit(commit)}`;
  return `### eco ${command}: ${escaped(plan.project)} · ${escaped(fileName(plan.file))}${escaped(of)}`;
}

function rowOf(outcome: StepOutcome): readonly string[] {
  const { app, action } = outcome.step;
  if (outcome.status === 'succeeded') {
    const revision = outcome.serving === null ? '' : `${outcome.serving.revision}`;
    return [app, 'done', doneText(action, outcome.serving), revision];
  }
  const { failure, status } = outcome;
  const serving = failure.reason === 'rollout-failed' ? failure.serving : null;
  return [
    app,
    status === 'failed' ? 'FAILED' : 'not begun',
    failureHeadline(failure),
    serving === null || serving.ready === 0 ? '' : `${serving.revision}`,
  ];
}
