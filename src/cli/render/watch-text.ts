import { relative } from 'node:path';
import type { RecordedEvent } from '../../domain/event.ts';
import type { Failure } from '../../domain/failure.ts';
import { parseWorkerId, type AppName } from '../../domain/names.ts';
import { appStatus, type ObservedApp } from '../../domain/observed-state.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import type { ExecutionEvent } from '../../execute/execute-plan.ts';
import type { LogLine } from '../../protocol/control.ts';
import { formatStep } from '../../reconcile/format-plan.ts';
import { printable } from '../../reconcile/printable.ts';
import { BRAKE } from '../../supervise/restart-brake.ts';
import { paint, type Colour } from './colours.ts';
import { renderFailure, type Console } from './console.ts';
import { formatDuration } from './duration-text.ts';
import { exitCauseText } from './exit-cause-text.ts';
import { failureHeadline } from './failure-text.ts';
import { planDocument } from '../../reconcile/plan-document.ts';
import { runRenderer, type RunLabels, type RunRenderer } from './run-text.ts';
import { formatTable } from './table.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';

/** What `eco watch` says: the output of the apps, and between it, on stderr, what it does and why. */
export interface WatchRenderer extends Pick<
  RunRenderer,
  'line' | 'event' | 'logProblem' | 'execution' | 'diagnostics' | 'notices' | 'stopping' | 'killing'
> {
  readonly plan: (plan: Plan) => void;
  /** Why changed files restart an app, in words. */
  readonly causeOf: (files: readonly string[]) => string;
  readonly watching: (apps: readonly AppName[]) => void;
  readonly unchanged: (file: string) => void;
  /** The file cannot be used as it is; what runs goes on. */
  readonly invalid: (failure: Failure) => void;
  readonly failure: (failure: Failure) => Promise<void>;
  readonly suspended: (app: AppName, files: readonly string[]) => void;
  readonly paused: (paused: boolean) => void;
  /** Not everything can be watched. */
  readonly watchProblem: (problem: string) => void;
  readonly status: (apps: readonly ObservedApp[]) => void;
  readonly help: () => void;
  readonly clear: () => void;
  /** Shows the output of one app, then that of the next, then that of all again. */
  readonly nextFilter: (apps: readonly AppName[]) => void;
}

export interface WatchOptions {
  readonly labels: RunLabels;
  /** What the apps write is shown. */
  readonly logs: boolean;
  /** Keys do something. */
  readonly keys: boolean;
}

const NO_APPS_TO_WATCH = 'The file has no apps yet.';

/** Of what an app wrote without being shown, so much is shown if it crashes. */
const LAST_LINES = 20;
const CLEAR_SCREEN = '\u001B[2J\u001B[3J\u001B[H';

export function watchRenderer(console: Console, { labels, logs, keys }: WatchOptions): WatchRenderer {
  const run = runRenderer(console, labels);
  const output = shownOutput(run.line, logs);
  if (console.json) return jsonRenderer(console, run, output);
  const colours = paint(console.colour);
  const say = (text: string, colour: Colour = 'cyan'): void => {
    if (!console.quiet) console.err(`${colours(colour, '▸')} ${colour === 'cyan' ? text : colours(colour, text)}\n`);
  };
  // What stops the work shows with --quiet, too.
  const shout = (text: string): void => console.err(`${colours('red', `▸ ${text}`)}\n`);
  const causeOf = (files: readonly string[]): string => causeText(files, console.cwd);
  return {
    ...run,
    line: output.line,
    event: eventTeller({ say, shout, output }),
    execution: (event) => tellStep(event, shout),
    plan: ({ steps }) => steps.forEach((step) => say(planLine(step))),
    causeOf,
    watching: (apps) => say(watchingText(apps, keys)),
    unchanged: (file) => say(`${relative(console.cwd, file)}: no changes`),
    invalid: (failure) => {
      // Diagnostics come in an order of their own, then what follows from them.
      void renderFailure(console, failure).then(() => shout('everything runs on as it was, until the file is mended'));
    },
    failure: (failure) => renderFailure(console, failure),
    suspended: (app, files) => shout(suspendedText(app, causeOf(files), keys)),
    paused: (paused) => say(paused ? 'watching is paused: p goes on' : 'watching goes on'),
    watchProblem: (problem) => shout(watchProblemText(problem)),
    status: (apps) => statusLines(apps).forEach((line) => console.err(`${line}\n`)),
    help: () => HELP.forEach((line) => console.err(`${line}\n`)),
    clear: () => console.out(CLEAR_SCREEN),
    nextFilter: (apps) => say(filterText(output.nextFilter(apps))),
  };
}

interface Output {
  readonly line: (line: LogLine) => void;
  /** The last lines of a worker that were not shown, shown now. */
  readonly showHidden: (worker: string) => void;
  /** Another process takes the worker's place. */
  readonly forgetHidden: (worker: string) => void;
  readonly nextFilter: (apps: readonly AppName[]) => AppName | null;
}

function shownOutput(show: (line: LogLine) => void, logs: boolean): Output {
  let only: AppName | null = null;
  const hidden = new Map<string, LogLine[]>();
  const keyOf = ({ app, instance }: Pick<LogLine, 'app' | 'instance'>): string => `${app}:${instance}`;
  return {
    line: (line) => {
      if (logs && (only === null || only === line.app)) return show(line);
      hidden.set(keyOf(line), [...(hidden.get(keyOf(line)) ?? []).slice(1 - LAST_LINES), line]);
    },
    showHidden: (worker) => {
      for (const line of hidden.get(worker) ?? []) show(line);
      hidden.delete(worker);
    },
    forgetHidden: (worker) => void hidden.delete(worker),
    nextFilter: (apps) => {
      const at = only === null ? -1 : apps.indexOf(only);
      only = apps[at + 1] ?? null;
      return only;
    },
  };
}

interface Teller {
  readonly say: (text: string, colour?: Colour) => void;
  readonly shout: (text: string) => void;
  readonly output: Output;
}

function eventTeller({ say, shout, output }: Teller): WatchRenderer['event'] {
  const startedAt = new Map<string, number>();
  return (event) => {
    if (event.type === 'worker-started') {
      startedAt.set(event.worker, event.at);
      output.forgetHidden(hiddenKey(event.worker));
    }
    if (event.type === 'worker-ready') {
      const took = event.at - (startedAt.get(event.worker) ?? event.at);
      say(`${labelOf(event.worker)} is ready after ${formatDuration(took)}`, 'green');
    }
    if (event.type === 'worker-exited') {
      startedAt.delete(event.worker);
      if (!event.expected) tellExit(event, { say, shout, output });
    }
  };
}

function tellExit({ worker, cause }: Extract<RecordedEvent, { type: 'worker-exited' }>, teller: Teller): void {
  const label = labelOf(worker);
  if (cause.type === 'exit-code' && cause.code === 0) return teller.say(`${label} has come to its end`);
  teller.output.showHidden(hiddenKey(worker));
  teller.shout(`${label} crashed: ${exitCauseText(cause)}; it starts again once its files change`);
}

/** The end of a process has been told as an event. */
function tellStep(event: ExecutionEvent, shout: (text: string) => void): void {
  if (event.type !== 'step_failed' && event.type !== 'step_skipped') return;
  const { failure } = event;
  if (failure.reason === 'interrupted' || failure.reason === 'superseded') return;
  const causes = 'workers' in failure ? failure.workers.map(({ cause }) => cause.type) : [];
  const told = causes.length > 0 && causes.every((type) => ENDS.includes(type));
  if (!told) shout(failureHeadline(failure));
}

const ENDS: readonly string[] = ['exit-code', 'signal', 'spawn-error'];

function planLine(step: Step): string {
  const { action, cause, app } = step;
  return action.type === 'replace' && action.because === cause
    ? `${printable(app)} restarts: ${cause}`
    : formatStep(step);
}

/** By app and instance: its id changes with each start. */
function hiddenKey(worker: string): string {
  const { app = '', instance = 0 } = parseWorkerId(worker) ?? {};
  return `${app}:${instance}`;
}

function labelOf(worker: string): string {
  const parsed = parseWorkerId(worker);
  return printable(parsed === null ? worker : parsed.instance === 0 ? parsed.app : `${parsed.app}:${parsed.instance}`);
}

/** `src/server.js changed`, `src/a.js and 3 more files changed` */
function causeText([first = '', ...others]: readonly string[], cwd: string): string {
  const more = others.length === 0 ? '' : ` and ${others.length} more ${others.length === 1 ? 'file' : 'files'}`;
  return printable(`${relative(cwd, first)}${more} changed`);
}

function watchingText(apps: readonly AppName[], keys: boolean): string {
  if (apps.length === 0) return NO_APPS_TO_WATCH;
  return `watching ${apps.map(printable).join(', ')}${keys ? ' (? shows the keys, q quits)' : ''}`;
}

function suspendedText(app: AppName, cause: string, keys: boolean): string {
  const { restarts, within } = BRAKE;
  const goOn = keys ? 'r restarts it and goes on' : 'a change of the ecosystem file goes on';
  return `${printable(app)}: ${restarts} restarts in ${formatDuration(within)}, the last because ${cause}: it is no longer watched. If it writes that file itself, name it in ignore_watch; ${goOn}.`;
}

function watchProblemText(problem: string): string {
  const hint = /ENOSPC|EMFILE/.test(problem) ? ': raise fs.inotify.max_user_watches, or narrow "watch"' : '';
  return `not everything can be watched (${printable(problem)})${hint}`;
}

function filterText(app: AppName | null): string {
  return app === null ? 'the output of all apps' : `only the output of ${printable(app)} (l shows the next)`;
}

function statusLines(apps: readonly ObservedApp[]): readonly string[] {
  const rows = apps.map((app, index) => [
    index < 9 ? `${index + 1}` : '',
    printable(app.name),
    appStatus(app),
    app.workers.flatMap(({ pid }) => pid ?? []).join(' '),
    [...new Set(app.workers.flatMap(({ listening }) => listening))].join(' '),
    app.workers.flatMap(({ uptime }) => (uptime === null ? [] : [formatDuration(uptime)]))[0] ?? '',
  ]);
  return formatTable([['key', 'name', 'status', 'pid', 'listens on', 'uptime'], ...rows], [0]);
}

const HELP = formatTable([
  ['r', 'restart all apps'],
  ['1–9', 'restart one app; i shows their numbers'],
  ['p', 'pause watching, and go on'],
  ['l', 'show the output of one app, of the next, of all'],
  ['i', 'status of the apps'],
  ['c', 'clear the screen'],
  ['q', 'stop all apps and quit; Ctrl-C does the same, and a second one kills'],
]);

/** One object a line with a `type`, on stderr; what the apps write is on stdout. */
function jsonRenderer(console: Console, run: RunRenderer, output: Output): WatchRenderer {
  const tell = (type: string, content: object = {}): void => console.err(`${JSON.stringify({ type, ...content })}\n`);
  return {
    ...run,
    line: output.line,
    plan: (plan) => tell('plan', planDocument(plan)),
    causeOf: (files) => causeText(files, console.cwd),
    watching: (apps) => tell('watching', { apps }),
    unchanged: (file) => tell('unchanged', { file }),
    invalid: (failure) => {
      if (failure.reason === 'config-invalid') void run.diagnostics(failure.diagnostics);
      tell('invalid', { reason: failure.reason });
    },
    failure: async (failure) => tell('failure', { failure: withSnakeCaseKeys(failure) }),
    suspended: (app, files) => tell('suspended', { app, files }),
    paused: (paused) => tell(paused ? 'paused' : 'resumed'),
    watchProblem: (problem) => tell('watch-problem', { problem }),
    status: () => {},
    help: () => {},
    clear: () => {},
    nextFilter: () => {},
  };
}
