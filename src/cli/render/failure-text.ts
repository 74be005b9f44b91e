import { stripVTControlCharacters } from 'node:util';
import type { Failure, WorkerFailure } from '../../domain/failure.ts';
import { printable } from '../../reconcile/printable.ts';
import { unreachable } from '../../util/unreachable.ts';
import { bootAdvice, bootHeadline } from './boot-failure-text.ts';
import { daemonAdvice, daemonHeadline, isDaemonFailure } from './daemon-failure-text.ts';
import { exitCauseText } from './exit-cause-text.ts';
import { formatDuration } from './duration-text.ts';
import { hostAdvice, hostHeadline, isHostFailure } from './host-text.ts';
import { restoredAdvice, revisionAdvice, revisionHeadline, rolloutText } from './revision-text.ts';
import { isLockFailure, lockAdvice, lockHeadline } from './lock-text.ts';
import { isSavedPlanFailure, savedPlanAdvice, savedPlanHeadline } from './saved-plan-text.ts';
import { quoted } from './quoted.ts';
import { refusalAdvice, refusalHeadline } from './refusal-text.ts';

/** What workers that failed alike have in common. */
export interface WorkerReport {
  readonly title: string;
  /** What they wrote last. */
  readonly lines: readonly string[];
}

/** All there is to say: what went wrong, what is true now and what to type next. Several lines, without a line end. */
export function formatFailure(failure: Failure, formatReport = formatWorkerReport): string {
  const headline = failureHeadline(failure);
  const advice = adviceOn(failure).map((line) => `  ${printable(line)}`);
  if (failure.reason !== 'rollout-failed' && failure.reason !== 'task-failed') return [headline, ...advice].join('\n');
  // The headline goes last: it is what remains on the screen beneath a long output.
  return [...workerReports(failure.workers).map(formatReport), ...advice, headline].join('\n');
}

/** One line. */
export function failureHeadline(failure: Failure): string {
  return printable(headlineOf(failure));
}

function headlineOf(failure: Failure): string {
  if (isDaemonFailure(failure)) return daemonHeadline(failure);
  if (isHostFailure(failure)) return hostHeadline(failure);
  if (isLockFailure(failure)) return lockHeadline(failure);
  if (isSavedPlanFailure(failure)) return savedPlanHeadline(failure);
  switch (failure.reason) {
    case 'config-invalid':
    case 'owned-by-another-origin':
    case 'empty-desired-state':
    case 'watched-already':
      return refusalHeadline(failure);
    case 'boot-not-arranged':
      return bootHeadline(failure.because);
    case 'rollout-failed':
      return `${failure.app}: rollout failed, ${rolloutText(failure)}`;
    case 'task-failed':
      return `${failure.app}: task failed, ${causesOf(failure.workers)}`;
    case 'timed-out':
      return `${failure.app}: not done after ${formatDuration(failure.timeout)}; the daemon goes on with what it began`;
    case 'superseded':
      return `${failure.app}: a later request took over; the app becomes what that one asked for`;
    case 'skipped':
      return `${failure.app}: not begun, because ${failure.need} did not succeed`;
    case 'interrupted':
      return `interrupted by ${failure.signal}; the daemon finishes what it began, nothing else is begun`;
    case 'no-such-app':
    case 'ambiguous-target':
      return targetHeadline(failure);
    case 'no-such-revision':
    case 'only-code-differs':
      return revisionHeadline(failure);
    default:
      return unreachable(failure);
  }
}

function adviceOn(failure: Failure): readonly string[] {
  if (isDaemonFailure(failure)) return daemonAdvice(failure);
  if (isHostFailure(failure)) return hostAdvice(failure);
  if (isLockFailure(failure)) return lockAdvice(failure);
  if (isSavedPlanFailure(failure)) return savedPlanAdvice(failure);
  switch (failure.reason) {
    case 'config-invalid':
    case 'owned-by-another-origin':
    case 'empty-desired-state':
    case 'watched-already':
      return refusalAdvice(failure);
    case 'boot-not-arranged':
      return bootAdvice(failure.because);
    case 'rollout-failed':
      return [...restoredAdvice(failure), `More of its output: eco logs ${quoted(failure.app)}`];
    case 'task-failed':
      return [`More of its output: eco logs ${quoted(failure.app)}`];
    case 'timed-out':
      return [`See how far it is: eco describe ${quoted(failure.app)}`, 'Wait for longer: eco apply --timeout 30m'];
    case 'superseded':
      return [`See what it is now: eco describe ${quoted(failure.app)}`];
    case 'skipped':
      return [`Once ${failure.need} is mended: eco apply`];
    case 'interrupted':
      return ['Go on from where it is: eco apply'];
    case 'no-such-app':
    case 'ambiguous-target':
      return [targetAdvice(failure)];
    case 'no-such-revision':
    case 'only-code-differs':
      return revisionAdvice(failure);
    default:
      return unreachable(failure);
  }
}

type WrongTarget = Extract<Failure, { reason: 'no-such-app' | 'ambiguous-target' }>;

function targetHeadline(failure: WrongTarget): string {
  const target = JSON.stringify(failure.target);
  return failure.reason === 'no-such-app'
    ? `there is no app ${target}${suggestion(failure.didYouMean)}`
    : `${target} is in several projects: ${failure.projects.join(', ')}; nothing was changed`;
}

function targetAdvice(failure: WrongTarget): string {
  return failure.reason === 'no-such-app'
    ? 'See the names: eco list'
    : `Say which: --project ${quoted(failure.projects[0] ?? 'NAME')}`;
}

export function formatWorkerReport({ title, lines }: WorkerReport): string {
  return [title, ...lines.map((line) => `    ${line}`)].join('\n');
}

/** Workers that failed alike, as those of one app do most often, share a report. */
export function workerReports(workers: readonly WorkerFailure[]): readonly WorkerReport[] {
  const reports = new Map<string, readonly WorkerFailure[]>();
  for (const worker of workers) {
    const key = JSON.stringify([worker.cause, worker.lastLines]);
    reports.set(key, [...(reports.get(key) ?? []), worker]);
  }
  return [...reports.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const names = alike.map(({ worker }) => printable(worker)).join(', ');
    const lines = first.lastLines.map(outputLine);
    const title = `${names}: ${exitCauseText(first.cause)}`;
    return [{ title, lines: lines.length === 0 ? ['(it wrote nothing)'] : lines }];
  });
}

/** What a worker wrote, without its colours and whatever else would steer the terminal. */
function outputLine(line: string): string {
  return printable(stripVTControlCharacters(line).replaceAll('\t', '  '));
}

function causesOf(workers: readonly WorkerFailure[]): string {
  const causes = [...new Set(workers.map(({ cause }) => exitCauseText(cause)))];
  return causes.length === 0 ? 'nobody knows why' : causes.join(', ');
}

function suggestion(name: string | null): string {
  return name === null ? '' : `; did you mean ${JSON.stringify(name)}?`;
}
