import { appId, type AppKey } from '../domain/names.ts';
import { formatSocketAddress, type SocketAddress } from '../domain/socket-address.ts';

/** A listening socket as the vault keeps it; `platform/listening-socket` makes them. */
export interface VaultSocket {
  readonly fd: number;
  readonly handle: unknown;
  readonly close: () => void;
}

export interface KnownSocket {
  /** As `formatSocketAddress` writes it. */
  readonly name: string;
  readonly address: SocketAddress;
  readonly socket: VaultSocket;
}

/**
 * Holds one listening socket per app and address, so that it never closes while workers come and go. Connections that
 * arrive between two workers wait in its queue. It never accepts: no process stands in the data path.
 */
export interface SocketVault {
  /**
   * The socket of that address, bound now if it is not held yet; the name of a system error if it cannot be bound.
   * `nth` tells apart the sockets of a process that asks for the same address again: port 0, twice, is two ports.
   */
  readonly obtain: (key: AppKey, address: SocketAddress, nth: number) => VaultSocket | string;
  /** Takes over a socket that a worker bound by itself, unless the address is held already. */
  readonly deposit: (key: AppKey, address: SocketAddress, socket: VaultSocket) => void;
  /** Whether the app's socket of that name, as `formatSocketAddress` writes it, is held. */
  readonly holds: (key: AppKey, name: string) => boolean;
  /** What a new worker of the app inherits. */
  readonly known: (key: AppKey) => readonly KnownSocket[];
  /** Lets go of the sockets with a fixed port that no worker uses any more. */
  readonly releaseUnused: (key: AppKey, inUse: ReadonlySet<string>) => void;
  /** Lets go of everything: the app has stopped. */
  readonly releaseAll: (key: AppKey) => void;
}

export function socketVault(bind: (address: SocketAddress) => VaultSocket | string): SocketVault {
  const byApp = new Map<string, Map<string, KnownSocket>>();
  const socketsOf = (key: AppKey): Map<string, KnownSocket> => {
    const sockets = byApp.get(appId(key)) ?? new Map<string, KnownSocket>();
    byApp.set(appId(key), sockets);
    return sockets;
  };
  return {
    obtain: (key, address, nth) => {
      const sockets = socketsOf(key);
      const name = hasFixedPort(address) ? formatSocketAddress(address) : `${formatSocketAddress(address)} ${nth}`;
      const held = sockets.get(name);
      if (held !== undefined) return held.socket;
      const socket = bind(address);
      if (typeof socket !== 'string') sockets.set(name, { name, address, socket });
      return socket;
    },
    deposit: (key, address, socket) => {
      const sockets = socketsOf(key);
      const name = formatSocketAddress(address);
      if (sockets.has(name)) return socket.close();
      sockets.set(name, { name, address, socket });
    },
    holds: (key, name) => byApp.get(appId(key))?.has(name) === true,
    known: (key) =>
      [...(byApp.get(appId(key))?.values() ?? [])].filter(
        ({ address }) => hasFixedPort(address) && address.type !== 'udp',
      ),
    releaseUnused: (key, inUse) => {
      for (const [name, { address, socket }] of socketsOf(key)) {
        // What workers do with UDP sockets and system-chosen ports is not told.
        if (inUse.has(name) || address.type === 'udp' || !hasFixedPort(address)) continue;
        socket.close();
        socketsOf(key).delete(name);
      }
    },
    releaseAll: (key) => {
      for (const { socket } of socketsOf(key).values()) socket.close();
      byApp.delete(appId(key));
    },
  };
}

function hasFixedPort(address: SocketAddress): boolean {
  return address.type === 'path' || address.port !== 0;
}
