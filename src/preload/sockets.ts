import { subscribe } from 'node:diagnostics_channel';
import { isIP, type Server } from 'node:net';
import { resolve } from 'node:path';
import type { ControlLink } from './control-link.ts';
import { handBack, type HeldListener } from './hand-back.ts';
import type { Ipc } from './ipc.ts';
import { shareTicketKeys } from './tls-tickets.ts';
import { bindToPath, namePath, ownPath, pathExists, removePath } from './unix-path.ts';
import type { SocketAddress } from '../domain/socket-address.ts';
import type { InheritedSocket, PreloadOrders } from '../protocol/worker.ts';

export interface ListeningServers {
  /** Called as soon as a server of this process listens, before it can accept. */
  readonly onListening: (listener: (server: Server) => void) => void;
  /** The one that asked for that address. */
  readonly at: (address: SocketAddress) => ListeningSocket | undefined;
}

export interface ListeningSocket {
  readonly server: Server;
  readonly requested: SocketAddress;
  readonly bound: SocketAddress;
  /** As in `InheritedSocket`. */
  readonly slot: number | null;
}

interface ListenStart {
  readonly server: Server;
  readonly options: { fd?: number; port?: unknown; host?: unknown; path?: unknown };
}

interface ListenRequest {
  readonly address: SocketAddress;
  /** Bound in this process, for the daemon to hold: not inherited. */
  readonly own: boolean;
  readonly slot: number | null;
  /** Gives the app its options back as they were. */
  readonly restore: () => void;
}

/**
 * Follows every `server.listen` of the app through Node's own tracing channel, which is published before the options are
 * read (since 20.16 and 22.3, https://github.com/nodejs/node/pull/53136). Writing `options.fd` there is not documented:
 * it turns the app's listen into one on a socket that this worker inherited from its predecessor.
 */
export function installSockets(orders: PreloadOrders, link: ControlLink, ipc: Ipc): ListeningServers {
  const listeners: ((server: Server) => void)[] = [];
  const inherited = new Map(orders.sockets.map((socket) => [keyOf(socket.address), socket]));
  const requests = new WeakMap<Server, ListenRequest>();
  const listening = new Map<Server, ListeningSocket>();
  const isWorker = orders.role === 'worker';

  if (isWorker) link.onReconnect(() => listening.forEach((socket) => handBack(orders, withHandle(socket))));

  on('asyncStart', ({ server, options }) => {
    const request = listenRequest(server, options, { orders, inherited });
    if (request !== undefined) requests.set(server, request);
  });
  on('asyncEnd', ({ server }) => {
    const request = requests.get(server);
    const bound = boundAddress(server);
    request?.restore();
    if (request === undefined || bound === undefined) return;
    if (isWorker) shareTicketKeys(server, orders.ticketKeys);
    if (bound.type === 'path' && !isAbstract(bound)) ownPath(server, bound.path);
    const given = ipc.slotOf(handleOf(server));
    const requested = sharedAddress(request.address, bound, orders);
    const socket = { server, requested, bound, slot: given ?? request.slot };
    if (isInheritable(requested) || requested.type === 'path') listening.set(server, socket);
    server.once('close', () => {
      listening.delete(server);
      // In cluster mode the path is everyone's.
      if (orders.execMode === 'fork') removePath(server);
      link.send({ type: 'closed', bound });
    });
    for (const listener of listeners) listener(server);
    link.send({ type: 'listening', requested: request.address, bound });
    if (request.own && given === undefined && orders.execMode === 'fork')
      ipc.deposit({ requested: request.address, bound }, server);
  });
  on('error', ({ server }) => requests.get(server)?.restore());
  return {
    onListening: (listener) => void listeners.push(listener),
    at: (address) => [...listening.values()].find(({ requested }) => keyOf(requested) === keyOf(address)),
  };
}

interface ListenEvents {
  readonly asyncStart: ListenStart;
  readonly asyncEnd: { readonly server: Server };
  readonly error: { readonly server: Server };
}

function on<E extends keyof ListenEvents>(event: E, listener: (message: ListenEvents[E]) => void): void {
  subscribe(`tracing:net.server.listen:${event}`, (message) => {
    try {
      listener(message as ListenEvents[E]);
    } catch {
      // An exception here would become the app's uncaughtException.
    }
  });
}

/** The server owns the descriptor from here on: a second listen on the same address must bind by itself. */
function inheritedFor(address: SocketAddress, inherited: Map<string, InheritedSocket>): InheritedSocket | undefined {
  const socket = inherited.get(keyOf(address));
  inherited.delete(keyOf(address));
  // A socket whose path is gone can no longer be reached.
  if (address.type === 'path' && !pathExists(address.path)) return undefined;
  return socket;
}

function listenRequest(
  server: Server,
  options: ListenStart['options'],
  { orders, inherited }: { readonly orders: PreloadOrders; readonly inherited: Map<string, InheritedSocket> },
): ListenRequest | undefined {
  const address = requestedAddress(options);
  const isWorker = orders.role === 'worker';
  // Package runners listen on paths of their own, to talk to what they run.
  if (address === undefined || (!isWorker && address.type === 'path')) return undefined;
  const socket = inheritedFor(address, inherited);
  if (socket !== undefined) return inherit(server, socket, { address, options });
  const bindable = isWorker && orders.execMode === 'fork' && address.type === 'path' && !isAbstract(address);
  const own = bindable ? bindToPath(server, address.path) : isInheritable(address);
  return { address, own, slot: null, restore: () => {} };
}

function inherit(
  server: Server,
  { fd, slot }: InheritedSocket,
  { address, options }: { readonly address: SocketAddress; readonly options: ListenStart['options'] },
): ListenRequest {
  if (address.type === 'path' && typeof options.path === 'string') namePath(server, options.path);
  return { address, own: false, slot, restore: redirect(options, fd) };
}

function withHandle(socket: ListeningSocket): HeldListener {
  return { ...socket, handle: handleOf(socket.server) };
}

function handleOf(server: Server): unknown {
  return (server as Server & { readonly _handle?: unknown })._handle;
}

/** The object may be the app's own: it gets it back as it was. */
function redirect(options: ListenStart['options'], fd: number): () => void {
  const had = Object.hasOwn(options, 'fd');
  const before = options.fd;
  options.fd = fd;
  return () => {
    if (had && before !== undefined) options.fd = before;
    else delete options.fd;
  };
}

function requestedAddress({ fd, port, host, path }: ListenStart['options']): SocketAddress | undefined {
  if (typeof fd === 'number') return undefined;
  if (typeof path === 'string') return pathAddress(path);
  if (port === undefined || port === null) return undefined;
  return { type: 'tcp', host: typeof host === 'string' && host !== '' ? host : null, port: Number(port) };
}

function boundAddress(server: Server): SocketAddress | undefined {
  const address = server.address();
  if (address === null) return undefined;
  if (typeof address === 'string') return pathAddress(address);
  return { type: 'tcp', host: address.address, port: address.port };
}

/** The daemon runs in another folder. */
function pathAddress(path: string): SocketAddress {
  return { type: 'path', path: path.startsWith('\0') ? path : resolve(path) };
}

/** A name of Linux's that is in no folder: it goes with its last socket. */
function isAbstract({ path }: Extract<SocketAddress, { type: 'path' }>): boolean {
  return path.startsWith('\0');
}

/** What is asked of the daemon is asked by the address that a name stands for, not by the name. */
function sharedAddress(
  requested: SocketAddress,
  bound: SocketAddress,
  { execMode, balance }: Pick<PreloadOrders, 'execMode' | 'balance'>,
): SocketAddress {
  const isName = requested.type === 'tcp' && requested.host !== null && isIP(requested.host) === 0;
  const asks = execMode === 'cluster' || balance === 'reuseport';
  return asks && isName && requested.port !== 0 ? bound : requested;
}

/** A port chosen by the system is a new one each time. */
function isInheritable(address: SocketAddress): boolean {
  return address.type === 'tcp' && address.port !== 0;
}

function keyOf(address: SocketAddress): string {
  if (address.type === 'path') return address.path;
  return `${address.host === '::' || address.host === null ? '*' : address.host}:${address.port}`;
}
