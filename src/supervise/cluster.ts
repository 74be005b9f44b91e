import { equalJson } from '../util/compare.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { replacePolicy, rollingPolicy, type RolloutPolicy } from '../domain/policies.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import type { Serving, WorkerFailure } from '../domain/failure.ts';
import type { AppKey } from '../domain/names.ts';
import type { ManualChange, ObservedApp } from '../domain/observed-state.ts';
import type { Timer } from '../platform/clock.ts';
import type { StepOutcome, WorkerProgress } from '../protocol/control.ts';
import { progressOf, rolloutFailure, stalledWorkers, workerFailures } from './cluster-report.ts';
import { newDocument, type ClusterDocument, type Target } from './cluster-document.ts';
import { expectedSockets } from './expected-sockets.ts';
import type { SupervisePorts, WorkerRecord } from './ports.ts';
import { rollStep, type RollStep } from './rollout-machine.ts';
import { Rollout } from './rollout.ts';
import { Worker } from './worker.ts';
import { isDead } from './worker-machine.ts';
import { adoptWorker } from './adopt-worker.ts';

export interface ClusterOptions {
  readonly document: ClusterDocument;
  readonly ports: SupervisePorts;
  readonly save: (document: ClusterDocument) => void;
}

/** How the app gets from what runs to what shall run. */
export type Strategy =
  /** Workers that run stay; those that failed or are missing are started. */
  | 'keep'
  /** Every worker is replaced, successors first. */
  | 'rolling'
  /** Every worker is replaced, with downtime. */
  | 'replace';

export interface ConvergeRequest {
  readonly spec: AppSpec;
  readonly strategy: Strategy;
  /** A file asks: what is reached is what the next plan is compared with. */
  readonly fromFile: boolean;
  readonly onProgress: (workers: readonly WorkerProgress[]) => void;
}

/** How many start numbers are reserved by one write of the document. */
const START_NUMBER_BLOCK = 16;

/** All workers of one app. Level-triggered: after any change it compares what is with what shall be, and takes one step. */
export class Cluster {
  readonly key: AppKey;
  #ports: SupervisePorts;
  #saveDocument: (document: ClusterDocument) => void;
  #document: ClusterDocument;
  #workers: Worker[] = [];
  #rollout: Rollout | null = null;
  #whenStopped: (() => void)[] = [];
  #nextStartNumber: number;
  #timer: Timer | null = null;
  #stepPending = false;

  constructor({ document, ports, save }: ClusterOptions) {
    this.key = document.key;
    this.#ports = ports;
    this.#saveDocument = save;
    this.#document = document;
    this.#nextStartNumber = document.startNumbers;
  }

  /** For an app that is not kept yet. */
  static create(key: AppKey, spec: AppSpec, options: Omit<ClusterOptions, 'document'>): Cluster {
    return new Cluster({ ...options, document: newDocument(key, spec) });
  }

  get document(): ClusterDocument {
    return this.#document;
  }

  get workers(): readonly Worker[] {
    return this.#workers;
  }

  /**
   * Answers once the app runs what is asked, or cannot. A later request takes over from where this one stands; one that
   * asks for the same joins it, unless it is to replace the processes of a spec that does not change.
   */
  converge({ spec, strategy, fromFile, onProgress }: ConvergeRequest): Promise<Result<StepOutcome>> {
    const joinable = strategy === 'keep' || !equalJson(spec, this.#document.target.spec);
    if (joinable && this.#rollout?.isTowards(spec) === true) return this.#rollout.join(onProgress);
    this.#rollout?.settle(err({ reason: 'superseded', app: this.key.app }));
    this.#answerStops();
    const stable = this.#serves() && spec.kind === 'service' ? this.#document.target : null;
    const target = this.#targetFor(spec, strategy);
    const policy = this.#policyFor(spec, strategy);
    this.#rollout = new Rollout({ target, stable, policy, fromFile, onProgress, now: this.#ports.clock.now() });
    this.#write({
      goal: 'running',
      lastRevision: Math.max(this.#document.lastRevision, target.revision),
      lastGeneration: Math.max(this.#document.lastGeneration, target.generation),
      startNumbers: Math.max(this.#document.startNumbers, this.#nextStartNumber + spec.instances + START_NUMBER_BLOCK),
      ...(stable === null || strategy === 'keep' ? { target } : {}),
    });
    if (strategy === 'keep') this.#retireFailed(target);
    this.#scheduleStep();
    return this.#rollout.outcome;
  }

  /** Settings that touch no process. */
  update(spec: AppSpec, { fromFile }: Pick<ConvergeRequest, 'fromFile'>): void {
    const applied = fromFile ? { applied: spec, manualChanges: [] } : {};
    this.#write({ target: { ...this.#document.target, spec }, ...applied });
    for (const worker of this.#current()) worker.update(spec);
  }

  markChangedByHand(change: ManualChange): void {
    this.#write({ manualChanges: [...this.#document.manualChanges, change] });
  }

  /** Answers once no process of the app is left, or a later request started it again. The app stays known. */
  stop(): Promise<void> {
    this.#rollout?.settle(err({ reason: 'superseded', app: this.key.app }));
    this.#rollout = null;
    this.#write({ goal: 'stopped' });
    this.#scheduleStep();
    return new Promise((resolve) => {
      this.#whenStopped.push(resolve);
    });
  }

  /** Starts what a daemon before this one kept, or finds it running. */
  resume(records: readonly WorkerRecord[]): void {
    const { target } = this.#document;
    for (const record of records) {
      const worker = this.#newWorker(
        record.generation === target.generation ? target : { ...target, generation: record.generation },
        record.instance,
      );
      this.#workers.push(worker);
      adoptWorker(worker, record, this.#ports);
    }
    this.#scheduleStep();
  }

  /** Lets go of every process without touching it: the daemon ends, the app does not. */
  release(): void {
    this.#timer?.cancel();
    for (const worker of this.#workers) worker.release();
  }

  observe(): ObservedApp {
    const { target, applied, goal, manualChanges } = this.#document;
    const generation = this.#target().generation;
    return {
      name: this.key.app,
      project: this.key.project,
      spec: target.spec,
      applied,
      goal,
      manualChanges,
      revision: target.revision,
      workers: [...this.#workers]
        .sort((a, b) => a.instance - b.instance || a.generation - b.generation)
        .map((worker) => worker.observe(worker.generation === generation)),
    };
  }

  serving(): Serving {
    const { revision, spec } = this.#document.target;
    return {
      revision,
      ready: this.#workers.filter(({ state }) => state.phase === 'ready').length,
      desired: spec.instances,
    };
  }

  #target(): Target {
    return this.#rollout?.target ?? this.#document.target;
  }

  #current(): readonly Worker[] {
    const { generation } = this.#target();
    return this.#workers.filter((worker) => worker.generation === generation);
  }

  #serves(): boolean {
    return this.#workers.some(({ state }) => state.phase === 'ready' || state.phase === 'draining');
  }

  #targetFor(spec: AppSpec, strategy: Strategy): Target {
    const { target, lastRevision, lastGeneration } = this.#document;
    const revision = equalJson(spec, target.spec) ? target.revision : lastRevision + 1;
    return { spec, revision, generation: strategy === 'keep' ? target.generation : lastGeneration + 1 };
  }

  #policyFor(spec: AppSpec, strategy: Strategy): RolloutPolicy {
    const overlaps =
      strategy !== 'replace' &&
      spec.kind === 'service' &&
      (strategy === 'keep' || this.#workers.every(({ handsOver }) => handsOver));
    return overlaps ? rollingPolicy(spec) : replacePolicy(spec);
  }

  /** A worker that failed, or waits for its next attempt, gets a fresh start at once. */
  #retireFailed({ generation }: Target): void {
    for (const worker of this.#workers) {
      if (worker.generation === generation && worker.state.phase !== 'completed') worker.update(this.#target().spec);
      const { phase } = worker.state;
      if (phase === 'failed' || phase === 'backing-off') worker.stop({ handover: false });
    }
  }

  /** Never at once: a step changes workers, and changes ask for steps. */
  #scheduleStep(): void {
    if (this.#stepPending) return;
    this.#stepPending = true;
    queueMicrotask(() => {
      this.#stepPending = false;
      this.#step();
    });
  }

  #step(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#forgetDead();
    if (this.#document.goal === 'stopped') return this.#stepTowardsStopped();
    const step = this.#nextStep();
    this.#rollout?.report(progressOf(this.#workers, this.#target()));
    const { overlap } = this.#rollout?.policy ?? rollingPolicy(this.#target().spec);
    for (const id of step.stop) this.#workers.find((worker) => worker.id === id)?.stop({ handover: overlap });
    for (const instance of step.start) this.#startWorker(instance);
    this.#conclude(step);
  }

  #stepTowardsStopped(): void {
    for (const worker of this.#workers) worker.stop({ handover: false });
    if (this.#workers.some(({ state }) => !isDead(state))) return;
    this.#ports.vault.releaseAll(this.key);
    this.#answerStops();
  }

  #answerStops(): void {
    for (const answer of this.#whenStopped) answer();
    this.#whenStopped = [];
  }

  #nextStep(): RollStep {
    const { spec, generation } = this.#target();
    return rollStep({
      desired: spec.instances,
      kind: spec.kind,
      policy: this.#rollout?.policy ?? rollingPolicy(spec),
      workers: this.#workers.map((worker) => ({
        id: worker.id,
        instance: worker.instance,
        current: worker.generation === generation,
        state: worker.state,
      })),
      failFast: this.#rollout !== null,
      lastProgress: this.#rollout?.lastProgress ?? this.#ports.clock.now(),
      now: this.#ports.clock.now(),
    });
  }

  #conclude({ verdict }: RollStep): void {
    const { clock } = this.#ports;
    switch (verdict.type) {
      case 'done':
        return this.#rollout === null ? undefined : this.#succeed(this.#rollout);
      case 'failed':
        return this.#rollout === null
          ? undefined
          : this.#fail(this.#rollout, workerFailures(this.#workers, verdict.failures));
      case 'stalled':
        return this.#rollout === null
          ? undefined
          : this.#fail(this.#rollout, stalledWorkers(this.#current(), this.#rollout.policy));
      case 'wait':
        if (verdict.at !== null) this.#timer = clock.after(verdict.at - clock.now(), () => this.#scheduleStep());
    }
  }

  #succeed(rollout: Rollout): void {
    this.#rollout = null;
    const sockets = Object.fromEntries(this.#workers.map(({ instance, requested }) => [instance, requested]));
    const applied = rollout.fromFile ? { applied: rollout.target.spec, manualChanges: [] } : {};
    this.#write({ target: rollout.target, sockets, ...(rollout.failure === null ? applied : {}) });
    const inUse = this.#workers.flatMap(({ requested, bound }) => [...requested, ...bound]);
    this.#ports.vault.releaseUnused(this.key, new Set(inUse));
    rollout.settle(rollout.failure === null ? ok({ serving: this.serving() }) : err(this.#failureOf(rollout.failure)));
  }

  /** Back to what served before, if anything did; the failure is answered once that is done or has failed too. */
  #fail(rollout: Rollout, failures: readonly WorkerFailure[]): void {
    const restored = rollout.failure === null ? rollout.restore(failures, this.#ports.clock.now()) : null;
    if (restored !== null) {
      this.#rollout = restored;
      return this.#scheduleStep();
    }
    this.#rollout = null;
    rollout.settle(err(this.#failureOf(rollout.failure ?? failures)));
    this.#scheduleStep();
  }

  #failureOf(workers: readonly WorkerFailure[]) {
    return rolloutFailure(this.#document, workers, this.serving());
  }

  #startWorker(instance: number): void {
    const worker = this.#newWorker(this.#target(), instance);
    this.#workers.push(worker);
    worker.start();
  }

  #newWorker({ spec, revision, generation }: Target, instance: number): Worker {
    const { minReady } = rollingPolicy(spec);
    return new Worker({
      key: this.key,
      instance,
      generation,
      revision,
      spec,
      minReady,
      expected: expectedSockets(this.#document, spec, instance),
      ports: this.#ports,
      nextStartNumber: () => this.#takeStartNumber(),
      onChange: () => this.#changed(),
    });
  }

  #changed(): void {
    this.#rollout?.progressed(this.#ports.clock.now());
    this.#scheduleStep();
  }

  #takeStartNumber(): number {
    const number = this.#nextStartNumber;
    this.#nextStartNumber += 1;
    if (number >= this.#document.startNumbers) this.#write({ startNumbers: number + START_NUMBER_BLOCK });
    return number;
  }

  #forgetDead(): void {
    const { generation } = this.#target();
    const staying = this.#workers.filter(({ state, generation: own }) =>
      own === generation ? state.phase !== 'stopped' : !isDead(state),
    );
    for (const worker of this.#workers) if (!staying.includes(worker)) this.#ports.journal.forget(worker.id);
    this.#workers = staying;
  }

  #write(change: Partial<ClusterDocument>): void {
    this.#document = { ...this.#document, ...change };
    this.#saveDocument(this.#document);
  }
}
