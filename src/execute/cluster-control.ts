import type { AppName } from '../domain/names.ts';
import type { Step } from '../domain/plan.ts';
import type { Serving } from '../domain/failure.ts';
import type { Result } from '../domain/result.ts';
import type { WorkerPhase } from '../domain/worker-state.ts';

/** The one port through which a plan touches the world. */
export interface ClusterControl {
  /** Carries out one step and answers when it has settled. Aborting the signal stops the waiting, not the step. */
  readonly perform: (step: Step, options: PerformOptions) => Promise<Result<StepResult>>;
}

export interface PerformOptions {
  readonly onProgress: (progress: StepProgress) => void;
  readonly signal: AbortSignal;
}

export interface StepResult {
  readonly serving: Serving | null;
}

/** How far a step has come, for people to watch. */
export interface StepProgress {
  readonly app: AppName;
  readonly workers: readonly WorkerProgressLine[];
}

export interface WorkerProgressLine {
  readonly instance: number;
  readonly phase: WorkerPhase;
  readonly current: boolean;
}
