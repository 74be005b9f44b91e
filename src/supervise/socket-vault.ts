import { appId, type AppKey } from '../domain/names.ts';
import { formatSocketAddress, type SocketAddress } from '../domain/socket-address.ts';

/** A listening socket as the vault keeps it; `platform/listening-socket` makes them. */
export interface VaultSocket {
  readonly fd: number;
  readonly handle: unknown;
  readonly close: () => void;
  /** False once something took its path away: no client comes to it any more. Absent: it has no path. */
  readonly reachable?: () => boolean;
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
export class SocketVault {
  readonly #bind: (address: SocketAddress) => VaultSocket | string;
  readonly #newTicketKeys: () => string;
  readonly #ticketKeys = new Map<string, string>();
  readonly #byApp = new Map<string, Map<string, KnownSocket>>();

  constructor(bind: (address: SocketAddress) => VaultSocket | string, newTicketKeys: () => string) {
    this.#bind = bind;
    this.#newTicketKeys = newTicketKeys;
  }

  /** What the app's workers seal TLS session tickets with, so that a client resumes its session with any of them. */
  ticketKeys(key: AppKey): string {
    const keys = this.#ticketKeys.get(appId(key)) ?? this.#newTicketKeys();
    this.#ticketKeys.set(appId(key), keys);
    return keys;
  }

  /**
   * The socket of that address, bound now if it is not held yet; the name of a system error if it cannot be bound.
   * `nth` tells apart the sockets of a process that asks for the same address again: port 0, twice, is two ports.
   */
  obtain(key: AppKey, address: SocketAddress, nth: number): VaultSocket | string {
    const name = hasFixedPort(address) ? formatSocketAddress(address) : `${formatSocketAddress(address)} ${nth}`;
    const held = this.#socketsOf(key).get(name);
    if (held !== undefined && isReachable(held)) return held.socket;
    const socket = this.#bind(address);
    if (typeof socket === 'string') return socket;
    held?.socket.close();
    this.#socketsOf(key).set(name, { name, address, socket });
    return socket;
  }

  /** Takes over a socket that a worker bound by itself, unless the address is held already. */
  deposit(key: AppKey, address: SocketAddress, socket: VaultSocket): void {
    const name = formatSocketAddress(address);
    const held = this.#socketsOf(key).get(name);
    if (held !== undefined && isReachable(held)) return socket.close();
    held?.socket.close();
    this.#socketsOf(key).set(name, { name, address, socket });
  }

  /** Whether the app's socket of that name, as `formatSocketAddress` writes it, is held. */
  holds(key: AppKey, name: string): boolean {
    return this.#byApp.get(appId(key))?.has(name) === true;
  }

  /** What a new worker of the app inherits. */
  known(key: AppKey): readonly KnownSocket[] {
    const sockets = [...(this.#byApp.get(appId(key))?.values() ?? [])];
    return sockets.filter(({ address }) => hasFixedPort(address) && address.type !== 'udp');
  }

  /** Lets go of the sockets with a fixed port that no worker uses any more. */
  releaseUnused(key: AppKey, inUse: ReadonlySet<string>): void {
    for (const [name, { address, socket }] of this.#socketsOf(key)) {
      // What workers do with UDP sockets and system-chosen ports is not told.
      if (inUse.has(name) || address.type === 'udp' || !hasFixedPort(address)) continue;
      socket.close();
      this.#socketsOf(key).delete(name);
    }
  }

  /** Lets go of everything: the app has stopped. */
  releaseAll(key: AppKey): void {
    for (const { socket } of this.#socketsOf(key).values()) socket.close();
    this.#byApp.delete(appId(key));
    this.#ticketKeys.delete(appId(key));
  }

  #socketsOf(key: AppKey): Map<string, KnownSocket> {
    const sockets = this.#byApp.get(appId(key)) ?? new Map<string, KnownSocket>();
    this.#byApp.set(appId(key), sockets);
    return sockets;
  }
}

function isReachable({ socket }: KnownSocket): boolean {
  return socket.reachable?.() ?? true;
}

function hasFixedPort(address: SocketAddress): boolean {
  return address.type === 'path' || address.port !== 0;
}
