import type { Failure } from '../../domain/failure.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { ExitCause } from '../../domain/worker-state.ts';
import type { ClusterControl } from '../../execute/cluster-control.ts';
import { executePlan } from '../../execute/execute-plan.ts';
import { sharedAbortController } from '../../platform/abort.ts';
import type { Timer } from '../../platform/clock.ts';
import type { InterruptSignal } from '../../platform/interrupt.ts';
import { signalNumber } from '../../platform/signal-number.ts';
import type { Foreground } from '../../supervise/foreground.ts';
import { deferred } from '../../util/deferred.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { CliContext } from '../context.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import type { RunRenderer } from '../render/run-text.ts';
import { fail } from './fail.ts';

export interface ForegroundRun {
  readonly plan: Plan;
  /** From the first signal until what still runs is killed. */
  readonly grace: Milliseconds;
  readonly renderer: RunRenderer;
}

/** How a run came to its end; what is left of the apps is still to be stopped. */
type End =
  /** No app has anything left to do. */
  | { readonly type: 'at-rest'; readonly cause: ExitCause | null }
  | { readonly type: 'not-started'; readonly failure: Failure }
  | { readonly type: 'interrupted'; readonly signal: InterruptSignal };

/** All steps at once: only a few programs start at a time anyway. */
const CONCURRENCY = 256;
/** What is being started when all is killed has no process yet. */
const KILL_INTERVAL: Milliseconds = 100;

/** Answers the exit code once nothing of the apps is left. */
export async function runForeground(context: CliContext, { plan, grace, renderer }: ForegroundRun): Promise<number> {
  const changes = { notice: (): void => {} };
  const { line: onLine, event: onEvent, logProblem: onLogProblem } = renderer;
  const onChange = (): void => changes.notice();
  const opened = await context.foreground({ onLine, onEvent, onLogProblem, onChange });
  if (!opened.ok) return fail(context, opened.error);
  const foreground = opened.value;
  const interruption = deferred<End>();
  const killer = repeatedly(context, () => foreground.kill());
  const ignore = context.onInterrupt((signal, count) => {
    if (count === 1) {
      renderer.stopping(signal, grace);
      return interruption.resolve({ type: 'interrupted', signal });
    }
    renderer.killing();
    killer.start(0);
  });
  try {
    const run = runToRest(context, { plan, renderer, foreground, changes });
    const end = await Promise.race([run.end, interruption.promise]);
    run.abandon();
    killer.start(grace);
    await foreground.stop();
    return exitCodeOfRun(end);
  } finally {
    ignore();
    killer.cancel();
    foreground.close();
  }
}

interface Run extends Pick<ForegroundRun, 'plan' | 'renderer'> {
  readonly foreground: Foreground;
  /** Called after anything that happened to a worker. */
  readonly changes: { notice: () => void };
}

function runToRest(context: CliContext, run: Run): { readonly end: Promise<End>; readonly abandon: () => void } {
  const stop = sharedAbortController();
  return {
    end: startAll(context, run, stop.signal).then((failure) =>
      failure === null ? untilAtRest(run) : { type: 'not-started', failure },
    ),
    abandon: () => stop.abort('SIGINT'),
  };
}

/** In the order of the dependencies. Answers the first failure, or null. */
async function startAll(
  context: CliContext,
  { plan, renderer, foreground }: Run,
  signal: AbortSignal,
): Promise<Failure | null> {
  let first: Failure | null = null;
  const report = await executePlan(plan, inProcess(foreground, { plan, by: await context.actor() }), {
    concurrency: CONCURRENCY,
    signal,
    abandon: signal,
    onEvent: (event) => {
      if (signal.aborted) return;
      if (event.type === 'step_failed') first ??= event.failure;
      renderer.execution(event);
    },
  });
  if (first !== null) renderer.failures(report);
  return first;
}

/** The supervisor in this process as the executor's port. */
function inProcess(
  foreground: Foreground,
  { plan: { project }, by }: { readonly plan: Plan; readonly by: Awaited<ReturnType<CliContext['actor']>> },
): ClusterControl {
  return {
    perform: ({ app, action }, { onProgress }) =>
      foreground.perform({ project, app, action, by, source: null }, (workers) => onProgress({ app, workers })),
  };
}

function untilAtRest({ foreground, changes }: Run): Promise<End> {
  return new Promise((resolve) => {
    let cause: ExitCause | null = null;
    changes.notice = (): void => {
      const apps = foreground.observe();
      cause ??= failureIn(apps);
      if (isAtRest(apps)) resolve({ type: 'at-rest', cause });
    };
    changes.notice();
  });
}

function repeatedly({ clock }: Pick<CliContext, 'clock'>, action: () => void) {
  let timer: Timer | null = null;
  const start = (after: Milliseconds): void => {
    timer?.cancel();
    timer = clock.after(after, () => {
      action();
      start(KILL_INTERVAL);
    });
  };
  return { start, cancel: (): void => timer?.cancel() };
}

function exitCodeOfRun(end: End): number {
  switch (end.type) {
    case 'interrupted':
      return end.signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    case 'at-rest':
      return end.cause === null ? EXIT.success : codeOf(end.cause) || EXIT.nothingServes;
    case 'not-started': {
      const [worker] = 'workers' in end.failure ? end.failure.workers : [];
      return (worker === undefined ? 0 : codeOf(worker.cause)) || exitCodeOf(end.failure);
    }
    default:
      return unreachable(end);
  }
}

/** As a shell has it; 0 where the process did not end by itself. */
function codeOf(cause: ExitCause): number {
  switch (cause.type) {
    case 'exit-code':
      return cause.code;
    case 'signal':
      return 128 + signalNumber(cause.signal);
    case 'spawn-error':
      return 127;
    case 'not-ready-in-time':
    case 'liveness-failed':
    case 'matched-fail-when':
    case 'over-memory':
    case 'unknown':
      return 0;
    default:
      return unreachable(cause);
  }
}

/** No app has anything left to do: every worker has ended, and none is to be started again. */
function isAtRest(apps: readonly ObservedApp[]): boolean {
  return apps.every(({ spec, workers }) => {
    return spec.schedule === null && workers.every(({ phase }) => phase === 'completed' || phase === 'failed');
  });
}

/** Why the first of the workers that are not started again has failed; null if none has. */
function failureIn(apps: readonly ObservedApp[]): ExitCause | null {
  const failed = apps.flatMap(({ workers }) => workers.filter(({ phase }) => phase === 'failed'));
  return failed[0]?.lastExit ?? null;
}
