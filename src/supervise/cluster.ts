import { equalJson } from '../util/compare.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Restored, Serving, WorkerFailure } from '../domain/failure.ts';
import type { AppKey } from '../domain/names.ts';
import type { Timestamp } from '../domain/time.ts';
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
import type { ClusterOptions } from './cluster-options.ts';
import type { ConvergeRequest } from './converge-request.ts';
import type { ClusterDocument, Target } from './cluster-document.ts';
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
import { clusterWorker } from './cluster-worker.ts';
import { serveOrphans } from './lent-slots.ts';
import type { WorkerPorts, WorkerRecord } from './ports.ts';
import { Reunion } from './reunion.ts';
import { KeptDocument } from './kept-document.ts';
import type { RollStep } from './rollout-machine.ts';
import { nextStep, presentPolicy, Rollout, type GivenUp } from './rollout.ts';
import { policyFor, targetFor } from './targets.ts';
import { wayBack } from './way-back.ts';
import type { Worker } from './worker.ts';
import type { WorkerOptions } from './worker-options.ts';
import { WorkerSet } from './worker-set.ts';
import { isDead } from './worker-machine.ts';
import { adoptWorker } from './adopt-worker.ts';

/** All workers of one app. Level-triggered: after any change it compares what is with what shall be, and takes one step. */
export class Cluster {
  readonly key: AppKey;
  readonly #ports: WorkerPorts;
  readonly #onChange: () => void;
  readonly #kept: KeptDocument;
  readonly #workers: WorkerSet;
  #rollout: Rollout | null = null;
  #whenStopped: (() => void)[] = [];
  #timer: Timer | null = null;
  #stepPending = false;
  #reunion: Reunion | null = null;

  constructor({ document, ports, documents, onChange = () => {} }: ClusterOptions) {
    this.key = document.key;
    this.#onChange = onChange;
    this.#ports = {
      ...ports,
      gate: { request: (enter) => (this.#reunion?.gate(ports.gate) ?? ports.gate).request(enter) },
    };
    this.#workers = new WorkerSet(ports.journal);
    this.#kept = new KeptDocument(changedDocument(document, interrupted(document)), documents);
  }

  get document(): ClusterDocument {
    return this.#kept.now;
  }

  get workers(): readonly Worker[] {
    return this.#workers.all;
  }

  /** On its way to something that somebody asked for. */
  get busy(): boolean {
    return this.#rollout !== null;
  }

  /** A process of it is at work. */
  get running(): boolean {
    return this.#workers.all.some(({ state }) => !isDead(state));
  }

  /** Runs that were due by then have been seen to. */
  noteScheduled(at: Timestamp): void {
    this.#kept.change({ scheduledAt: at });
  }

  /** Resolved once its workers have told this daemon what they share with it; at once where none was adopted. */
  get reunited(): Promise<void> {
    return this.#reunion?.over ?? Promise.resolve();
  }

  /**
   * Answers once the app runs what is asked, or cannot. A later request takes over from where this one stands; one that
   * asks for the same joins it, unless it is to replace the processes of a spec that does not change.
   */
  converge(request: ConvergeRequest): Promise<Result<StepOutcome>> {
    const { spec, strategy, fromFile, onProgress } = request;
    const joinable = strategy === 'keep' || !equalJson(spec, this.document.target.spec);
    if (joinable && this.#rollout?.isTowards(spec) === true) return this.#rollout.join(onProgress);
    const target = targetFor(this.document, request);
    const keepsOld = strategy !== 'keep' && spec.kind === 'service' && this.#workers.serves();
    const asked = { ...request, at: this.#ports.clock.wallTime() };
    const change = { ...begun(this.#withoutRollout(), target, asked), ...(keepsOld ? {} : { target }) };
    const refused = this.#kept.begin(change, spec.instances);
    if (refused !== null) return Promise.resolve(err(refused));
    this.#abandonRollout();
    this.#answerStops();
    if (strategy !== 'keep') this.#workers.forgetPlaces();
    const policy = policyFor(request, this.#workers.sockets);
    const rollback = request.rollback && spec.rollout.rollback;
    this.#rollout = new Rollout({ target, policy, rollback, fromFile, onProgress, now: this.#ports.clock.now() });
    if (strategy === 'keep') this.#workers.retryFailed(target);
    this.#scheduleStep();
    return this.#rollout.outcome;
  }

  /** Settings that touch no process of what the app is; where it is on its way to be something else, that is called off. */
  async update(
    request: Omit<ConvergeRequest, 'strategy'>,
    change: Pick<Partial<ClusterDocument>, 'goal'> = {},
  ): Promise<Result<StepOutcome>> {
    const runsOn = this.#rollout !== null && request.spec.schedule !== null;
    if (this.#rollout !== null && !runsOn) return this.converge({ ...request, strategy: 'keep' });
    // What is under way of a schedule goes on to its end, but nobody waits for that any more.
    if (runsOn) this.#kept.change(this.#withoutRollout());
    if (runsOn) this.#abandonRollout();
    const asked = { ...request, at: this.#ports.clock.wallTime() };
    const refused = this.#kept.begin({ ...updated(this.document, request, asked), ...change }, 0);
    if (refused !== null) return err(refused);
    for (const worker of this.#current()) worker.update(request.spec);
    this.#scheduleStep();
    return ok({ serving: this.serving() });
  }

  markChangedByHand(change: ManualChange): void {
    this.#kept.change({ manualChanges: [...this.document.manualChanges, change] });
  }

  /** Answers once no process of the app is left, or a later request started it again. The app stays known. */
  stop(): Promise<void> {
    return this.#stop({ goal: 'stopped' });
  }

  /** The same, of an app that is to be forgotten then: by the next daemon, should this one not come to it. */
  retire(): Promise<void> {
    return this.#stop({ goal: 'stopped', deleting: true });
  }

  #stop(change: Partial<ClusterDocument>): Promise<void> {
    this.#kept.change({ ...this.#withoutRollout(), ...change });
    this.#abandonRollout();
    this.#scheduleStep();
    return new Promise((resolve) => {
      this.#whenStopped.push(resolve);
    });
  }

  /** Starts what a daemon before this one kept, or finds it running. */
  resume(records: readonly WorkerRecord[]): void {
    const { target } = this.document;
    let adopted = false;
    this.#reunion = new Reunion(this.#ports.clock, () => adopted && this.#isReunited());
    for (const record of records) {
      const worker = this.#newWorker(
        record.generation === target.generation ? target : { ...target, generation: record.generation },
        { instance: record.instance, predecessor: null },
      );
      this.#workers.add(worker);
      adoptWorker(worker, record, this.#ports);
    }
    adopted = true;
    this.#reunion.check();
    this.#scheduleStep();
  }

  #isReunited(): boolean {
    const { sockets } = this.document;
    return !this.#workers.all.some((worker) => worker.isMissed(sockets[worker.instance] ?? []));
  }

  /** Lets go of every process without touching it: the daemon ends, the app does not. */
  release(): void {
    this.#timer?.cancel();
    for (const worker of this.#workers.all) worker.release();
  }

  observe(): ObservedApp {
    return observedApp(this.document, this.#workers.all, this.#target());
  }

  serving(): Serving {
    return servingOf(this.document, this.#workers.all);
  }

  #target(): Target {
    return this.#rollout?.target ?? this.document.target;
  }

  #current(): readonly Worker[] {
    return this.#workers.ofGeneration(this.#target().generation);
  }

  /** As it is once the rollout that is under way has been taken over. */
  #withoutRollout(): ClusterDocument {
    const rollout = this.#rollout;
    if (rollout === null || rollout.failure !== null) return this.document;
    return changedDocument(this.document, superseded(this.document, rollout.target));
  }

  /** Whoever waits for the rollout is told. */
  #abandonRollout(): void {
    this.#rollout?.settle(err({ reason: 'superseded', app: this.key.app }));
    this.#rollout = null;
  }

  /** Never at once: a step changes workers, and changes ask for steps. */
  #scheduleStep(): void {
    if (this.#stepPending) return;
    this.#stepPending = true;
    queueMicrotask(() => {
      this.#stepPending = false;
      this.#step();
      this.#onChange();
    });
  }

  #step(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#workers.forgetDead(this.#target());
    if (this.document.goal === 'stopped') return this.#stepTowardsStopped();
    // Between two runs nothing is missing.
    if (this.#rollout === null && this.document.target.spec.schedule !== null) return;
    const progress = { target: this.#target(), workers: this.#inRollout(), now: this.#ports.clock.now() };
    const step = nextStep(this.#rollout, progress);
    this.#rollout?.report(progressOf(this.#workers.all, this.#target()));
    const { overlap } = presentPolicy(this.#rollout, progress);
    for (const id of step.stop) this.#workers.all.find((worker) => worker.id === id)?.stop({ handover: overlap });
    if (this.#workers.all.length === 0) this.#forgetOtherSockets();
    for (const instance of step.start) this.#startWorker(instance);
    serveOrphans(this.#ports.vault.slots(this.key), this.#workers.all);
    this.#conclude(step);
  }

  /** Nothing runs that could need them. */
  #forgetOtherSockets(): void {
    this.#ports.vault.releaseOtherKind(this.key, { grouped: this.#target().spec.balance === 'reuseport' });
  }

  /** Runs that may overlap do not take each other's place. */
  #inRollout(): readonly Worker[] {
    return this.#target().spec.schedule?.overlap === true ? this.#current() : this.#workers.all;
  }

  #stepTowardsStopped(): void {
    for (const worker of this.#workers.all) worker.stop({ handover: false });
    if (this.#workers.all.some(({ state }) => !isDead(state))) return;
    this.#ports.vault.releaseAll(this.key);
    this.#answerStops();
  }

  #answerStops(): void {
    for (const answer of this.#whenStopped) answer();
    this.#whenStopped = [];
  }

  #conclude({ verdict }: RollStep): void {
    const { clock } = this.#ports;
    const rollout = this.#rollout;
    switch (verdict.type) {
      case 'done':
        return rollout === null ? this.#noteSettled() : this.#succeed(rollout);
      case 'failed':
        return rollout === null ? undefined : this.#fail(rollout, workerFailures(this.#workers.all, verdict.failures));
      case 'stalled':
        return rollout === null ? undefined : this.#fail(rollout, stalledWorkers(this.#current(), rollout.policy));
      case 'wait':
        if (verdict.at !== null) this.#timer = clock.after(verdict.at - clock.now(), () => this.#scheduleStep());
    }
  }

  #succeed(rollout: Rollout): void {
    this.#rollout = null;
    const { target, failure } = rollout;
    const sockets = this.#workers.requestedSockets();
    const reached = failure === null ? stableAs(this.document, target) : {};
    const applied = failure === null && rollout.fromFile ? appliedAs(target) : {};
    this.#kept.change({ target, sockets, ...reached, ...applied });
    this.#ports.vault.releaseUnused(this.key, this.#workers.socketsInUse());
    rollout.settle(failure === null ? ok({ serving: this.serving() }) : err(this.#failureOf(failure)));
  }

  #noteSettled(): void {
    const change = { ...cameUp(this.document), ...lateSockets(this.document, this.#workers.requestedSockets()) };
    if (Object.keys(change).length > 0) this.#kept.change(change);
  }

  /** Back to what served before, if there is a way; the failure is answered once that is done or has failed too. */
  #fail(rollout: Rollout, workers: readonly WorkerFailure[]): void {
    if (rollout.failure !== null) {
      const { restored } = rollout.failure;
      return this.#giveUp(rollout, rollout.failure.workers, restored === 'rolled-back' ? 'rollback-failed' : restored);
    }
    const document = this.document;
    const serving = this.#workers.all
      .filter(({ state }) => state.phase === 'ready')
      .map(({ generation }) => generation);
    const back = wayBack({ document, failed: rollout.target, serving, rollback: rollout.rollback });
    this.#kept.change({
      ...failed(document, rollout.target, workers),
      target: back.target,
      lastGeneration: Math.max(document.lastGeneration, back.target.generation),
    });
    if (!back.awaited) return this.#giveUp(rollout, workers, back.restored);
    this.#rollout = rollout.back(back.target, { workers, restored: back.restored }, this.#ports.clock.now());
    this.#workers.retryFailed(back.target);
    this.#scheduleStep();
  }

  #giveUp(rollout: Rollout, workers: readonly WorkerFailure[], restored: Restored): void {
    this.#rollout = null;
    rollout.settle(err(this.#failureOf({ workers, restored })));
    this.#scheduleStep();
  }

  #failureOf(failure: GivenUp) {
    return rolloutFailure(this.document, failure, this.serving());
  }

  #startWorker(instance: number): void {
    const target = this.#target();
    const predecessor = this.#workers.takePlace(instance, target.generation);
    const worker = this.#newWorker(target, { instance, predecessor });
    this.#workers.add(worker);
    worker.start();
  }

  #newWorker(target: Target, place: Pick<WorkerOptions, 'instance' | 'predecessor'>): Worker {
    return clusterWorker(target, place, {
      document: this.document,
      ports: this.#ports,
      nextStartNumber: () => this.#kept.takeStartNumber(),
      onChange: () => this.#changed(),
    });
  }

  #changed(): void {
    this.#reunion?.check();
    this.#rollout?.progressed(this.#ports.clock.now());
    this.#scheduleStep();
  }
}
