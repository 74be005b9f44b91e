import { isNodeProgram, type AppSpec } from '../domain/app-spec.ts';
import { workerId, type AppKey, type WorkerId } from '../domain/names.ts';
import type { Instant, Milliseconds, Timestamp } from '../domain/time.ts';
import type { ExitCause, ObservedWorker, WorkerState } from '../domain/worker-state.ts';
import type { Timer } from '../platform/clock.ts';
import type { LaunchedProcess } from '../platform/launcher.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import { equalJson } from '../util/compare.ts';
import { unreachable } from '../util/unreachable.ts';
import { answerIpc } from './ipc-handles.ts';
import type { ProcessIdentity, SupervisePorts, WorkerRecord } from './ports.ts';
import { judgeReadiness, type ExpectedSockets } from './readiness.ts';
import { deadlineOf, firstState, isDead, transition, type WorkerEffect, type WorkerEvent } from './worker-machine.ts';
import { ecoIdOf, launchRequest, logFiles } from './worker-launch.ts';
import { noSigns, WorkerSigns } from './worker-signs.ts';

export interface WorkerOptions {
  readonly key: AppKey;
  readonly instance: number;
  /** Which replacement of the app's processes it belongs to. */
  readonly generation: number;
  /** What the worker is told in ECO_REVISION. */
  readonly revision: number;
  readonly spec: AppSpec;
  readonly expected: ExpectedSockets;
  readonly minReady: Milliseconds;
  readonly ports: SupervisePorts;
  /** A number that no other process of this app ever had. */
  readonly nextStartNumber: () => number;
  readonly onChange: () => void;
}

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
  #options: WorkerOptions;
  #spec: AppSpec;
  #state: WorkerState;
  #id: WorkerId;
  #process: RunningProcess | null = null;
  #signs: WorkerSigns = noSigns(0, null);
  #lastExit: ExitCause | null = null;
  #timer: Timer | null = null;
  #releaseGate: () => void = () => {};
  #treeCheckPending = false;
  #launching = false;
  #logOffsets: LogOffsets = { out: 0, error: 0 };

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.instance = options.instance;
    this.generation = options.generation;
    this.#state = firstState(options.spec, options.ports.clock.now());
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

  /** Started by an earlier daemon. */
  get adopted(): boolean {
    return this.#process !== null && this.#process.launched === null;
  }

  /** The last lines that the present process wrote, or the last one if none runs; oldest first. */
  lastLines(count: number): readonly string[] {
    const { ports, key } = this.#options;
    const { outFile, errorFile } = logFiles(this.#spec, { key, instance: this.instance }, ports.surroundings.home);
    const out = outFile === null ? [] : ports.logs.lastLines(outFile, count, this.#logOffsets.out);
    if (errorFile === null || errorFile === outFile) return out;
    return [...out, ...ports.logs.lastLines(errorFile, count, this.#logOffsets.error)].slice(-count);
  }

  start(): void {
    this.#spawnInTurn();
    this.#settle();
  }

  stop({ handover }: { readonly handover: boolean }): void {
    this.#handle({ type: 'stop-requested', handover });
  }

  startAgain(): void {
    this.#handle({ type: 'start-requested' });
  }

  /** Settings that do not touch the process: they hold from its next event on. */
  update(spec: AppSpec): void {
    this.#spec = spec;
  }

  signal(signal: NodeJS.Signals): boolean {
    return this.#process !== null && this.#options.ports.processes.signal(this.#process.identity.pid, signal);
  }

  /** Takes over what an earlier daemon started; the record has been found to be alive, or to need no process. */
  adopt(record: WorkerRecord, state: WorkerState): void {
    this.#id = record.id;
    this.#lastExit = record.lastExit;
    this.#state = state;
    const { process, startedAt } = record;
    const now = this.#options.ports.clock.now();
    const { wallTime } = this.#options.ports.clock;
    if (process !== null) {
      const age = Math.max(0, wallTime() - (startedAt ?? wallTime()));
      this.#process = { identity: process, launched: null, startedAt: startedAt ?? wallTime(), exited: false };
      this.#signs = noSigns(now - age, isNodeProgram(this.#spec) ? false : null);
      this.#options.ports.emit({ type: 'worker-adopted', worker: this.#id, pid: process.pid });
    }
    this.#settle();
  }

  /** No daemon watched when it ended; what follows is the same as if one had. */
  adoptExit(cause: ExitCause): void {
    this.#handle({ type: 'exited', cause, treeGone: false });
  }

  /** What the preload says. Messages of an earlier process of this worker never come here: they carry another id. */
  receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'turned':
        this.#releaseGate();
        break;
      case 'drained':
        return this.#handle({ type: 'drained' });
      case 'exiting':
        this.#signs.exitCode = message.code;
        return;
      case 'register':
      case 'listening':
      case 'closed':
      case 'ready':
      case 'signals':
        break;
      default:
        return unreachable(message);
    }
    this.#signs.note(message);
    this.#tick();
    this.#options.onChange();
  }

  /** The preload's connection has ended: the process is about to, or has. */
  linkClosed(): void {
    this.#tick();
  }

  observe(current: boolean): ObservedWorker {
    const { clock, surroundings } = this.#options.ports;
    const { outFile, errorFile } = logFiles(this.#spec, { key: this.#options.key, instance: this.instance }, surroundings.home);
    const process = this.#process?.exited === false ? this.#process : null;
    const info = process === null ? null : this.#options.ports.processes.read(process.identity.pid);
    return {
      id: this.#id,
      instance: this.instance,
      pid: process?.identity.pid ?? null,
      phase: this.#state.phase,
      restarts: this.#state.restarts.total,
      startedAt: process?.startedAt ?? null,
      uptime: process === null ? null : clock.wallTime() - process.startedAt,
      lastExit: this.#lastExit,
      current,
      managed: this.#signs.registered === true,
      listening: this.#signs.bound(),
      outFile,
      errorFile,
      retryIn: this.#state.phase === 'backing-off' ? Math.max(0, Math.round(this.#state.retryAt - clock.now())) : null,
      memoryBytes: info?.memoryBytes ?? null,
      cpuPercent: null,
    };
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
    const { state, effects } = transition(this.#state, event, {
      policy: this.#spec,
      now: ports.clock.now(),
      random: ports.random(),
      drainable: this.#signs.registered === true && this.#signs.bound().length > 0,
    });
    const changed = effects.length > 0 || !equalJson(state, this.#state);
    this.#state = this.#withCause(state);
    for (const effect of effects) this.#carryOut(effect);
    if (before !== 'ready' && state.phase === 'ready') ports.emit({ type: 'worker-ready', worker: this.#id });
    if (before === 'starting' && state.phase !== 'starting') this.#releaseGate();
    this.#settle();
    // Whoever hears of a change may ask again for what is under way already: without this, the two would never rest.
    if (changed) onChange();
  }

  /** "Not ready in time" says what was missing, which only the shell knows. */
  #withCause(state: WorkerState): WorkerState {
    if (state.phase !== 'stopping' || state.then.type !== 'count-as-crash') return state;
    const { cause } = state.then;
    if (cause.type !== 'not-ready-in-time') return state;
    return { ...state, then: { ...state.then, cause: { ...cause, waitingFor: this.waitingFor } } };
  }

  #carryOut(effect: WorkerEffect): void {
    switch (effect.type) {
      case 'spawn':
        this.#options.ports.journal.forget(this.#id);
        this.#id = this.#newId();
        return this.#spawnInTurn();
      case 'drain':
        return this.#options.ports.tell(this.#id, { type: 'drain', within: effect.within, handover: effect.handover });
      case 'signal-stop':
        if (this.#process === null && !this.#launching) return this.#neverSpawned();
        return this.#signalTree(this.#stopSignal());
      case 'kill-tree':
        return this.#signalTree('SIGKILL');
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
    this.#process = null;
    this.#signs = noSigns(this.#options.ports.clock.now(), isNodeProgram(this.#spec) ? false : null);
    this.#releaseGate = this.#options.ports.gate.request(() => {
      if (this.#state.phase === 'starting') void this.#spawn();
      else this.#releaseGate();
    });
  }

  async #spawn(): Promise<void> {
    const { ports, key } = this.#options;
    const id = this.#id;
    const identity = { key, id, instance: this.instance, revision: this.#options.revision, sockets: ports.vault.known(key) };
    this.#save();
    const request = launchRequest(this.#spec, identity, ports.surroundings);
    this.#logOffsets = { out: ports.logs.sizeOf(request.outFile), error: ports.logs.sizeOf(request.errorFile) };
    this.#launching = true;
    const launched = await ports.launch(request, {
      onExit: (cause) => this.#exited(id, cause),
      onInternalMessage: (message, handle) => {
        if (id === this.#id) answerIpc(message, handle, { key, vault: ports.vault, send: this.#process?.launched?.send });
      },
    });
    this.#launching = false;
    if ('type' in launched) return this.#exited(id, launched);
    const { pid, startTime } = launched;
    const process = { pid, startTime, bootId: ports.processes.bootId };
    this.#process = { identity: process, launched, startedAt: ports.clock.wallTime(), exited: false };
    this.#signs.spawnedAt = ports.clock.now();
    if (!isNodeProgram(this.#spec)) this.#releaseGate();
    ports.emit({ type: 'worker-started', worker: id, pid });
    // It was asked to stop while the system was starting it.
    if (this.#state.phase === 'stopping') this.#signalTree(this.#stopSignal());
    this.#handle({ type: 'spawned' });
    this.#tick();
  }

  #exited(id: WorkerId, cause: ExitCause): void {
    if (id !== this.#id) return;
    const { processes, emit } = this.#options.ports;
    this.#lastExit = cause;
    const expected = this.#state.phase === 'stopping' || this.#state.phase === 'draining';
    emit({ type: 'worker-exited', worker: id, cause, expected });
    if (this.#process === null) return this.#handle({ type: 'exited', cause, treeGone: true });
    this.#process = { ...this.#process, exited: true };
    processes.inspect(this.#root(this.#process.identity), (living) => {
      if (id === this.#id) this.#handle({ type: 'exited', cause, treeGone: living.length === 0 });
    });
  }

  /** To the whole group, and to what has left it. */
  #signalTree(signal: NodeJS.Signals): void {
    const { processes } = this.#options.ports;
    if (this.#process === null) return;
    const { pid } = this.#process.identity;
    if (!this.#process.exited && this.#isAlive()) processes.signal(-pid, signal);
    processes.inspect(this.#root(this.#process.identity), (living) => {
      for (const member of living) if (signal === 'SIGKILL' || member.group !== pid) processes.signal(member.pid, signal);
    });
  }

  #stopSignal(): NodeJS.Signals {
    if (this.#spec.stopSignal !== 'auto') return this.#spec.stopSignal;
    const { handledSignals } = this.#signs;
    return handledSignals.includes('SIGINT') && !handledSignals.includes('SIGTERM') ? 'SIGINT' : 'SIGTERM';
  }

  /** After any change: writes it down and sets the one timer to whatever is due first. */
  #settle(): void {
    this.#save();
    this.#timer?.cancel();
    const due = this.#nextDue();
    const { clock } = this.#options.ports;
    this.#timer = due === null ? null : clock.after(due - clock.now(), () => this.#tick());
  }

  #nextDue(): Instant | null {
    const moments = [deadlineOf(this.#state), this.#signs.lookAgainAt, this.#treePollAt(), this.#adoptedPollAt()];
    const due = moments.filter((moment) => moment !== null && Number.isFinite(moment));
    return due.length === 0 ? null : Math.min(...due.map(Number));
  }

  #treePollAt(): Instant | null {
    const waits = this.#state.phase === 'stopping' && this.#process?.exited === true && !this.#treeCheckPending;
    return waits ? this.#options.ports.clock.now() + TREE_POLL : null;
  }

  #adoptedPollAt(): Instant | null {
    const isAdopted = this.#process !== null && this.#process.launched === null && !this.#process.exited;
    return isAdopted ? this.#options.ports.clock.now() + ADOPTED_POLL : null;
  }

  #tick(): void {
    const now = this.#options.ports.clock.now();
    const adopted = this.#process?.launched === null && !this.#process.exited;
    if (adopted && !this.#isAlive()) return this.#exited(this.#id, this.#exitOfAdopted());
    const deadline = deadlineOf(this.#state);
    if (deadline !== null && deadline <= now) return this.#handle({ type: 'deadline-reached' });
    if (this.#state.phase === 'stopping' && this.#process?.exited === true) this.#checkTree(this.#process.identity);
    if (this.#state.phase === 'starting' && this.#process !== null && !this.#process.exited) return this.#judge(now);
    this.#settle();
  }

  #judge(now: Instant): void {
    const { expected, minReady } = this.#options;
    const verdict = judgeReadiness({ readiness: this.#spec.readiness, expected, minReady }, this.#signs.read(), now);
    if (verdict.type === 'ready' && this.#spec.kind === 'service') {
      this.#signs.lookAgainAt = null;
      return this.#handle({ type: 'became-ready', provedFor: verdict.provedFor });
    }
    if (verdict.type === 'waiting') {
      this.#signs.lookAgainAt = verdict.at;
      this.#signs.waitingFor = verdict.for;
    }
    this.#settle();
  }

  #checkTree(identity: ProcessIdentity): void {
    const id = this.#id;
    if (this.#treeCheckPending) return;
    this.#treeCheckPending = true;
    this.#options.ports.processes.inspect(this.#root(identity), (living) => {
      this.#treeCheckPending = false;
      if (id !== this.#id) return;
      if (living.length === 0) this.#handle({ type: 'tree-gone' });
      else this.#settle();
    });
  }

  #isAlive(): boolean {
    if (this.#process === null) return false;
    const info = this.#options.ports.processes.read(this.#process.identity.pid);
    return info !== null && !info.zombie && info.startTime === this.#process.identity.startTime;
  }

  #exitOfAdopted(): ExitCause {
    const { exitCode } = this.#signs;
    return exitCode === null ? { type: 'unknown' } : { type: 'exit-code', code: exitCode };
  }

  #root({ pid, startTime }: ProcessIdentity) {
    return { pid, startTime, ecoId: ecoIdOf(this.#options.ports.surroundings.home, this.#id) };
  }

  #save(): void {
    const { journal } = this.#options.ports;
    if (this.#state.phase === 'stopped') return journal.forget(this.#id);
    const process = this.#process === null || (this.#process.exited && isDead(this.#state)) ? null : this.#process;
    journal.save({
      id: this.#id,
      key: this.#options.key,
      instance: this.instance,
      generation: this.generation,
      phase: this.#state.phase,
      restarts: this.#state.restarts.total,
      process: process?.identity ?? null,
      startedAt: process?.startedAt ?? null,
      lastExit: this.#lastExit,
    });
  }

  #newId(): WorkerId {
    return workerId(this.#options.key, this.instance, this.#options.nextStartNumber());
  }
}

interface LogOffsets {
  readonly out: number;
  readonly error: number;
}

interface RunningProcess {
  readonly identity: ProcessIdentity;
  /** null for an adopted process: it is no child of this daemon. */
  readonly launched: LaunchedProcess | null;
  readonly startedAt: Timestamp;
  readonly exited: boolean;
}
