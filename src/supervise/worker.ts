// oxlint-disable max-lines -- the shell of one machine: what its parts have in common is the state of one process, which would have to be shared
import { preloadWay, type AppSpec } from '../domain/app-spec.ts';
import { workerId, type WorkerId } from '../domain/names.ts';
import { earliest, type Instant, type Milliseconds } from '../domain/time.ts';
import { condemnation, type ExitCause, type ObservedWorker, type WorkerState } from '../domain/worker-state.ts';
import type { Timer } from '../platform/clock.ts';
import type { LaunchListener } from '../platform/launcher.ts';
import { dropHandle } from '../platform/listening-socket.ts';
import type { MeterRoot } from '../platform/process-meter.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import { unreachable } from '../util/unreachable.ts';
import type { SlotServer } from './lent-slots.ts';
import type { WorkerRecord } from './ports.ts';
import { judgeReadiness } from './readiness.ts';
import { nextAttempt } from './restart-policy.ts';
import type { SampledWorker } from './sampler.ts';
import type { Asker } from './socket-vault.ts';
import { nextUse, overMemory, type MemberUse, type TreeUse } from './tree-use.ts';
import {
  deadlineOf,
  firstState,
  transition,
  withReason,
  type ResetRequested,
  type WorkerEffect,
  type WorkerEvent,
} from './worker-machine.ts';
import { fileNameOf, logFiles, type LogFiles } from './worker-launch.ts';
import { exitCause, observedWorker, workerRecord, type WorkerFacts } from './worker-facts.ts';
import { WorkerLogs } from './worker-logs.ts';
import type { Retirement, WorkerOptions } from './worker-options.ts';
import { WorkerProbes } from './worker-probes.ts';
import { WorkerProcess } from './worker-process.ts';
import { WorkerSigns } from './worker-signs.ts';
import { WorkerSockets } from './worker-sockets.ts';
import { WorkerStart } from './worker-start.ts';

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
  readonly #probes: WorkerProbes;
  readonly #start: WorkerStart;
  #spec: AppSpec;
  #state: WorkerState;
  #id: WorkerId;
  #process: WorkerProcess | null = null;
  #signs: WorkerSigns;
  #sockets: WorkerSockets;
  #lastExit: ExitCause | null = null;
  #timer: Timer | null = null;
  #releaseGate: () => void = () => {};
  /** Its pre_stop hook runs. */
  #leaving = false;
  #treeCheckPending = false;
  #use: TreeUse | null = null;
  #retirement: Retirement | null = null;

  constructor(options: WorkerOptions) {
    const { ports, spec, instance, generation, predecessor } = options;
    this.#options = options;
    this.#spec = spec;
    this.instance = instance;
    this.generation = generation;
    const first = firstState(spec, ports.clock.now());
    this.#state = predecessor === null ? first : { ...first, restarts: predecessor.restarts };
    this.#lastExit = predecessor?.cause ?? null;
    this.#id = this.#newId();
    this.#signs = newSigns(spec, ports.clock.now());
    this.#sockets = this.#newSockets();
    this.#logs = new WorkerLogs(ports.logs);
    this.#start = new WorkerStart({ ...options, logs: this.#logs });
    this.#probes = new WorkerProbes({
      ports,
      onSign: () => this.#tick(),
      onFailed: (cause) => this.#handle({ type: 'condemned', cause }),
    });
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

  get sockets(): WorkerSockets {
    return this.#sockets;
  }

  /** As what decides who accepts where sees it. */
  get slotServer(): SlotServer {
    const { requested, bound } = this.#sockets;
    const listensOn = this.#process?.exited === false ? [...requested, ...bound] : [];
    return { instance: this.instance, phase: this.#state.phase, listensOn };
  }

  /** Why not all of its limits hold; null if they do. */
  get unlimited(): string | null {
    return this.#start.unlimited;
  }

  /** Why a successor is to take its place; null: it stays. */
  get retirement(): Retirement | null {
    return this.#retirement;
  }

  get meterRoot(): MeterRoot | null {
    return this.#process?.exited === false ? this.#process.identity : null;
  }

  get memoryWatch(): SampledWorker['memoryWatch'] {
    if (this.#spec.maxMemoryRestart === null) return 'none';
    return this.#use === null || this.#use.aboveSince === null ? 'limited' : 'above';
  }

  /** Its preload reports. */
  get managed(): boolean {
    return this.#signs.registered === true;
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
    if (this.#spec.hooks.preStop === null || this.#state.phase !== 'ready')
      return this.#handle({ type: 'stop-requested', handover });
    // Not awaited: what comes of it arrives as an event.
    if (!this.#leaving) void this.#stopAfterHook(handover);
  }

  async #stopAfterHook(handover: boolean): Promise<void> {
    this.#leaving = true;
    await this.#start.preStop(this.#id, this.#spec);
    this.#leaving = false;
    this.#handle({ type: 'stop-requested', handover });
  }

  kill(): void {
    this.#process?.signalTree('SIGKILL');
  }

  /** Settings that do not touch the process: they hold from its next event on. */
  update(spec: AppSpec): void {
    this.#spec = spec;
    this.#probes.update(spec);
    this.#settle();
  }

  /** Answers the pid that was signalled; null if no process runs. */
  signal(signal: NodeJS.Signals): number | null {
    return this.#process?.signal(signal) === true ? this.#process.identity.pid : null;
  }

  /** Counts its restarts from zero again. */
  reset(): void {
    this.#handle({ type: 'reset-requested' });
  }

  /** Takes over what an earlier daemon started; the record has been found to be alive, or to need no process. */
  adopt(record: WorkerRecord, state: WorkerState): void {
    const { ports } = this.#options;
    const { process: identity, id } = record;
    const startedAt = record.startedAt ?? ports.clock.wallTime();
    this.#id = id;
    this.#lastExit = record.lastExit;
    this.#state = state;
    const { retiring = null, unlimited = null } = record;
    const { total, inSeries } = state.restarts;
    this.#retirement = retiring === null ? null : { cause: retiring, restarts: { total: total + 1, inSeries } };
    if (identity !== null) {
      this.#process = new WorkerProcess({
        id,
        identity,
        launched: null,
        startedAt,
        wholeTree: () => this.#spec.treekill,
        ports,
      });
      this.#beAnother(ports.clock.now() - Math.max(0, ports.clock.wallTime() - startedAt));
      this.#logs.resumeRun(this.#files(), record.logStart);
      this.#beginProbes();
      this.#start.resume(this.#spec, unlimited);
      ports.emit({ type: 'worker-adopted', worker: id, pid: identity.pid });
    }
    this.#settle();
  }

  /** What an earlier daemon was about to start. */
  startAgain(): void {
    this.#options.ports.journal.forget(this.#id);
    this.#id = this.#newId();
    this.start();
  }

  /** No daemon watched when it ended; what follows is the same as if one had. */
  adoptExit(code: number | null): void {
    const cause = exitCause(code);
    this.#process?.markExited();
    this.#noteExit(cause);
    this.#handle({ type: 'exited', cause, treeGone: false });
  }

  /** Adopted, and not heard of since: what it listens on is not known yet, or not shared with this daemon. */
  isMissed(expected: readonly string[]): boolean {
    const running = this.#process?.exited === false ? this.#process : null;
    const leaving = this.#state.phase === 'draining' || this.#state.phase === 'stopping';
    if (running?.adopted !== true || leaving) return false;
    if (preloadWay(this.#spec) === 'argument') return !this.#signs.told || !this.#sockets.handsOver;
    return !this.#signs.told && expected.length > 0;
  }

  /** What the preload says. Messages of an earlier process of this worker never come here: they carry another id. */
  receive(message: WorkerMessage): void {
    if (message.type === 'answered') return this.#probes.receive(message);
    if (message.type === 'drained') return this.#handle({ type: 'drained' });
    this.#signs.note(message);
    // Numbers change nothing.
    if (message.type === 'stats') return;
    if (message.type === 'turned') this.#releaseGate();
    this.#tick();
    this.#options.onChange();
  }

  /** The preload's connection has ended: the process is about to, or has. */
  linkClosed(): void {
    // Below a wrapper another process may take its place.
    if (preloadWay(this.#spec) === 'environment') this.#signs.forget();
    this.#tick();
  }

  observe(current: boolean): ObservedWorker {
    const { clock } = this.#options.ports;
    const { handsOver } = this.#sockets;
    return observedWorker(this.#facts(), { current, files: this.#files(), signs: this.#signs, handsOver, clock });
  }

  askForStats(): void {
    if (this.managed) this.#options.ports.tell(this.#id, { type: 'report' });
  }

  /** What its processes use now. */
  measured(members: readonly MemberUse[]): void {
    const { clock } = this.#options.ports;
    const limit = this.#spec.maxMemoryRestart;
    const runningFor = clock.wallTime() - (this.#process?.startedAt ?? clock.wallTime());
    this.#use = nextUse(this.#use, members, { now: clock.now(), runningFor, limit });
    const cause = overMemory(this.#use, limit);
    if (cause !== null) this.#outgrow(cause);
  }

  /** Lets go without touching the process: the daemon is about to end, the worker is not. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#probes.end();
    this.#releaseGate();
  }

  #handle(event: WorkerEvent | ResetRequested): void {
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
    this.#state = withReason(state, this.waitingFor);
    for (const effect of effects) this.#carryOut(effect);
    if (before.phase !== 'ready' && state.phase === 'ready') {
      ports.emit({ type: 'worker-ready', worker: this.#id });
      // Not awaited: nobody waits for it.
      if (this.#spec.hooks.postReady !== null) void this.#start.postReady(this.#id, this.#spec);
    }
    if (before.phase === 'starting' && state.phase !== 'starting') this.#releaseGate();
    this.#settle();
    onChange();
  }

  /** Needs too much, but serves: a successor comes first, after a delay as before any other restart. */
  #outgrow(cause: ExitCause): void {
    const { ports, onChange } = this.#options;
    if (this.#spec.kind === 'task') return this.#handle({ type: 'condemned', cause });
    if (this.#state.phase !== 'ready' || this.#retirement !== null) return;
    const now = ports.clock.now();
    const { restarts, since } = this.#state;
    const next = nextAttempt(this.#spec, { readyFor: now - since, restarts, now, random: ports.random() });
    if (now - since < next.delay) return;
    this.#retirement = { cause, restarts: next.restarts };
    ports.emit({ type: 'worker-retired', worker: this.#id, cause });
    this.#save();
    onChange();
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
        if (this.#process === null && !this.#start.underWay) return this.#neverSpawned();
        return this.#askToStop();
      case 'kill-tree':
        return this.#process?.signalTree('SIGKILL');
      default:
        return unreachable(effect);
    }
  }

  /** PM2's `shutdown_with_message` is for programs that cannot take signals; others hear nothing of it. */
  #askToStop(): void {
    if (this.#process === null) this.#start.abort();
    const hears = this.#signs.registered === true && this.#process?.exited === false;
    if (this.#spec.shutdownWithMessage && hears)
      return this.#options.ports.tell(this.#id, { type: 'message', payload: 'shutdown' });
    this.#process?.signalTree(this.#signs.stopSignal(this.#spec.stopSignal));
  }

  /** It was still waiting for its turn to start: there is no process that could end. */
  #neverSpawned(): void {
    this.#releaseGate();
    this.#handle({ type: 'exited', cause: { type: 'unknown' }, treeGone: true });
  }

  #spawnInTurn(): void {
    const { ports } = this.#options;
    this.#process = null;
    this.#use = null;
    this.#beAnother(ports.clock.now());
    this.#releaseGate = ports.gate.request(() => {
      // Not awaited: what comes of it arrives as an event.
      if (this.#state.phase === 'starting') void this.#spawn();
      else this.#releaseGate();
    });
  }

  async #spawn(): Promise<void> {
    const { ports } = this.#options;
    const id = this.#id;
    this.#save();
    const launched = await this.#start.launch({
      id,
      spec: () => this.#spec,
      asker: this.#asker(),
      listener: this.#listenerFor(id),
      isWanted: () => this.#state.phase === 'starting',
    });
    if ('type' in launched) return this.#exited(id, launched);
    const { pid, startTime } = launched;
    const identity = { pid, startTime, bootId: ports.processes.bootId };
    this.#process = new WorkerProcess({
      id,
      identity,
      launched,
      startedAt: ports.clock.wallTime(),
      wholeTree: () => this.#spec.treekill,
      ports,
    });
    this.#signs.spawnedAt = ports.clock.now();
    this.#beginProbes();
    if (preloadWay(this.#spec) !== 'argument') this.#releaseGate();
    ports.emit({ type: 'worker-started', worker: id, pid });
    // It was asked to stop while the system was starting it.
    if (this.#state.phase === 'stopping') this.#process.signalTree(this.#signs.stopSignal(this.#spec.stopSignal));
    this.#handle({ type: 'spawned' });
    this.#tick();
  }

  #listenerFor(id: WorkerId): LaunchListener {
    return {
      onExit: (cause) => this.#exited(id, cause),
      onInternalMessage: (message, handle) => {
        if (id === this.#id) this.#sockets.answer(message, handle, this.#process?.send);
        else dropHandle(handle);
      },
    };
  }

  #exited(id: WorkerId, cause: ExitCause): void {
    if (id !== this.#id) return;
    this.#noteExit(cause);
    if (this.#process === null) return this.#handle({ type: 'exited', cause, treeGone: true });
    this.#process.markExited();
    // Its siblings take its connections from here on, however long the rest takes.
    this.#options.onChange();
    this.#process.inspectTree((living) => {
      if (id === this.#id) this.#handle({ type: 'exited', cause, treeGone: living.length === 0 });
    });
  }

  /** Where it had to be ended, the reason for that says more than how it ended. */
  #noteExit(cause: ExitCause): void {
    const state = this.#state;
    const expected = state.phase === 'stopping' || state.phase === 'draining';
    this.#lastExit = condemnation(state) ?? cause;
    this.#options.ports.emit({ type: 'worker-exited', worker: this.#id, cause, expected });
    if (this.#spec.limits !== null) this.#options.ports.cgroups.leave(fileNameOf(this.#id));
  }

  /** After anything that happened: writes it down and sets the one timer to whatever is due first. */
  #settle(): void {
    const { clock } = this.#options.ports;
    this.#save();
    if (this.#state.phase === 'ready') this.#probes.ask('liveness');
    else if (this.#state.phase !== 'starting') this.#probes.end();
    this.#timer?.cancel();
    const due = this.#nextDue();
    this.#timer = due === null ? null : clock.after(due - clock.now(), () => this.#tick());
  }

  #nextDue(): Instant | null {
    const { phase } = this.#state;
    const now = this.#options.ports.clock.now();
    const left = phase === 'stopping' && this.#process?.exited === true;
    const unwatched = this.#process?.adopted === true && !this.#process.exited;
    return earliest([
      deadlineOf(this.#state),
      phase === 'starting' ? this.#signs.lookAgainAt : null,
      left ? now + TREE_POLL : null,
      unwatched ? now + ADOPTED_POLL : null,
    ]);
  }

  #tick(): void {
    const now = this.#options.ports.clock.now();
    const running = this.#process?.exited === false ? this.#process : null;
    if (running?.adopted === true && !running.isAlive())
      return this.#exited(this.#id, exitCause(this.#options.ports.journal.exitCodeOf(this.#id)));
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
    const signs = this.#signs.read(this.#probes.read());
    const verdict = judgeReadiness({ readiness: this.#spec.readiness, expected, minReady }, signs, now);
    if (verdict.type === 'failed') return this.#handle({ type: 'condemned', cause: verdict.cause });
    if (verdict.type === 'ready') return this.#handle({ type: 'became-ready', provedFor: verdict.provedFor });
    this.#probes.ask(verdict.ask ?? null);
    this.#signs.lookAgainAt = this.#probes.nextReading(now) ?? verdict.at;
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
      logStart: this.#logs.start,
      retirement: this.#retirement,
      use: this.#use,
      unlimited: this.unlimited,
    };
  }

  #files(): LogFiles {
    const { key, ports } = this.#options;
    return logFiles(this.#spec, { key, instance: this.instance }, ports.surroundings.home);
  }

  #beginProbes(): void {
    const environment = () => this.#start.environment(this.#id, this.#spec);
    this.#probes.begin({
      id: this.#id,
      spec: this.#spec,
      signs: this.#signs,
      files: this.#files(),
      logStart: this.#logs.start,
      adopted: this.#process?.adopted === true,
      environment,
    });
  }

  /** For a process of its own, of which nothing is known yet. */
  #beAnother(spawnedAt: Instant): void {
    this.#signs = newSigns(this.#spec, spawnedAt);
    this.#sockets = this.#newSockets();
  }

  #newSockets(): WorkerSockets {
    const { ports, onChange } = this.#options;
    return new WorkerSockets({ id: this.#id, asker: this.#asker(), signs: this.#signs, ports, onChange });
  }

  /** Its own place at each port, where every worker has a socket of its own. */
  #asker(): Asker {
    return { key: this.#options.key, slot: this.#spec.balance === 'reuseport' ? this.instance : null };
  }

  #newId(): WorkerId {
    return workerId(this.#options.key, this.instance, this.#options.nextStartNumber());
  }
}

function newSigns(spec: AppSpec, spawnedAt: Instant): WorkerSigns {
  return new WorkerSigns(spawnedAt, preloadWay(spec) === 'argument' ? false : null);
}
