import type { WorkerId } from '../domain/names.ts';
import { dropHandle } from '../platform/listening-socket.ts';
import type { LineConnection, LineListener } from '../platform/line-server.ts';
import type { DaemonMessage, HandBack, HandleFetch, WorkerMessage } from '../protocol/worker.ts';
import type { WorkerSockets } from './worker-sockets.ts';

export interface LinkedWorker {
  /** Changes with every process. */
  readonly id: WorkerId;
  readonly receive: (message: WorkerMessage) => void;
  readonly linkClosed: () => void;
  readonly sockets: Pick<WorkerSockets, 'takeBack' | 'giveOut'>;
}

/**
 * Which control link belongs to which worker. What a process says after its worker has moved on to another is dropped. Below
 * a package runner several processes may take themselves for the worker: the first is believed; the others are heard once
 * it is gone.
 */
export class WorkerLinks {
  readonly listener: LineListener = {
    onLine: (connection, line) => this.#receive(connection, line),
    onClose: (connection) => this.#closed(connection),
  };
  readonly #find: (id: WorkerId) => LinkedWorker | undefined;
  readonly #workers = new Map<LineConnection, { readonly id: WorkerId; readonly worker: LinkedWorker }>();
  readonly #connections = new Map<WorkerId, { readonly connection: LineConnection; readonly pid: number }>();
  /** Those that came while another process was believed. */
  readonly #waiting = new Map<LineConnection, WorkerId>();

  constructor(find: (id: WorkerId) => LinkedWorker | undefined) {
    this.#find = find;
  }

  tell(id: WorkerId, message: DaemonMessage): void {
    this.#connections.get(id)?.connection.send(JSON.stringify(message));
  }

  /** A worker gives a listening socket that an earlier daemon held, or asks for one; answers the handle that it gets. */
  exchange(line: string, handle: unknown): unknown {
    const message = parseLine(line) as HandBack | HandleFetch | null | undefined;
    const worker = this.#find(message?.worker ?? '');
    const handBack = completeHandBack(message);
    if (handBack !== null && worker !== undefined && handle !== undefined) worker.sockets.takeBack(handBack, handle);
    else dropHandle(handle);
    return message?.type === 'fetch' ? worker?.sockets.giveOut(message) : undefined;
  }

  #receive(connection: LineConnection, line: string): void {
    const message = parseMessage(line);
    if (message === undefined) return;
    if (message.type === 'register') this.#register(connection, message);
    const linked = this.#workers.get(connection);
    if (linked !== undefined && linked.worker.id === linked.id) linked.worker.receive(message);
  }

  #register(connection: LineConnection, { worker: id, pid }: Registration): void {
    const worker = this.#find(id);
    if (worker === undefined) return;
    const believed = this.#connections.get(id);
    // The same process again: its first connection is about to end, and that news is late.
    if (believed !== undefined && believed.pid !== pid) return void this.#waiting.set(connection, id);
    this.#workers.set(connection, { id, worker });
    this.#connections.set(id, { connection, pid });
  }

  #closed(connection: LineConnection): void {
    const linked = this.#workers.get(connection);
    this.#workers.delete(connection);
    this.#waiting.delete(connection);
    if (linked === undefined || this.#connections.get(linked.id)?.connection !== connection) return;
    this.#connections.delete(linked.id);
    if (linked.worker.id === linked.id) linked.worker.linkClosed();
    // They come again, and say anew what they have to say.
    for (const [waiting, id] of this.#waiting) if (id === linked.id) waiting.close();
  }
}

type Registration = Extract<WorkerMessage, { type: 'register' }>;

function parseMessage(line: string): WorkerMessage | undefined {
  const message = parseLine(line) as WorkerMessage | null | undefined;
  return message !== undefined && message !== null && Object.hasOwn(KNOWN, message.type) ? message : undefined;
}

/** A worker may run a preload of another version than this daemon's. */
const KNOWN: Readonly<Record<WorkerMessage['type'], true>> = {
  register: true,
  turned: true,
  rested: true,
  told: true,
  listening: true,
  closed: true,
  ready: true,
  signals: true,
  drained: true,
  stats: true,
  answered: true,
};

/** The first preloads gave sockets back without a type, and knew of no slots. */
function completeHandBack(message: Partial<HandBack> | HandleFetch | null | undefined): HandBack | null {
  const { type = 'hand-back', worker, requested, bound, slot = null } = (message ?? {}) as Partial<HandBack>;
  if (type !== 'hand-back' || worker === undefined || requested === undefined || bound === undefined) return null;
  return { type, worker, requested, bound, slot };
}

/** The peer is a process of the user's own: a line that is no message is dropped, not answered. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
