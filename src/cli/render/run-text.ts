import type { RecordedEvent } from '../../domain/event.ts';
import type { Notice } from '../../domain/plan.ts';
import type { ExecutionEvent, ExecutionReport } from '../../execute/execute-plan.ts';
import { noticeText } from '../../reconcile/notice-text.ts';
import { printable } from '../../reconcile/printable.ts';
import type { LogLine } from '../../protocol/control.ts';
import { logProblemText, type LogProblem } from '../../supervise/log-problem.ts';
import { hint, renderDiagnostics, type Console } from './console.ts';
import { formatDuration } from './duration-text.ts';
import { eventDocument } from './event-text.ts';
import { exitCauseText } from './exit-cause-text.ts';
import { logLineFormatter } from './log-text.ts';
import { plainProgress } from './progress.ts';
import { jsonProgress } from './progress-json.ts';
import { formatFailures } from './report-text.ts';

export function formatUnreaped(node: string): string {
  return `Node ${node} cannot collect orphans as the first process of a container: take Node 22.15 or newer, or docker run --init`;
}

export const NO_APPS_TO_RUN = 'The file has no apps: there is nothing to run.';

/** What a foreground run says: the output of the apps, and beside it, on stderr, what becomes of them. */
export interface RunRenderer {
  readonly line: (line: LogLine) => void;
  readonly event: (event: RecordedEvent) => void;
  readonly logProblem: (path: string, problem: LogProblem) => void;
  readonly execution: (event: ExecutionEvent) => void;
  readonly failures: (report: ExecutionReport) => void;
  readonly diagnostics: (diagnostics: Parameters<typeof renderDiagnostics>[1]) => Promise<void>;
  readonly notices: (notices: readonly Notice[]) => void;
  /** For people: nothing is said of it in JSON. */
  readonly stopping: (signal: string, grace: number) => void;
  readonly killing: () => void;
}

export interface RunLabels {
  readonly project: string;
  /** Name and number of workers. */
  readonly apps: readonly { readonly name: string; readonly instances: number }[];
}

export function runRenderer(console: Console, { project, apps }: RunLabels): RunRenderer {
  const labels = apps.flatMap(({ name, instances }) =>
    Array.from({ length: instances }, (_, instance) => ({ project, app: name, instance })),
  );
  const format = logLineFormatter(labels, { colour: console.colour, form: console.json ? 'json' : 'prefixed' });
  const words = console.json ? jsonWords(console) : textWords(console);
  return {
    ...words,
    line: (line) => (line.stream === 'err' && !console.json ? console.err : console.out)(format(line)),
    stopping: (signal, grace) =>
      hint(console, `${signal}: the apps are told to stop, and killed after ${formatDuration(grace)}`),
    killing: () => hint(console, 'The apps are killed.'),
  };
}

type Words = Pick<RunRenderer, 'event' | 'logProblem' | 'execution' | 'failures' | 'diagnostics' | 'notices'>;

function textWords(console: Console): Words {
  const { onEvent } = plainProgress((text) => hint(console, text.trimEnd()));
  return {
    execution: onEvent,
    event: (event) => {
      if (event.type !== 'worker-exited' || event.expected || succeeded(event)) return;
      hint(console, `${printable(event.worker)}: ${exitCauseText(event.cause)}`);
    },
    logProblem: (path, problem) => hint(console, printable(logProblemText(path, problem))),
    failures: (report) => console.err(`\n${formatFailures(report)}\n`),
    diagnostics: async (diagnostics) => renderDiagnostics(console, diagnostics),
    notices: (notices) => notices.forEach((notice) => hint(console, `${printable(notice.app)}: ${noticeText(notice)}`)),
  };
}

/** One object a line with a `type`, as `eco apply --json` and the event log have them. */
function jsonWords(console: Console): Words {
  const json = jsonProgress(console.err);
  return {
    execution: json.onEvent,
    logProblem: (file, problem) =>
      console.err(`${JSON.stringify({ ...problem, type: 'log-problem', problem: problem.type, file })}\n`),
    event: (event) => console.err(`${JSON.stringify(eventDocument(event))}\n`),
    // Each has been told as an event.
    failures: () => {},
    diagnostics: async (diagnostics) => diagnostics.forEach(json.diagnostic),
    notices: (notices) => notices.forEach(json.notice),
  };
}

function succeeded({ cause }: Extract<RecordedEvent, { type: 'worker-exited' }>): boolean {
  return cause.type === 'exit-code' && cause.code === 0;
}
