import { isNodeProgram, type AppSpec } from '../domain/app-spec.ts';
import { workerId, type WorkerId } from '../domain/names.ts';
import type { Instant, Milliseconds } from '../domain/time.ts';
import type { ExitCause, ObservedWorker, WorkerState } from '../domain/worker-state.ts';
import type { Timer } from '../platform/clock.ts';
import type { LaunchListener } from '../platform/launcher.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import { unreachable } from '../util/unreachable.ts';
import { answerIpc } from './ipc-handles.ts';
import type { WorkerRecord } from './ports.ts';
import { judgeReadiness } from './readiness.ts';
import { deadlineOf, firstState, transition, type WorkerEffect, type WorkerEvent } from './worker-machine.ts';
import { launchRequest, logFiles } from './worker-launch.ts';
import { observedWorker, workerRecord, type WorkerFacts } from './worker-facts.ts';
import { WorkerLogs } from './worker-logs.ts';
import type { WorkerOptions } from './worker-options.ts';
import { WorkerProcess } from './worker-process.ts';
import { WorkerSigns } from './worker-signs.ts';

/** How often a tree whose root has ended is looked at again. */
const TREE_POLL: Milliseconds = 50;
/** How often a process that is no child of this daemon is looked at, should its control link not tell its end. */
const ADOPTED_POLL: Milliseconds = 500;

/**
 * One instance of an app: carries out what the worker machine decides, and tells it what happens to the process.
 * A restart is the same Worker with a new process and a new id.
 */
export class Worker {
  readonly instance: number;
  readonly generation: number;
  readonly #options: WorkerOptions;
  readonly #logs: WorkerLogs;
  #spec: AppSpec;
  #state: WorkerState;
  #id: WorkerId;
  #process: WorkerProcess | null = null;
  #signs: WorkerSigns;
  #lastExit: ExitCause | null = null;
  #timer: Timer | null = null;
  #releaseGate: () => void = () => {};
  #launching = false;
  #treeCheckPending = false;

  constructor(options: WorkerOptions) {
    const { ports, spec, instance, generation } = options;
    this.#options = options;
    this.#spec = spec;
    this.instance = instance;
    this.generation = generation;
    this.#state = firstState(spec, ports.clock.now());
    this.#signs = this.#newSigns(ports.clock.now());
    this.#logs = new WorkerLogs(ports.logs);
    this.#id = this.#newId();
  }

  get id(): WorkerId {
    return this.#id;
  }

  get spec(): AppSpec {
    return this.#spec;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Why it is not ready yet, to complete "it did not …". */
  get waitingFor(): string {
    return this.#signs.waitingFor;
  }

  /** The addresses that its servers asked for. */
  get requested(): readonly string[] {
    return this.#signs.requested();
  }

  /** The addresses that its servers got. */
  get bound(): readonly string[] {
    return this.#signs.bound();
  }

  /** A successor can share everything that it listens on. */
  get handsOver(): boolean {
    const { key, ports } = this.#options;
    return this.#signs.handsOver((name) => ports.vault.holds(key, name));
  }

  /** The last lines that the present process wrote, or the last one if none runs; oldest first. */
  lastLines(count: number): readonly string[] {
    return this.#logs.lastLines(count);
  }

  start(): void {
    this.#spawnInTurn();
    this.#settle();
  }

  /** `handover`: a successor serves already. */
  stop({ handover }: { readonly handover: boolean }): void {
    this.#handle({ type: 'stop-requested', handover });
  }

  /** Settings that do not touch the process: they hold from its next event on. */
  update(spec: AppSpec): void {
    this.#spec = spec;
  }

  /** Takes over what an earlier daemon started; the record has been found to be alive, or to need no process. */
  adopt(record: WorkerRecord, state: WorkerState): void {
    const { ports } = this.#options;
    const { process: identity, id } = record;
    const startedAt = record.startedAt ?? ports.clock.wallTime();
    this.#id = id;
    this.#lastExit = record.lastExit;
    this.#state = state;
    if (identity !== null) {
      this.#process = new WorkerProcess({ id, identity, launched: null, startedAt, ports });
      this.#signs = this.#newSigns(ports.clock.now() - Math.max(0, ports.clock.wallTime() - startedAt));
      ports.emit({ type: 'worker-adopted', worker: id, pid: identity.pid });
    }
    this.#settle();
  }

  /** No daemon watched when it ended; what follows is the same as if one had. */
  adoptExit(cause: ExitCause): void {
    this.#process?.markExited();
    this.#noteExit(cause);
    this.#handle({ type: 'exited', cause, treeGone: false });
  }

  /** What the preload says. Messages of an earlier process of this worker never come here: they carry another id. */
  receive(message: WorkerMessage): void {
    if (message.type === 'drained') return this.#handle({ type: 'drained' });
    this.#signs.note(message);
    if (message.type === 'turned') this.#releaseGate();
    this.#tick();
    this.#options.onChange();
  }

  /** The preload's connection has ended: the process is about to, or has. */
  linkClosed(): void {
    this.#tick();
  }

  observe(current: boolean): ObservedWorker {
    const { key, ports } = this.#options;
    const files = logFiles(this.#spec, { key, instance: this.instance }, ports.surroundings.home);
    return observedWorker(this.#facts(), {
      current,
      files,
      signs: this.#signs,
      handsOver: this.handsOver,
      clock: ports.clock,
    });
  }

  /** Lets go without touching the process: the daemon is about to end, the worker is not. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#releaseGate();
  }

  #handle(event: WorkerEvent): void {
    const { ports, onChange } = this.#options;
    const before = this.#state;
    const { state, effects } = transition(before, event, {
      policy: this.#spec,
      now: ports.clock.now(),
      random: ports.random(),
      drainable: this.#signs.registered === true && this.#signs.bound().length > 0,
    });
    // Whoever hears of a change may ask again for what is under way: were that a change, the two would never rest.
    if (state === before && effects.length === 0) return this.#settle();
    this.#state = this.#withCause(state);
    for (const effect of effects) this.#carryOut(effect);
    if (before.phase !== 'ready' && state.phase === 'ready') ports.emit({ type: 'worker-ready', worker: this.#id });
    if (before.phase === 'starting' && state.phase !== 'starting') this.#releaseGate();
    this.#settle();
    onChange();
  }

  /** "Not ready in time" says what was missing, which only the shell knows. */
  #withCause(state: WorkerState): WorkerState {
    if (state.phase !== 'stopping' || state.afterwards.type !== 'count-as-crash') return state;
    const { cause } = state.afterwards;
    if (cause.type !== 'not-ready-in-time') return state;
    return { ...state, afterwards: { ...state.afterwards, cause: { ...cause, waitingFor: this.waitingFor } } };
  }

  #carryOut(effect: WorkerEffect): void {
    const { ports } = this.#options;
    switch (effect.type) {
      case 'spawn':
        ports.journal.forget(this.#id);
        this.#id = this.#newId();
        return this.#spawnInTurn();
      case 'drain':
        return ports.tell(this.#id, { type: 'drain', within: effect.within, handover: effect.handover });
      case 'signal-stop':
        if (this.#process === null && !this.#launching) return this.#neverSpawned();
        return this.#process?.signalTree(this.#signs.stopSignal(this.#spec.stopSignal));
      case 'kill-tree':
        return this.#process?.signalTree('SIGKILL');
      default:
        return unreachable(effect);
    }
  }

  /** It was still waiting for its turn to start: there is no process that could end. */
  #neverSpawned(): void {
    this.#releaseGate();
    this.#handle({ type: 'exited', cause: { type: 'unknown' }, treeGone: true });
  }

  #spawnInTurn(): void {
    const { ports } = this.#options;
    this.#process = null;
    this.#signs = this.#newSigns(ports.clock.now());
    this.#releaseGate = ports.gate.request(() => {
      // Not awaited: what comes of it arrives as an event.
      if (this.#state.phase === 'starting') void this.#spawn();
      else this.#releaseGate();
    });
  }

  async #spawn(): Promise<void> {
    const { ports, key, revision } = this.#options;
    const id = this.#id;
    const sockets = ports.vault.known(key);
    const request = launchRequest(
      this.#spec,
      { key, id, instance: this.instance, revision, sockets },
      ports.surroundings,
    );
    this.#save();
    this.#logs.beginRun(request);
    this.#launching = true;
    const launched = await ports.launch(request, this.#listenerFor(id));
    this.#launching = false;
    if ('type' in launched) return this.#exited(id, launched);
    const { pid, startTime } = launched;
    const identity = { pid, startTime, bootId: ports.processes.bootId };
    this.#process = new WorkerProcess({ id, identity, launched, startedAt: ports.clock.wallTime(), ports });
    this.#signs.spawnedAt = ports.clock.now();
    if (!isNodeProgram(this.#spec)) this.#releaseGate();
    ports.emit({ type: 'worker-started', worker: id, pid });
    // It was asked to stop while the system was starting it.
    if (this.#state.phase === 'stopping') this.#process.signalTree(this.#signs.stopSignal(this.#spec.stopSignal));
    this.#handle({ type: 'spawned' });
    this.#tick();
  }

  #listenerFor(id: WorkerId): LaunchListener {
    const { ports, key } = this.#options;
    return {
      onExit: (cause) => this.#exited(id, cause),
      onInternalMessage: (message, handle) => {
        if (id === this.#id) answerIpc(message, handle, { key, vault: ports.vault, send: this.#process?.send });
      },
    };
  }

  #exited(id: WorkerId, cause: ExitCause): void {
    if (id !== this.#id) return;
    this.#noteExit(cause);
    if (this.#process === null) return this.#handle({ type: 'exited', cause, treeGone: true });
    this.#process.markExited();
    this.#process.inspectTree((living) => {
      if (id === this.#id) this.#handle({ type: 'exited', cause, treeGone: living.length === 0 });
    });
  }

  #noteExit(cause: ExitCause): void {
    const expected = this.#state.phase === 'stopping' || this.#state.phase === 'draining';
    this.#lastExit = cause;
    this.#options.ports.emit({ type: 'worker-exited', worker: this.#id, cause, expected });
  }

  /** After anything that happened: writes it down and sets the one timer to whatever is due first. */
  #settle(): void {
    const { clock } = this.#options.ports;
    this.#save();
    this.#timer?.cancel();
    const due = this.#nextDue();
    this.#timer = due === null ? null : clock.after(due - clock.now(), () => this.#tick());
  }

  #nextDue(): Instant | null {
    const now = this.#options.ports.clock.now();
    const moments = [deadlineOf(this.#state)];
    if (this.#state.phase === 'starting') moments.push(this.#signs.lookAgainAt);
    if (this.#state.phase === 'stopping' && this.#process?.exited === true) moments.push(now + TREE_POLL);
    if (this.#process?.adopted === true && !this.#process.exited) moments.push(now + ADOPTED_POLL);
    const due = moments.filter((moment): moment is Instant => moment !== null && Number.isFinite(moment));
    return due.length === 0 ? null : Math.min(...due);
  }

  #tick(): void {
    const now = this.#options.ports.clock.now();
    const running = this.#process?.exited === false ? this.#process : null;
    if (running?.adopted === true && !running.isAlive()) return this.#exited(this.#id, this.#signs.exitCause());
    const deadline = deadlineOf(this.#state);
    if (deadline !== null && deadline <= now) return this.#handle({ type: 'deadline-reached' });
    if (this.#state.phase === 'stopping' && this.#process?.exited === true) this.#checkTree(this.#process);
    // A task has no readiness to wait for: its end is what counts.
    const awaited = this.#state.phase === 'starting' && this.#spec.kind === 'service';
    if (awaited && running !== null) return this.#judge(now);
    this.#settle();
  }

  #judge(now: Instant): void {
    const { expected, minReady } = this.#options;
    const verdict = judgeReadiness({ readiness: this.#spec.readiness, expected, minReady }, this.#signs.read(), now);
    if (verdict.type === 'ready') return this.#handle({ type: 'became-ready', provedFor: verdict.provedFor });
    this.#signs.lookAgainAt = verdict.at;
    this.#signs.waitingFor = verdict.for;
    this.#settle();
  }

  #checkTree(ended: WorkerProcess): void {
    if (this.#treeCheckPending) return;
    this.#treeCheckPending = true;
    ended.inspectTree((living) => {
      this.#treeCheckPending = false;
      if (ended === this.#process && living.length === 0) this.#handle({ type: 'tree-gone' });
    });
  }

  #save(): void {
    const { journal } = this.#options.ports;
    if (this.#state.phase === 'stopped') journal.forget(this.#id);
    else journal.save(workerRecord(this.#facts()));
  }

  #facts(): WorkerFacts {
    const { key, instance, generation } = this.#options;
    return {
      id: this.#id,
      key,
      instance,
      generation,
      state: this.#state,
      process: this.#process,
      lastExit: this.#lastExit,
    };
  }

  #newSigns(spawnedAt: Instant): WorkerSigns {
    return new WorkerSigns(spawnedAt, isNodeProgram(this.#spec) ? false : null);
  }

  #newId(): WorkerId {
    return workerId(this.#options.key, this.instance, this.#options.nextStartNumber());
  }
}
