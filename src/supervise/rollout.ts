import { deferred, type Deferred } from '../util/deferred.ts';
import { equalJson } from '../util/compare.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import { rollingPolicy, type RolloutPolicy } from '../domain/policies.ts';
import type { Restored, WorkerFailure } from '../domain/failure.ts';
import type { Result } from '../domain/result.ts';
import type { Instant } from '../domain/time.ts';
import type { StepOutcome, WorkerProgress } from '../protocol/control.ts';
import type { Target } from './cluster-document.ts';
import { policyFor } from './targets.ts';
import type { Worker } from './worker.ts';
import { rollStep, type RolloutWorker, type RollStep } from './rollout-machine.ts';

export interface RolloutOptions {
  readonly target: Target;
  readonly policy: RolloutPolicy;
  /** Whether it goes back to the last stable revision if it fails and nothing of the old one serves. */
  readonly rollback: boolean;
  readonly fromFile: boolean;
  readonly onProgress: (workers: readonly WorkerProgress[]) => void;
  readonly now: Instant;
}

/** Why a target was given up, and what for. */
export interface GivenUp {
  readonly workers: readonly WorkerFailure[];
  readonly restored: Restored;
}

/** One request to converge: where it goes, how, and who waits for its outcome. */
export class Rollout {
  readonly target: Target;
  readonly policy: RolloutPolicy;
  readonly fromFile: boolean;
  /** Why the first target was given up; null while it is not. */
  readonly failure: GivenUp | null;
  readonly rollback: boolean;
  readonly #options: RolloutOptions;
  readonly #outcome: Deferred<Result<StepOutcome>>;
  #lastProgress: Instant;
  #lastReport = '';
  readonly #followers: RolloutOptions['onProgress'][];

  constructor(options: RolloutOptions, restoring?: { readonly rollout: Rollout; readonly failure: GivenUp }) {
    this.#options = options;
    this.target = options.target;
    this.policy = options.policy;
    this.fromFile = options.fromFile;
    this.rollback = options.rollback;
    this.failure = restoring?.failure ?? null;
    this.#outcome = restoring === undefined ? deferred<Result<StepOutcome>>() : restoring.rollout.#outcome;
    this.#lastProgress = options.now;
    this.#followers = restoring === undefined ? [options.onProgress] : restoring.rollout.#followers;
  }

  get outcome(): Promise<Result<StepOutcome>> {
    return this.#outcome.promise;
  }

  get lastProgress(): Instant {
    return this.#lastProgress;
  }

  progressed(now: Instant): void {
    this.#lastProgress = now;
  }

  /** False once it goes back to what served before. */
  isTowards(spec: AppSpec): boolean {
    return this.failure === null && equalJson(spec, this.target.spec);
  }

  /** One more that asks for the same: told how it goes from here on, and the same outcome. */
  join(onProgress: RolloutOptions['onProgress']): Promise<Result<StepOutcome>> {
    this.#followers.push(onProgress);
    return this.outcome;
  }

  report(workers: readonly WorkerProgress[]): void {
    const report = JSON.stringify(workers);
    if (report === this.#lastReport) return;
    this.#lastReport = report;
    for (const follow of this.#followers) follow(workers);
  }

  settle(outcome: Result<StepOutcome>): void {
    this.#outcome.resolve(outcome);
  }

  /** The way back, which answers whoever waits for this rollout. */
  back(target: Target, failure: GivenUp, now: Instant): Rollout {
    const policy = rollingPolicy(target.spec);
    return new Rollout({ ...this.#options, target, policy, rollback: false, now }, { rollout: this, failure });
  }
}

export interface Progress {
  readonly target: Target;
  readonly workers: readonly (Pick<RolloutWorker, 'id' | 'instance' | 'state'> &
    Pick<Worker, 'generation' | 'retirement' | 'managed' | 'sockets'>)[];
  readonly now: Instant;
}

/** Where nobody asks for a rollout, workers that are to make room for successors are replaced as by a reload. */
export function presentPolicy(rollout: Rollout | null, { target, workers }: Progress): RolloutPolicy {
  if (rollout !== null) return rollout.policy;
  const old = workers.filter(({ retirement }) => retirement !== null);
  if (old.length === 0) return rollingPolicy(target.spec);
  const overlapping = old.map(({ managed, sockets }) => ({ handsOver: managed && sockets.handsOver }));
  return policyFor({ spec: target.spec, strategy: 'rolling' }, overlapping);
}

/** What to do next for an app that is on its way to a target, or, without a rollout, is kept there. */
export function nextStep(rollout: Rollout | null, progress: Progress): RollStep {
  const { target, workers, now } = progress;
  const { spec, generation } = target;
  return rollStep({
    desired: spec.instances,
    kind: spec.kind,
    policy: presentPolicy(rollout, progress),
    workers: workers.map(({ id, instance, state, generation: own, retirement }) => {
      return { id, instance, state, current: own === generation && retirement === null };
    }),
    failFast: rollout !== null,
    lastProgress: rollout?.lastProgress ?? now,
    now,
  });
}
