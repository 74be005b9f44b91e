import type { WorkerId } from '../domain/names.ts';
import type { Timestamp } from '../domain/time.ts';
import type { LaunchedProcess } from '../platform/launcher.ts';
import type { ProcessInfo, TreeRoot } from '../platform/process-table.ts';
import type { ProcessIdentity, ProcessPort, SupervisePorts } from './ports.ts';
import { ecoIdOf } from './worker-launch.ts';

export interface WorkerProcessOptions {
  readonly id: WorkerId;
  readonly identity: ProcessIdentity;
  /** null for one that an earlier daemon started: it is no child of this one. */
  readonly launched: LaunchedProcess | null;
  readonly startedAt: Timestamp;
  /** Whether what it started belongs to it; true unless told. */
  readonly wholeTree?: () => boolean;
  readonly ports: Pick<SupervisePorts, 'processes' | 'surroundings'>;
}

/** One process of a worker, with everything that it started. */
export class WorkerProcess {
  readonly identity: ProcessIdentity;
  readonly startedAt: Timestamp;
  readonly adopted: boolean;
  readonly send: LaunchedProcess['send'] | undefined;
  readonly #root: TreeRoot;
  readonly #processes: SupervisePorts['processes'];
  readonly #wholeTree: () => boolean;
  #exited = false;

  constructor({ id, identity, launched, startedAt, wholeTree, ports }: WorkerProcessOptions) {
    const { pid, startTime } = identity;
    this.identity = identity;
    this.startedAt = startedAt;
    this.adopted = launched === null;
    this.send = launched?.send;
    this.#root = { pid, startTime, ecoId: ecoIdOf(ports.surroundings.home, id) };
    this.#processes = ports.processes;
    this.#wholeTree = wholeTree ?? (() => true);
  }

  /** Its end has been noticed; what it started may live on. */
  get exited(): boolean {
    return this.#exited;
  }

  markExited(): void {
    this.#exited = true;
  }

  /** Asks the system, not the memory. */
  isAlive(): boolean {
    return isAliveProcess(this.identity, this.#processes);
  }

  /** Calls back, never at once, with what lives of the process and everything that it started. */
  inspectTree(callback: (living: readonly ProcessInfo[]) => void): void {
    this.#processes.inspect(this.#root, (living) => {
      callback(this.#wholeTree() ? living : living.filter(({ pid }) => pid === this.identity.pid));
    });
  }

  /** To the process itself and nothing that it started. False if it has ended. */
  signal(signal: NodeJS.Signals): boolean {
    const alive = !this.#exited && this.isAlive();
    if (alive) this.#processes.signal(this.identity.pid, signal);
    return alive;
  }

  /** Unless only the process itself is its own: to the whole group at once, and to what has left it as soon as it is found. */
  signalTree(signal: NodeJS.Signals): void {
    const { pid } = this.identity;
    const group = !this.#exited && this.isAlive() ? pid : null;
    if (!this.#wholeTree()) {
      if (group !== null) this.#processes.signal(group, signal);
      return;
    }
    if (group !== null) this.#processes.signal(-group, signal);
    this.inspectTree((living) => {
      for (const member of living) {
        if (signal === 'SIGKILL' || member.group !== group) this.#processes.signal(member.pid, signal);
      }
    });
  }
}

/** Same pid, same start, same boot: the very process, and it runs. */
export function isAliveProcess(identity: ProcessIdentity, processes: Pick<ProcessPort, 'bootId' | 'read'>): boolean {
  if (identity.bootId !== processes.bootId) return false;
  const info = processes.read(identity.pid);
  return info !== null && !info.zombie && info.startTime === identity.startTime;
}
