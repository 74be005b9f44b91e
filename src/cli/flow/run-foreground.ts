import type { Failure } from '../../domain/failure.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { ExitCause } from '../../domain/worker-state.ts';
import { executePlan } from '../../execute/execute-plan.ts';
import { sharedAbortController } from '../../platform/abort.ts';
import { signalNumber } from '../../platform/signal-number.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { CliContext } from '../context.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import type { RunRenderer } from '../render/run-text.ts';
import { fail } from './fail.ts';
import { inForeground, type ForegroundSession, type ForegroundWork, type Interrupted } from './in-foreground.ts';
import { inProcess } from './in-process.ts';

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
  | { readonly type: 'not-started'; readonly failure: Failure };

/** All steps at once: only a few programs start at a time anyway. */
const CONCURRENCY = 256;

/** Answers the exit code once nothing of the apps is left. */
export async function runForeground(context: CliContext, { plan, grace, renderer }: ForegroundRun): Promise<number> {
  const done = await inForeground(context, { grace, renderer, hangUp: false }, (session) =>
    runToRest(context, { ...session, plan, renderer }),
  );
  return done.ok ? exitCodeOfRun(done.value) : fail(context, done.error);
}

interface Run extends ForegroundSession, Pick<ForegroundRun, 'plan' | 'renderer'> {}

function runToRest(context: CliContext, run: Run): ForegroundWork<End> {
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
  const report = await executePlan(plan, inProcess(foreground, { project: plan.project, by: await context.actor() }), {
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

function exitCodeOfRun(end: End | Interrupted): number {
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
