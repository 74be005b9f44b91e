import type { Failure, Serving } from '../domain/failure.ts';
import type { AppName } from '../domain/names.ts';
import type { Plan, Step } from '../domain/plan.ts';
import { err, type Result } from '../domain/result.ts';
import type { Milliseconds } from '../domain/time.ts';
import type { ClusterControl, StepProgress, StepResult } from './cluster-control.ts';
import { createSlots } from '../util/slots.ts';

export interface ExecuteOptions {
  /** How many steps may be under way at once; at least 1. */
  readonly concurrency: number;
  /** Once aborted no new step begins, and those under way are waited for. Its `reason` is a `StopReason`. */
  readonly signal: AbortSignal;
  /** Once aborted nothing is waited for any more; the daemon finishes what it began. Its `reason` is a `StopReason`. */
  readonly abandon: AbortSignal;
  readonly onEvent: (event: ExecutionEvent) => void;
}

/** Why the caller wants to stop: what it passes to `AbortController.abort`. Anything else counts as SIGINT. */
export type StopReason = 'SIGINT' | 'SIGTERM' | { readonly timeout: Milliseconds };

/** Every step is started and then ends in one of three ways, or is skipped without having been started. */
export type ExecutionEvent =
  | { readonly type: 'step_started'; readonly step: Step }
  | { readonly type: 'step_progress'; readonly step: Step; readonly progress: StepProgress }
  | { readonly type: 'step_succeeded'; readonly step: Step; readonly serving: Serving | null }
  | { readonly type: 'step_failed'; readonly step: Step; readonly failure: Failure }
  | { readonly type: 'step_skipped'; readonly step: Step; readonly failure: Failure };

export type StepOutcome =
  | { readonly status: 'succeeded'; readonly step: Step; readonly serving: Serving | null }
  | { readonly status: 'failed' | 'skipped'; readonly step: Step; readonly failure: Failure };

export interface ExecutionReport {
  /** In the order of the plan. */
  readonly outcomes: readonly StepOutcome[];
}

/**
 * Carries out the steps of a plan, each once its needs have succeeded. A step whose need did not is skipped, and the
 * rest goes on.
 */
export async function executePlan(
  plan: Plan,
  control: ClusterControl,
  options: ExecuteOptions,
): Promise<ExecutionReport> {
  const slots = createSlots(options.concurrency);
  const runs = new Map<string, Promise<StepOutcome>>();
  for (const step of plan.steps) {
    const needs = step.needs.map((need) => runOf(runs, need.step));
    runs.set(step.id, runStep(step, { needs, slots, control, options }));
  }
  return { outcomes: await Promise.all(runs.values()) };
}

interface StepRun {
  readonly needs: readonly Promise<StepOutcome>[];
  readonly slots: ReturnType<typeof createSlots>;
  readonly control: ClusterControl;
  readonly options: ExecuteOptions;
}

function runOf(runs: ReadonlyMap<string, Promise<StepOutcome>>, id: string): Promise<StepOutcome> {
  const run = runs.get(id);
  if (run === undefined) throw new Error(`Bug in eco: a step needs ${id}, which does not come before it in the plan`);
  return run;
}

async function runStep(step: Step, { needs, slots, control, options }: StepRun): Promise<StepOutcome> {
  const missing = (await Promise.all(needs)).find(({ status }) => status !== 'succeeded');
  if (missing !== undefined) return skip(step, options, need(step, missing));
  await slots.take();
  try {
    const stopped = options.abandon.aborted ? options.abandon : options.signal;
    if (stopped.aborted) return skip(step, options, stopFailure(step.app, stopped));
    return await performStep(step, control, options);
  } finally {
    slots.give();
  }
}

async function performStep(step: Step, control: ClusterControl, options: ExecuteOptions): Promise<StepOutcome> {
  const { abandon, onEvent } = options;
  onEvent({ type: 'step_started', step });
  const onProgress = (progress: StepProgress) => onEvent({ type: 'step_progress', step, progress });
  const performed = control.perform(step, { onProgress, signal: abandon });
  const result = await unlessAbandoned(performed, step.app, abandon);
  if (!result.ok) {
    onEvent({ type: 'step_failed', step, failure: result.error });
    return { status: 'failed', step, failure: result.error };
  }
  const { serving } = result.value;
  onEvent({ type: 'step_succeeded', step, serving });
  return { status: 'succeeded', step, serving };
}

/** The answer, or that it is not waited for: a control that takes long to give up holds up nobody. */
async function unlessAbandoned(
  performed: Promise<Result<StepResult>>,
  app: AppName,
  abandon: AbortSignal,
): Promise<Result<StepResult>> {
  let giveUp = () => {};
  const abandoned = new Promise<Result<StepResult>>((resolve) => {
    giveUp = () => resolve(err(stopFailure(app, abandon)));
    abandon.addEventListener('abort', giveUp, { once: true });
    if (abandon.aborted) giveUp();
  });
  try {
    return await Promise.race([abandoned, performed]);
  } finally {
    abandon.removeEventListener('abort', giveUp);
  }
}

function skip(step: Step, { onEvent }: ExecuteOptions, failure: Failure): StepOutcome {
  onEvent({ type: 'step_skipped', step, failure });
  return { status: 'skipped', step, failure };
}

/** What comes after an interruption was interrupted as well; what comes after a failure was skipped because of it. */
function need(step: Step, missing: StepOutcome): Failure {
  const interrupted = missing.status === 'skipped' && missing.failure.reason === 'interrupted';
  return interrupted ? missing.failure : { reason: 'skipped', app: step.app, need: missing.step.app };
}

function stopFailure(app: AppName, signal: AbortSignal): Failure {
  const timeout = timeoutOf(signal.reason);
  if (timeout !== null) return { reason: 'timed-out', app, timeout };
  return { reason: 'interrupted', signal: signal.reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT' };
}

function timeoutOf(reason: unknown): Milliseconds | null {
  if (typeof reason !== 'object' || reason === null || !('timeout' in reason)) return null;
  return typeof reason.timeout === 'number' ? reason.timeout : null;
}
