import { subscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import type { ControlLink } from './control-link.ts';
import type { Ipc } from './ipc.ts';
import type { SocketAddress } from '../domain/socket-address.ts';
import type { PreloadOrders } from '../protocol/worker.ts';

/** The servers of this process that listen. */
export type ListeningServers = Set<Server>;

interface ListenStart {
  readonly server: Server;
  readonly options: { fd?: number; port?: unknown; host?: unknown; path?: unknown };
}

interface ListenRequest {
  readonly address: SocketAddress;
  /** The app binds it itself: it is not inherited. */
  readonly own: boolean;
  /** Gives the app its options back as they were. */
  readonly restore: () => void;
}

/**
 * Follows every `server.listen` of the app through Node's own tracing channel, which is published before the options are
 * read (since 20.16 and 22.3, https://github.com/nodejs/node/pull/53136). Writing `options.fd` there is not documented:
 * it turns the app's listen into one on a socket that this worker inherited from its predecessor.
 */
export function installSockets(orders: PreloadOrders, link: ControlLink, ipc: Ipc): ListeningServers {
  const servers: ListeningServers = new Set();
  const inherited = new Map(orders.sockets.map(({ address, fd }) => [keyOf(address), fd]));
  const requests = new WeakMap<Server, ListenRequest>();

  on('asyncStart', ({ server, options }) => {
    const address = requestedAddress(options);
    if (address === undefined) return;
    const fd = inherited.get(keyOf(address));
    // The server owns the descriptor from here on: a second listen on the same address must bind by itself.
    inherited.delete(keyOf(address));
    requests.set(server, {
      address,
      own: fd === undefined,
      restore: fd === undefined ? () => {} : redirect(options, fd),
    });
  });
  on('asyncEnd', ({ server }) => {
    const request = requests.get(server);
    const bound = boundAddress(server);
    request?.restore();
    if (request === undefined || bound === undefined) return;
    servers.add(server);
    server.once('close', () => {
      servers.delete(server);
      link.send({ type: 'closed', bound });
    });
    link.send({ type: 'listening', requested: request.address, bound });
    if (request.own && orders.execMode === 'fork' && isInheritable(request.address)) {
      ipc.deposit({ requested: request.address, bound }, server);
    }
  });
  on('error', ({ server }) => requests.get(server)?.restore());
  return servers;
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
  if (typeof path === 'string') return { type: 'path', path };
  if (port === undefined || port === null) return undefined;
  return { type: 'tcp', host: typeof host === 'string' && host !== '' ? host : null, port: Number(port) };
}

function boundAddress(server: Server): SocketAddress | undefined {
  const address = server.address();
  if (address === null) return undefined;
  if (typeof address === 'string') return { type: 'path', path: address };
  return { type: 'tcp', host: address.address, port: address.port };
}

/** A port chosen by the system is a new one each time; a unix path is removed by the process that bound it. */
function isInheritable(address: SocketAddress): boolean {
  return address.type === 'tcp' && address.port !== 0;
}

function keyOf(address: SocketAddress): string {
  if (address.type === 'path') return address.path;
  return `${address.host === '::' || address.host === null ? '*' : address.host}:${address.port}`;
}
