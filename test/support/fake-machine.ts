import type { WatchRequest } from '../../src/supervise/source-watch.ts';
import type { SecretSource, Times } from '../../src/domain/app-spec.ts';
import { ok, type Result } from '../../src/domain/result.ts';
import type { EcoEvent } from '../../src/domain/event.ts';
import type { WorkerId } from '../../src/domain/names.ts';
import { formatSocketAddress, type SocketAddress } from '../../src/domain/socket-address.ts';
import type { ExitCause } from '../../src/domain/worker-state.ts';
import type { LaunchedProcess, LaunchListener, LaunchRequest } from '../../src/platform/launcher.ts';
import type { LineConnection } from '../../src/platform/line-server.ts';
import type { ProcessInfo, StartedProcess, TreeRoot } from '../../src/platform/process-table.ts';
import type { WorkerMessage } from '../../src/protocol/worker.ts';
import { bootGate } from '../../src/supervise/boot-gate.ts';
import type { SupervisePorts, WorkerPorts, WorkerRecord } from '../../src/supervise/ports.ts';
import type { AppStore } from '../../src/supervise/supervisor.ts';
import type { VaultSocket } from '../../src/supervise/socket-group.ts';
import { SocketVault } from '../../src/supervise/socket-vault.ts';
import { WorkerLinks, type LinkedWorker } from '../../src/supervise/worker-links.ts';
import { fakeClock } from './fake-clock.ts';

const HOME = '/home/eco';
export const BOOT_ID = 'this-boot';

/** A machine whose processes exist only in a table: what is started, signalled and written down is there to be read. */
export class FakeMachine {
  readonly clock = fakeClock();
  readonly started: FakeProcess[] = [];
  readonly table = new Map<number, ProcessInfo>();
  /** `5000 SIGKILL -101`: when, what, to whom; a negative number is a group. */
  readonly signals: string[] = [];
  readonly events: EcoEvent[] = [];
  readonly records = new Map<WorkerId, WorkerRecord>();
  /** What processes wrote of their own end. */
  readonly exitCodes = new Map<WorkerId, number>();
  /** Processes whose environment names a worker. */
  carriers: readonly StartedProcess[] = [];
  readonly ports: WorkerPorts;
  readonly vault = fakeVault();
  /** Done by each new process before its launch is answered. */
  onLaunch: (process: FakeProcess) => void = () => {};
  /** What each launch waits for; an ExitCause is answered instead of a process. */
  launching: () => Promise<ExitCause | null> = () => Promise.resolve(null);
  lastLines: (file: string, count: number) => readonly string[] = () => [];
  /** What programs wrote that nobody has read yet. */
  readonly written: string[] = [];
  /** Why limits do not hold. */
  cgroupProblem: string | null = null;
  readonly cgroups = new Set<string>();
  /** What answers a probe. */
  probe: SupervisePorts['probe'] = () => Promise.resolve({ well: true, said: 'it said 200' });
  secret: (source: SecretSource) => Promise<Result<string, string>> = ({ type }) => Promise.resolve(ok(`from ${type}`));
  runCommand: SupervisePorts['runCommand'] = () => Promise.resolve({ type: 'succeeded', output: '' });
  /** Every hour. */
  nextTime: (times: Times, from: number) => number | null = (_times, from) => from - (from % 3_600_000) + 3_600_000;
  watchers: { readonly request: WatchRequest; readonly onChange: (files: readonly string[]) => void }[] = [];
  /** Whose worker an id is, for what processes say. */
  find: (id: WorkerId) => LinkedWorker | undefined = () => undefined;
  readonly links = new WorkerLinks((id) => this.find(id));
  #nextPid = 101;

  constructor({ places = 100 }: { readonly places?: number } = {}) {
    this.ports = {
      clock: this.clock,
      random: () => 0.5,
      launch: (request, listener) => this.#launch(request, listener),
      processes: {
        bootId: BOOT_ID,
        read: (pid) => this.table.get(pid) ?? null,
        startedWith: () => this.carriers,
        inspect: (root, callback) => queueMicrotask(() => callback(this.#treeOf(root))),
        signal: (pid, signal) => this.#signal(pid, signal),
      },
      cgroups: {
        enclose: (request, { name }) => {
          this.cgroups.add(name);
          return { request, problem: this.cgroupProblem };
        },
        leave: (name) => void this.cgroups.delete(name),
      },
      gate: bootGate(places),
      vacated: () => Promise.resolve(),
      vault: this.vault.vault,
      tell: (id, message) => this.links.tell(id, message),
      journal: {
        save: (record) => void this.records.set(record.id, record),
        forget: (id) => void this.records.delete(id),
        exitCodeOf: (id) => this.exitCodes.get(id) ?? null,
      },
      logs: {
        endOf: () => 0,
        lastLines: (file, count) => this.lastLines(file, count),
        reader: (_file, onLine) => () => this.written.splice(0).forEach((line) => onLine(line)),
      },
      probe: (question, signal) => this.probe(question, signal),
      secret: (source) => this.secret(source),
      runCommand: (command) => this.runCommand(command),
      nextTime: (times, from) => Promise.resolve(this.nextTime(times, from)),
      watchFiles: (request, onChange) => {
        this.watchers.push({ request, onChange });
        const close = (): void =>
          void (this.watchers = this.watchers.filter((watcher) => watcher.onChange !== onChange));
        return Promise.resolve({ close });
      },
      emit: (event) => void this.events.push(event),
      surroundings: { home: HOME, node: '/usr/bin/node', preload: '/eco/preload.cjs', baseEnvironment: {} },
    };
  }

  /** The process that was started last. */
  get newest(): FakeProcess {
    const newest = this.started.at(-1);
    if (newest === undefined) throw new Error('nothing was started');
    return newest;
  }

  get living(): readonly FakeProcess[] {
    return this.started.filter(({ pid }) => this.table.has(pid));
  }

  /** The daemon that started what runs is gone: nobody hears of its end but by looking. */
  orphanAll(): void {
    for (const process of this.started) process.orphan();
  }

  /** A process that belongs to the tree of `session`. */
  addProcess(fields: { readonly session: number; readonly group?: number }): number {
    const pid = this.#nextPid;
    this.#nextPid += 1;
    const { session, group = session } = fields;
    const startTime = `start of ${pid}`;
    this.table.set(pid, { pid, parent: 1, group, session, zombie: false, startTime, memoryBytes: 1, cpuMs: 0 });
    return pid;
  }

  async #launch(request: LaunchRequest, listener: LaunchListener): Promise<LaunchedProcess | ExitCause> {
    const refused = await this.launching();
    if (refused !== null) return refused;
    const pid = this.addProcess({ session: this.#nextPid });
    const process = new FakeProcess(this, { pid, request, listener });
    this.started.push(process);
    this.onLaunch(process);
    return { pid, startTime: `start of ${pid}`, send: (message, handle) => process.sent.push({ message, handle }) };
  }

  #treeOf({ pid, startTime }: TreeRoot): readonly ProcessInfo[] {
    const reused = this.table.has(pid) && this.table.get(pid)?.startTime !== startTime;
    return reused ? [] : [...this.table.values()].filter(({ session }) => session === pid);
  }

  #signal(pid: number, signal: NodeJS.Signals): boolean {
    this.signals.push(`${this.clock.now()} ${signal} ${pid}`);
    const targets = [...this.table.values()].filter((info) => (pid < 0 ? info.group === -pid : info.pid === pid));
    for (const target of targets) {
      const process = this.started.find((candidate) => candidate.pid === target.pid);
      if (process !== undefined) process.receiveSignal(signal);
      else if (signal === 'SIGKILL') this.table.delete(target.pid);
    }
    return targets.length > 0;
  }
}

interface FakeProcessOptions {
  readonly pid: number;
  readonly request: LaunchRequest;
  readonly listener: LaunchListener;
}

/** A program that does nothing by itself; ends by any signal that it does not ignore. */
export class FakeProcess {
  readonly pid: number;
  readonly request: LaunchRequest;
  readonly sent: { readonly message: object; readonly handle: unknown }[] = [];
  /** What the daemon said over the control link. */
  readonly told: unknown[] = [];
  ignores: readonly NodeJS.Signals[] = [];
  #orphaned = false;
  #linked = false;
  readonly listener: LaunchListener;
  readonly #machine: FakeMachine;
  readonly #connection: LineConnection = {
    send: (line) => void this.told.push(JSON.parse(line)),
    close: () => {},
  };

  constructor(machine: FakeMachine, { pid, request, listener }: FakeProcessOptions) {
    this.#machine = machine;
    this.pid = pid;
    this.request = request;
    this.listener = listener;
  }

  get worker(): WorkerId {
    return this.request.env['ECO_ID']?.slice(HOME.length + 1) ?? '';
  }

  /** Over the control link. */
  say(message: WorkerMessage): void {
    this.#linked = true;
    this.#machine.links.listener.onLine(this.#connection, JSON.stringify(message));
  }

  /** What the preload of a program says and gives that starts well and listens on one port. */
  listen(port = 3000): void {
    this.register();
    const address = { type: 'tcp', host: null, port } as const;
    this.say({ type: 'listening', requested: address, bound: address });
    const socket = this.#machine.vault.socket(formatSocketAddress(address));
    this.listener.onInternalMessage({ cmd: 'NODE_ECO_DEPOSIT', requested: address, bound: address }, socket);
    this.say({ type: 'told' });
  }

  register(): void {
    this.say({ type: 'register', worker: this.worker, pid: this.pid, node: 'v20.19.0' });
    this.say({ type: 'turned' });
    this.say({ type: 'rested' });
  }

  /** Its control link ends, and nothing else. */
  unlink(): void {
    this.#machine.links.listener.onClose(this.#connection);
  }

  receiveSignal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || !this.ignores.includes(signal)) this.exit({ type: 'signal', signal });
  }

  orphan(): void {
    this.#orphaned = true;
    this.#linked = false;
  }

  exit(cause: ExitCause): void {
    if (!this.#machine.table.delete(this.pid)) return;
    // As in Node: the news of an end never comes while something else is going on.
    setImmediate(() => {
      if (this.#linked) this.#machine.links.listener.onClose(this.#connection);
      if (!this.#orphaned) this.listener.onExit(cause);
    });
  }
}

/** A store that keeps what it must in memory, and in `save` and `remove`. */
export function fakeApps({ save, remove }: Pick<AppStore, 'save' | 'remove'>): AppStore {
  let retired = 0;
  return {
    save,
    remove,
    saveNow: (document) => {
      save(document);
      return null;
    },
    retiredNumbers: () => retired,
    retireNumbers: (below) => {
      retired = Math.max(retired, below);
    },
  };
}

/** Sockets that are only names; `taken` are those of somebody else. */
function fakeVault() {
  const open: string[] = [];
  const taken: string[] = [];
  let nextFd = 20;
  const socket = (name: string): VaultSocket => {
    open.push(name);
    nextFd += 1;
    const handle = `handle of ${name}`;
    const close = (): void => void open.splice(open.indexOf(name), 1);
    return { fd: nextFd, handle, identity: () => handle, close, drop: close };
  };
  const bind = (address: SocketAddress): VaultSocket | string => {
    const name = formatSocketAddress(address);
    return taken.includes(name) ? 'EADDRINUSE' : socket(name);
  };
  return { vault: new SocketVault({ bind, bindReusePort: bind, newTicketKeys: () => 'keys' }), open, taken, socket };
}
