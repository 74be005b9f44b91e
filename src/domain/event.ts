import type { LockId } from './lock.ts';
import type { ActionType } from './plan.ts';
import type { Actor } from './observed-state.ts';
import type { AppName, ProjectName, WorkerId } from './names.ts';
import type { FailureReason } from './failure.ts';
import type { Milliseconds, Timestamp } from './time.ts';
import type { ExitCause } from './worker-state.ts';

/** What happened, for `events.jsonl` and whoever follows it. Holds no value of any environment variable. */
export type EcoEvent =
  | { readonly type: 'daemon-started'; readonly pid: number; readonly version: string }
  | { readonly type: 'daemon-stopped'; readonly pid: number }
  | {
      readonly type: 'apply-started';
      readonly project: ProjectName;
      readonly file: string;
      readonly serial: number;
      readonly by: Actor;
    }
  /** By hand; what commands hold while they run is not recorded. */
  | {
      readonly type: 'project-locked';
      readonly project: ProjectName;
      readonly id: LockId;
      readonly message: string;
      readonly by: Actor;
    }
  | { readonly type: 'project-unlocked'; readonly project: ProjectName; readonly id: LockId; readonly by: Actor }
  | {
      readonly type: 'step-started';
      readonly project: ProjectName;
      readonly app: AppName;
      readonly action: StepAction;
      readonly by: Actor;
    }
  | {
      readonly type: 'step-succeeded';
      readonly project: ProjectName;
      readonly app: AppName;
      readonly action: StepAction;
    }
  | {
      readonly type: 'step-failed';
      readonly project: ProjectName;
      readonly app: AppName;
      readonly action: StepAction;
      readonly failure: FailureReason;
    }
  | {
      readonly type: 'worker-signalled';
      readonly worker: WorkerId;
      readonly signal: NodeJS.Signals;
      readonly by: Actor;
    }
  | { readonly type: 'restarts-reset'; readonly project: ProjectName; readonly app: AppName; readonly by: Actor }
  | { readonly type: 'worker-started'; readonly worker: WorkerId; readonly pid: number }
  | { readonly type: 'worker-adopted'; readonly worker: WorkerId; readonly pid: number }
  | { readonly type: 'worker-ready'; readonly worker: WorkerId }
  /** Its processes are about to be replaced, although nobody asked for it now. */
  | { readonly type: 'app-triggered'; readonly project: ProjectName; readonly app: AppName; readonly trigger: Trigger }
  /** Its files change again and again: the next reload comes after `wait`. `detail`: what has changed. */
  | {
      readonly type: 'watch-braked';
      readonly project: ProjectName;
      readonly app: AppName;
      readonly detail: string;
      readonly wait: Milliseconds;
    }
  /** The time for a run has come, but the run before it is still under way. */
  | { readonly type: 'run-skipped'; readonly project: ProjectName; readonly app: AppName }
  /** `problem` completes a sentence: `ended with exit code 1`. */
  | {
      readonly type: 'hook-failed';
      readonly worker: WorkerId;
      readonly hook: 'post_ready' | 'pre_stop';
      readonly problem: string;
    }
  /** A successor takes its place. */
  | { readonly type: 'worker-retired'; readonly worker: WorkerId; readonly cause: ExitCause }
  | {
      readonly type: 'worker-exited';
      readonly worker: WorkerId;
      readonly cause: ExitCause;
      readonly expected: boolean;
    };

/** `detail`: the times, or what has changed. */
export interface Trigger {
  readonly type: 'cron_restart' | 'watch' | 'schedule';
  readonly detail: string;
}

export type StepAction = ActionType | 'restart' | 'rollback';

/** An event as it is recorded. */
export type RecordedEvent = EcoEvent & { readonly at: Timestamp };
