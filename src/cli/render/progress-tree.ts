import type { ListrDefaultRendererLogLevels, ListrTask, ProcessOutput } from 'listr2';
import type { Plan, Step } from '../../domain/plan.ts';
import type { ExecutionEvent } from '../../execute/execute-plan.ts';
import { printable } from '../../reconcile/printable.ts';
import { deferred, type Deferred } from '../../util/deferred.ts';
import { unreachable } from '../../util/unreachable.ts';
import { formatDuration } from './duration-text.ts';
import { failureHeadline } from './failure-text.ts';
import type { ProgressRenderer, Write } from './progress.ts';
import { doneText, stepTitle, workersText } from './step-text.ts';

export interface TreeOptions {
  readonly write: Write;
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/** For terminals: a line per step that turns from waiting to done, with its workers beneath while it is under way. */
export async function treeProgress(plan: Plan, options: TreeOptions): Promise<ProgressRenderer> {
  const listr = await import('listr2');
  const lines = new Map(plan.steps.map((step) => [step.id, createLine(step)]));
  const processOutput = new listr.ProcessOutput(...outputs(options));
  const tree = new listr.Listr([...lines.values()].map(taskOf), {
    concurrent: true,
    exitOnError: false,
    collectErrors: false,
    // The caller has judged the terminal, and does the interrupting.
    forceTTY: true,
    registerSignalListeners: false,
    rendererOptions: {
      logger: new listr.ListrLogger<ListrDefaultRendererLogLevels>({ useIcons: true, processOutput }),
      collapseSubtasks: false,
      ...(options.colour ? {} : { color: withoutColours(Object.values(listr.ListrDefaultRendererLogLevels)) }),
      timer: {
        condition: (duration = 0) => duration >= 1000,
        field: (duration = 0) => formatDuration(duration),
        format: () => asItIs,
      },
    },
  });
  const done = tree.run();
  return {
    onEvent: (event) => showEvent(event, lines),
    finish: async () => {
      for (const { end } of lines.values()) end.resolve({ type: 'done', text: null });
      await done;
    },
  };
}

type End =
  | { readonly type: 'done'; readonly text: string | null }
  | { readonly type: 'failed' | 'skipped'; readonly text: string };

interface Line {
  readonly step: Step;
  readonly end: Deferred<End>;
  /** Set once the tree has begun to draw the line. */
  show: ((part: 'title' | 'output', text: string) => void) | null;
}

function createLine(step: Step): Line {
  return { step, end: deferred<End>(), show: null };
}

function taskOf(line: Line): ListrTask {
  const { step, end } = line;
  const waits = step.needs.length === 0 ? '' : ` (after ${step.needs.map((need) => need.step).join(' and ')})`;
  return {
    title: printable(`${step.app}: ${stepTitle(step.action)}${waits}`),
    task: async (_, task) => {
      line.show = (part, text) => {
        task[part] = text;
      };
      const ended = await end.promise;
      if (ended.type === 'skipped') return task.skip(ended.text);
      if (ended.type === 'failed') throw new Error(ended.text);
      if (ended.text !== null) task.title = ended.text;
    },
  };
}

function showEvent(event: ExecutionEvent, lines: ReadonlyMap<string, Line>): void {
  const line = lines.get(event.step.id);
  if (line === undefined) return;
  const { app, action } = event.step;
  switch (event.type) {
    case 'step_started':
      line.show?.('title', printable(`${app}: ${stepTitle(action)}`));
      break;
    case 'step_progress':
      line.show?.('output', workersText(event.progress.workers));
      break;
    case 'step_succeeded':
      line.end.resolve({ type: 'done', text: printable(`${app}: ${doneText(action, event.serving)}`) });
      break;
    case 'step_failed':
      line.end.resolve({ type: 'failed', text: failureHeadline(event.failure) });
      break;
    case 'step_skipped':
      line.end.resolve({ type: 'skipped', text: failureHeadline(event.failure) });
      break;
    default:
      unreachable(event);
  }
}

/** As much of a terminal's stream as listr2 and its `log-update` use. */
function outputs({ write, columns, rows }: TreeOptions): ConstructorParameters<typeof ProcessOutput> {
  const stream = {
    columns,
    rows,
    isTTY: true,
    write: (text: string) => {
      write(text);
      return true;
    },
  };
  return [stream as unknown as NodeJS.WriteStream, stream as unknown as NodeJS.WriteStream];
}

function withoutColours(levels: readonly ListrDefaultRendererLogLevels[]) {
  return Object.fromEntries(levels.map((level) => [level, asItIs]));
}

function asItIs(text?: string): string {
  return text ?? '';
}
