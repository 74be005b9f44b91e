import cluster from 'node:cluster';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { resolve } from 'node:path';
import type { Ipc } from './ipc.ts';
import type { SocketAddress } from '../domain/socket-address.ts';
import type { PreloadOrders } from '../protocol/worker.ts';

/** What `net` and `dgram` ask the cluster module for in a worker (lib/net.js `listenInCluster`, lib/dgram.js `bind`). */
interface HandleQuery {
  readonly address: string | null;
  readonly port: number | null;
  readonly addressType: number | string | null;
  readonly fd?: number;
  readonly flags?: number;
}
type GetServer = (server: unknown, query: HandleQuery, callback: (error: number, handle: unknown) => void) => void;
type CreateHandle = (address: null, port: null, type: null, fd: number, flags?: number) => unknown;

const UV_EADDRINUSE = -98;

/**
 * Shows the app what `node:cluster` shows in a worker, without node:cluster: an `if (cluster.isPrimary) fork…` app runs its
 * worker part, as under PM2, and every socket that it asks for is one that the daemon bound and all workers share.
 * `cluster._getServer` is the one hook through which Node asks for shared handles. It is not documented; the same in 20 to 26.
 */
export function installClusterMode(orders: PreloadOrders, ipc: Ipc): void {
  const worker = { id: orders.clusterId, process, isConnected: () => process.connected, isDead: () => false };
  const asked = new Map<string, number>();
  const getServer: GetServer = (_server, query, callback) => {
    if (typeof query.fd === 'number' && query.fd >= 0) return callback(0, handleOf(query.fd, query.flags));
    const address = addressOf(query);
    const key = JSON.stringify(address);
    const nth = asked.get(key) ?? 0;
    asked.set(key, nth + 1);
    ipc.requestHandle({ address, nth }, (errorCode, handle) =>
      callback(errorCode === null ? 0 : errnoOf(errorCode), handle),
    );
  };
  Object.assign(cluster, { isWorker: true, isPrimary: false, isMaster: false, worker, _getServer: getServer });
  syncBuiltinESMExports();
}

function handleOf(fd: number, flags?: number): unknown {
  return (net as unknown as { _createServerHandle: CreateHandle })._createServerHandle(null, null, null, fd, flags);
}

function addressOf({ address, port, addressType }: HandleQuery): SocketAddress {
  if (addressType === 'udp4' || addressType === 'udp6') {
    return { type: 'udp', host: address, port: port ?? 0, family: addressType === 'udp4' ? 4 : 6 };
  }
  if (port === -1) return { type: 'path', path: resolve(address ?? '') };
  return { type: 'tcp', host: address, port: port ?? 0 };
}

/** Node turns the number back into a name for the app's 'error' event. */
function errnoOf(code: string): number {
  return ERRNO[code] ?? UV_EADDRINUSE;
}

const ERRNO: Readonly<Record<string, number>> = {
  EADDRINUSE: UV_EADDRINUSE,
  EACCES: -13,
  EADDRNOTAVAIL: -99,
  EPIPE: -32,
  EINVAL: -22,
};
