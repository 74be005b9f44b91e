/**
 * What the daemon and the preload in each Node worker say to each other.
 *
 * Two channels. The *control link* is a unix socket (`ECO_HOME/run/workers.sock`) that the preload opens and, if the
 * daemon goes away, opens again: NDJSON, `WorkerMessage` to the daemon, `DaemonMessage` to the worker. The *IPC channel*
 * made at spawn carries what only it can: handles of listening sockets. It ends with the daemon that made it.
 */
import type { WorkerId } from '../domain/names.ts';
import type { Balance } from '../domain/app-spec.ts';
import type { SocketAddress } from '../domain/socket-address.ts';
import type { Milliseconds } from '../domain/time.ts';
import type { WorkerStats } from '../domain/worker-stats.ts';

/** The variable in which the preload finds its orders. It is removed before the app can see it. */
export const PRELOAD_VARIABLE = 'ECO_PRELOAD';

/** What the preload is told, as JSON in `PRELOAD_VARIABLE`. */
export interface PreloadOrders {
  readonly worker: WorkerId;
  /**
   * `worker`: this process is the worker. `first-to-listen`: the orders reach every Node process below a wrapper, and the first
   * that listens is the worker; nothing is inherited then, and nothing is handed over.
   */
  readonly role: 'worker' | 'first-to-listen';
  /** Path of the control link's socket. */
  readonly link: string;
  /** Path of the socket at which a later daemon takes listening sockets back. */
  readonly handles: string;
  /** Path of the file for its `ExitRecord`. */
  readonly exitRecord: string;
  readonly execMode: 'fork' | 'cluster';
  /** `reuseport`: the daemon makes a socket for this worker alone. */
  readonly balance: Balance;
  /** From 1; what `cluster.worker.id` shows. */
  readonly clusterId: number;
  /** Listening sockets that the worker inherited. */
  readonly sockets: readonly InheritedSocket[];
  /** 48 bytes in base64 with which every worker of the app seals TLS session tickets. */
  readonly ticketKeys: string;
  /** Of the rollout: for how long a program that never listens has to live until it is ready. */
  readonly minReady: Milliseconds;
  /** null: nothing is to be done to what the app writes. */
  readonly logs: LogOrders | null;
}

/** What becomes of each line that the app writes to stdout or stderr. */
export interface LogOrders {
  readonly type: 'raw' | 'json';
  /** In the tokens of dayjs; null: no time, or in an object ISO 8601. */
  readonly dateFormat: string | null;
  /** An absolute path that gets both streams besides. */
  readonly combinedFile: string | null;
  readonly app: string;
  readonly instance: number;
}

export interface InheritedSocket {
  readonly address: SocketAddress;
  readonly fd: number;
  /** The place of a socket in the group of those that share a port; null: all workers share this one. */
  readonly slot: number | null;
}

/** From the worker, over the control link. */
export type WorkerMessage =
  | { readonly type: 'register'; readonly worker: WorkerId; readonly pid: number; readonly node: string }
  /** The event loop has turned for the first time: the app's own start is over, as far as it is synchronous. */
  | { readonly type: 'turned' }
  /** After that its event loop had more waiting than work for a while: what begins asynchronously is over, as far as that shows. */
  | { readonly type: 'rested' }
  /** All that was true when the connection was opened has been said. */
  | { readonly type: 'told' }
  /** A server listens. `requested` is what the app asked for, `bound` what it got. */
  | { readonly type: 'listening'; readonly requested: SocketAddress; readonly bound: SocketAddress }
  | { readonly type: 'closed'; readonly bound: SocketAddress }
  /** The app called `process.send('ready')`. */
  | { readonly type: 'ready' }
  /** Which stop signals the app has handlers for, whenever that changes. */
  | { readonly type: 'signals'; readonly handled: readonly string[] }
  /** No connection is left after a `drain`. */
  | { readonly type: 'drained' }
  /** What it does, every ten seconds if there is something new, and to `report`. */
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  /** To `ask`. A null status: there was none; `no-http-server`: nothing in this process could be asked. */
  | {
      readonly type: 'answered';
      readonly seq: number;
      readonly status: number | null;
      readonly problem: 'no-http-server' | 'connection-closed' | null;
    };

/** What the process writes to `PreloadOrders.exitRecord` when it ends, as JSON, whether or not a daemon is there to hear of it. */
export interface ExitRecord {
  readonly code: number;
}

/** To the worker, over the control link. */
export type DaemonMessage =
  /** Take no new connection, finish what is in flight, say `drained`. `handover`: a successor serves already. */
  | { readonly type: 'drain'; readonly within: Milliseconds; readonly handover: boolean }
  /** Ask the server of this process that listens on `port`: GET `path`; say `answered` with the same `seq`. */
  | {
      readonly type: 'ask';
      readonly seq: number;
      readonly host: string;
      readonly port: number;
      readonly path: string;
    }
  /** Say `stats` now: somebody looks at them. */
  | { readonly type: 'report' }
  /**
   * Accept on the socket of that slot as well, for no worker of its own does; it is to be asked for (`HandleFetch`).
   * `address` is what this worker's own server asked for.
   */
  | { readonly type: 'serve'; readonly address: SocketAddress; readonly slot: number }
  /** Accept on it no longer. Who does not has nothing to do. */
  | { readonly type: 'let-go'; readonly address: SocketAddress; readonly slot: number }
  /** Deliver to the app as if it came over `process.on('message')`. */
  | { readonly type: 'message'; readonly payload: string };

/**
 * Over the IPC channel. Node hands messages whose `cmd` begins with `NODE_` to 'internalMessage' instead of 'message',
 * so that the app does not see them (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback).
 */
export type HandleRequest = {
  readonly cmd: 'NODE_ECO_LISTEN';
  readonly seq: number;
  readonly address: SocketAddress;
  /** From 0: how often this process asked for the same address before. Two servers on port 0 are two sockets. */
  readonly nth: number;
};
export type HandleAnswer = {
  readonly cmd: 'NODE_ECO_HANDLE';
  readonly seq: number;
  readonly errorCode: string | null;
  /** As in `InheritedSocket`. */
  readonly slot: number | null;
};
export type HandleDeposit = {
  readonly cmd: 'NODE_ECO_DEPOSIT';
  readonly requested: SocketAddress;
  readonly bound: SocketAddress;
};

/**
 * To a daemon that did not start the worker: one line over a connection of its own, with the handle of a listening socket.
 * The two addresses mean what they do in a deposit.
 */
export interface HandBack {
  readonly type: 'hand-back';
  readonly worker: WorkerId;
  readonly requested: SocketAddress;
  readonly bound: SocketAddress;
  /** As in `InheritedSocket`; another one than the worker's own was lent to it. */
  readonly slot: number | null;
}

/** Over a connection of its own: the answer is a line with the handle of that slot's socket, or the end of the connection. */
export interface HandleFetch {
  readonly type: 'fetch';
  readonly worker: WorkerId;
  readonly address: SocketAddress;
  readonly slot: number;
}
