import { deferred, type Deferred } from '../util/deferred.ts';
import { equalJson } from '../util/compare.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import { rollingPolicy, type RolloutPolicy } from '../domain/policies.ts';
import type { WorkerFailure } from '../domain/failure.ts';
import type { Result } from '../domain/result.ts';
import type { Instant } from '../domain/time.ts';
import type { StepOutcome, WorkerProgress } from '../protocol/control.ts';
import type { Target } from './cluster-document.ts';

export interface RolloutOptions {
  readonly target: Target;
  /** What to go back to if the target fails; null if nothing serves. */
  readonly stable: Target | null;
  readonly policy: RolloutPolicy;
  readonly fromFile: boolean;
  readonly onProgress: (workers: readonly WorkerProgress[]) => void;
  readonly now: Instant;
}

/** One request to converge: where it goes, how, and who waits for its outcome. */
export class Rollout {
  readonly target: Target;
  readonly policy: RolloutPolicy;
  readonly fromFile: boolean;
  /** Why the first target was given up; null while it is not. */
  readonly failure: readonly WorkerFailure[] | null;
  readonly #options: RolloutOptions;
  readonly #outcome: Deferred<Result<StepOutcome>>;
  #lastProgress: Instant;
  #lastReport = '';
  readonly #followers: RolloutOptions['onProgress'][];

  constructor(
    options: RolloutOptions,
    restoring?: { readonly rollout: Rollout; readonly failure: readonly WorkerFailure[] },
  ) {
    this.#options = options;
    this.target = options.target;
    this.policy = options.policy;
    this.fromFile = options.fromFile;
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

  /** The way back, which answers whoever waits for this rollout; null if there is nothing to go back to. */
  restore(failure: readonly WorkerFailure[], now: Instant): Rollout | null {
    const { stable, fromFile, onProgress } = this.#options;
    if (stable === null || stable.generation === this.target.generation) return null;
    const policy = rollingPolicy(stable.spec);
    return new Rollout({ target: stable, stable: null, policy, fromFile, onProgress, now }, { rollout: this, failure });
  }
}
