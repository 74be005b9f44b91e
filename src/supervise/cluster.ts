import { equalJson } from '../util/compare.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { rollingPolicy } from '../domain/policies.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import type { Restored, Serving, WorkerFailure } from '../domain/failure.ts';
import type { AppKey } from '../domain/names.ts';
import type { ManualChange, ObservedApp } from '../domain/observed-state.ts';
import type { Timer } from '../platform/clock.ts';
import type { StepOutcome } from '../protocol/control.ts';
import {
  observedApp,
  progressOf,
  rolloutFailure,
  servingOf,
  stalledWorkers,
  workerFailures,
} from './cluster-report.ts';
import type { ChangeOrigin, ConvergeRequest } from './converge-request.ts';
import { newDocument, type ClusterDocument, type Target } from './cluster-document.ts';
import {
  appliedAs,
  begun,
  cameUp,
  changedDocument,
  failed,
  interrupted,
  lateSockets,
  stableAs,
  superseded,
  updated,
} from './document-changes.ts';
import { expectedSockets } from './expected-sockets.ts';
import type { SupervisePorts, WorkerRecord } from './ports.ts';
import { rollStep, type RollStep } from './rollout-machine.ts';
import { Rollout, type GivenUp } from './rollout.ts';
import { policyFor, targetFor, type TargetRequest } from './targets.ts';
import { wayBack } from './way-back.ts';
import { Worker } from './worker.ts';
import { isDead } from './worker-machine.ts';
import { adoptWorker } from './adopt-worker.ts';

export interface ClusterOptions {
  readonly document: ClusterDocument;
  readonly ports: SupervisePorts;
  readonly save: (document: ClusterDocument) => void;
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
    this.#document = changedDocument(document, interrupted(document));
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
  converge(request: ConvergeRequest): Promise<Result<StepOutcome>> {
    const { spec, strategy, fromFile, onProgress } = request;
    const joinable = strategy === 'keep' || !equalJson(spec, this.#document.target.spec);
    if (joinable && this.#rollout?.isTowards(spec) === true) return this.#rollout.join(onProgress);
    this.#supersede();
    this.#answerStops();
    const target = targetFor(this.#document, request);
    const policy = policyFor(request, this.#workers);
    const rollback = request.rollback && spec.rollout.rollback;
    const keepsOld = strategy !== 'keep' && spec.kind === 'service' && this.#serves();
    this.#rollout = new Rollout({ target, policy, rollback, fromFile, onProgress, now: this.#ports.clock.now() });
    const asked = { ...request, at: this.#ports.clock.wallTime() };
    this.#write({
      ...begun(this.#document, target, asked),
      startNumbers: Math.max(this.#document.startNumbers, this.#nextStartNumber + spec.instances + START_NUMBER_BLOCK),
      ...(keepsOld ? {} : { target }),
    });
    if (strategy === 'keep') this.#retireFailed(target);
    this.#scheduleStep();
    return this.#rollout.outcome;
  }

  /** Settings that touch no process. */
  update(request: Omit<TargetRequest, 'strategy'> & ChangeOrigin): void {
    this.#write(updated(this.#document, request, { ...request, at: this.#ports.clock.wallTime() }));
    for (const worker of this.#current()) worker.update(request.spec);
    this.#scheduleStep();
  }

  markChangedByHand(change: ManualChange): void {
    this.#write({ manualChanges: [...this.#document.manualChanges, change] });
  }

  /** Answers once no process of the app is left, or a later request started it again. The app stays known. */
  stop(): Promise<void> {
    this.#supersede();
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
    return observedApp(this.#document, this.#workers, this.#target());
  }

  serving(): Serving {
    return servingOf(this.#document, this.#workers);
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

  /** Whoever waits for the rollout is told. Not written yet: another change follows. */
  #supersede(): void {
    const rollout = this.#rollout;
    if (rollout === null) return;
    this.#rollout = null;
    rollout.settle(err({ reason: 'superseded', app: this.key.app }));
    if (rollout.failure !== null) return;
    this.#document = changedDocument(this.#document, superseded(this.#document, rollout.target));
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
    const now = this.#ports.clock.now();
    return rollStep({
      desired: spec.instances,
      kind: spec.kind,
      policy: this.#rollout?.policy ?? rollingPolicy(spec),
      workers: this.#workers.map(({ id, instance, state, generation: own }) => {
        return { id, instance, state, current: own === generation };
      }),
      failFast: this.#rollout !== null,
      lastProgress: this.#rollout?.lastProgress ?? now,
      now,
    });
  }

  #conclude({ verdict }: RollStep): void {
    const { clock } = this.#ports;
    const rollout = this.#rollout;
    switch (verdict.type) {
      case 'done':
        return rollout === null ? this.#noteSettled() : this.#succeed(rollout);
      case 'failed':
        return rollout === null ? undefined : this.#fail(rollout, workerFailures(this.#workers, verdict.failures));
      case 'stalled':
        return rollout === null ? undefined : this.#fail(rollout, stalledWorkers(this.#current(), rollout.policy));
      case 'wait':
        if (verdict.at !== null) this.#timer = clock.after(verdict.at - clock.now(), () => this.#scheduleStep());
    }
  }

  #succeed(rollout: Rollout): void {
    this.#rollout = null;
    const { target, failure } = rollout;
    const sockets = Object.fromEntries(this.#workers.map(({ instance, requested }) => [instance, requested]));
    const reached = failure === null ? stableAs(this.#document, target) : {};
    const applied = failure === null && rollout.fromFile ? appliedAs(target) : {};
    this.#write({ target, sockets, ...reached, ...applied });
    const inUse = this.#workers.flatMap(({ requested, bound }) => [...requested, ...bound]);
    this.#ports.vault.releaseUnused(this.key, new Set(inUse));
    rollout.settle(failure === null ? ok({ serving: this.serving() }) : err(this.#failureOf(failure)));
  }

  #noteSettled(): void {
    const change = { ...cameUp(this.#document), ...lateSockets(this.#document, this.#workers) };
    if (Object.keys(change).length > 0) this.#write(change);
  }

  /** Back to what served before, if there is a way; the failure is answered once that is done or has failed too. */
  #fail(rollout: Rollout, workers: readonly WorkerFailure[]): void {
    if (rollout.failure !== null) {
      const { restored } = rollout.failure;
      return this.#giveUp(rollout, rollout.failure.workers, restored === 'rolled-back' ? 'rollback-failed' : restored);
    }
    const document = this.#document;
    const serving = this.#workers.filter(({ state }) => state.phase === 'ready').map(({ generation }) => generation);
    const back = wayBack({ document, failed: rollout.target, serving, rollback: rollout.rollback });
    this.#write({
      ...failed(document, rollout.target, workers),
      target: back.target,
      lastGeneration: Math.max(document.lastGeneration, back.target.generation),
    });
    if (!back.awaited) return this.#giveUp(rollout, workers, back.restored);
    this.#rollout = rollout.back(back.target, { workers, restored: back.restored }, this.#ports.clock.now());
    this.#retireFailed(back.target);
    this.#scheduleStep();
  }

  #giveUp(rollout: Rollout, workers: readonly WorkerFailure[], restored: Restored): void {
    this.#rollout = null;
    rollout.settle(err(this.#failureOf({ workers, restored })));
    this.#scheduleStep();
  }

  #failureOf(failure: GivenUp) {
    return rolloutFailure(this.#document, failure, this.serving());
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
    this.#document = changedDocument(this.#document, change);
    this.#saveDocument(this.#document);
  }
}
