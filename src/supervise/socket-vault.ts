import { appId, type AppKey } from '../domain/names.ts';
import { formatSocketAddress, type SocketAddress } from '../domain/socket-address.ts';
import { SocketGroup, type PlacedSocket, type Slot, type VaultSocket } from './socket-group.ts';

export interface KnownSocket extends PlacedSocket {
  readonly address: SocketAddress;
}

/** Whose sockets a worker asks for. */
export interface Asker {
  readonly key: AppKey;
  /** Its own place where each worker has a socket of its own; null: it shares. */
  readonly slot: Slot | null;
}

export type TcpAddress = Extract<SocketAddress, { type: 'tcp' }>;

/** What the vault needs of the system; a refusal is the name of a system error. */
export interface SocketMaker {
  readonly bind: (address: SocketAddress) => VaultSocket | string;
  /** null where the system, or the daemon's Node, has no sockets that share a port. */
  readonly bindReusePort: ((address: TcpAddress, options: { readonly first: boolean }) => VaultSocket | string) | null;
  readonly newTicketKeys: () => string;
}

type Held =
  | { readonly type: 'one'; readonly address: SocketAddress; readonly socket: VaultSocket }
  | { readonly type: 'group'; readonly address: TcpAddress; readonly group: SocketGroup };

/**
 * Holds the listening sockets of each app, so that none ever closes while workers come and go: one for each address, or
 * one for each worker and address (`balance: reuseport`). Connections that arrive between two workers wait in their
 * queue. It never accepts: no process stands in the data path.
 */
export class SocketVault {
  readonly #maker: SocketMaker;
  readonly #ticketKeys = new Map<string, string>();
  readonly #byApp = new Map<string, Map<string, Held>>();

  constructor(maker: SocketMaker) {
    this.#maker = maker;
  }

  /** Whether each worker can have a socket of its own. */
  get canGroup(): boolean {
    return this.#maker.bindReusePort !== null;
  }

  /** What the app's workers seal TLS session tickets with, so that a client resumes its session with any of them. */
  ticketKeys(key: AppKey): string {
    const keys = this.#ticketKeys.get(appId(key)) ?? this.#maker.newTicketKeys();
    this.#ticketKeys.set(appId(key), keys);
    return keys;
  }

  /**
   * The asker's socket of that address, bound now if it is not held yet; the name of a system error if it cannot be bound.
   * `nth` tells apart the sockets of a process that asks for the same address again: port 0, twice, is two ports.
   */
  obtain({ key, slot }: Asker, address: SocketAddress, nth: number): PlacedSocket | string {
    const name = hasFixedPort(address) ? formatSocketAddress(address) : `${formatSocketAddress(address)} ${nth}`;
    const held = this.#socketsOf(key).get(name);
    if (held?.type === 'group') return held.group.obtain(slot);
    if (held !== undefined && isReachable(held.socket)) return { slot: null, socket: held.socket };
    if (slot !== null && this.canGroup && isGroupable(address)) return this.#beginGroup({ key, slot }, address);
    const socket = this.#maker.bind(address);
    if (typeof socket === 'string') return socket;
    held?.socket.close();
    this.#socketsOf(key).set(name, { type: 'one', address, socket });
    return { slot: null, socket };
  }

  /**
   * Takes over a socket that a worker bound by itself, or that an earlier daemon held, unless it is held already. Answers
   * where it is kept; null: nowhere, or for all workers.
   */
  deposit({ key, slot }: Asker, address: SocketAddress, socket: VaultSocket): Slot | null {
    const name = formatSocketAddress(address);
    const held = this.#socketsOf(key).get(name);
    if (slot !== null && isTcp(address)) {
      if (held?.type === 'one') return this.#keepOut(socket);
      const group = held?.group ?? this.#newGroup(key, address);
      return group.deposit(slot, socket);
    }
    if (held?.type === 'group' || (held !== undefined && isReachable(held.socket))) return this.#keepOut(socket);
    held?.socket.close();
    this.#socketsOf(key).set(name, { type: 'one', address, socket });
    return null;
  }

  /** Whether the asker's socket of that name, as `formatSocketAddress` writes it, is held. */
  holds({ key, slot }: Asker, name: string): boolean {
    const held = this.#byApp.get(appId(key))?.get(name);
    return held?.type === 'group' ? held.group.holds(slot) : held !== undefined;
  }

  /** What a new worker inherits. Its own sockets of known addresses are bound now if need be. */
  inheritance({ key, slot }: Asker): readonly KnownSocket[] {
    return [...this.#socketsOf(key).values()].flatMap((held): readonly KnownSocket[] => {
      const { address } = held;
      if (held.type === 'one')
        return hasFixedPort(address) && address.type !== 'udp' ? [{ address, slot: null, socket: held.socket }] : [];
      const placed = held.group.obtain(slot);
      return typeof placed === 'string' ? [] : [{ ...placed, address }];
    });
  }

  /** Every socket of the app that belongs to one worker. */
  slots(key: AppKey): readonly { readonly address: TcpAddress; readonly slot: Slot }[] {
    return [...this.#socketsOf(key).values()].flatMap((held) =>
      held.type === 'group' ? held.group.slots.map((slot) => ({ address: held.address, slot })) : [],
    );
  }

  /** The socket of a slot, if it is held. */
  socketOf({ key, slot }: Asker, name: string): VaultSocket | undefined {
    const held = this.#byApp.get(appId(key))?.get(name);
    return held?.type === 'group' && slot !== null ? held.group.socketOf(slot) : undefined;
  }

  /** Lets go of the sockets with a fixed port that no worker uses any more. */
  releaseUnused(key: AppKey, inUse: ReadonlySet<string>): void {
    for (const [name, held] of this.#socketsOf(key)) {
      // What workers do with UDP sockets and system-chosen ports is not told.
      if (inUse.has(name) || held.address.type === 'udp' || !hasFixedPort(held.address)) continue;
      this.#release(key, name, held);
    }
  }

  /**
   * Nothing of the app runs: lets go of the sockets that are not of the kind which its workers will ask for, for the two
   * kinds cannot share a port.
   */
  releaseOtherKind(key: AppKey, { grouped }: { readonly grouped: boolean }): void {
    for (const [name, held] of this.#socketsOf(key)) {
      const fits = held.type === 'group' ? grouped : !(grouped && this.canGroup && isGroupable(held.address));
      if (!fits) this.#release(key, name, held);
    }
  }

  /** What is held for one app is for another from now on, which has nothing yet. */
  move(from: AppKey, to: AppKey): void {
    const sockets = this.#byApp.get(appId(from));
    if (sockets !== undefined) this.#byApp.set(appId(to), sockets);
    this.#byApp.delete(appId(from));
    this.#ticketKeys.set(appId(to), this.ticketKeys(from));
    this.#ticketKeys.delete(appId(from));
  }

  /** Lets go of everything: the app has stopped. */
  releaseAll(key: AppKey): void {
    for (const [name, held] of this.#socketsOf(key)) this.#release(key, name, held);
    this.#byApp.delete(appId(key));
    this.#ticketKeys.delete(appId(key));
  }

  /** Another app's sockets of the address would be sockets of the same group to the kernel, before they listen. */
  #beginGroup({ key, slot }: Asker, address: TcpAddress): PlacedSocket | string {
    const name = formatSocketAddress(address);
    const others = [...this.#byApp].filter(([id]) => id !== appId(key));
    if (others.some(([, sockets]) => sockets.has(name))) return 'EADDRINUSE';
    const group = this.#newGroup(key, address);
    const placed = group.obtain(slot);
    if (typeof placed === 'string') this.#socketsOf(key).delete(name);
    return placed;
  }

  #newGroup(key: AppKey, address: TcpAddress): SocketGroup {
    const { bindReusePort } = this.#maker;
    const group = new SocketGroup(bindReusePort === null ? null : (options) => bindReusePort(address, options));
    this.#socketsOf(key).set(formatSocketAddress(address), { type: 'group', address, group });
    return group;
  }

  #keepOut(socket: VaultSocket): null {
    socket.drop();
    return null;
  }

  #release(key: AppKey, name: string, held: Held): void {
    if (held.type === 'one') held.socket.close();
    else held.group.close();
    this.#socketsOf(key).delete(name);
  }

  #socketsOf(key: AppKey): Map<string, Held> {
    const sockets = this.#byApp.get(appId(key)) ?? new Map<string, Held>();
    this.#byApp.set(appId(key), sockets);
    return sockets;
  }
}

function isReachable(socket: VaultSocket): boolean {
  return socket.reachable?.() ?? true;
}

function isTcp(address: SocketAddress): address is TcpAddress {
  return address.type === 'tcp';
}

/** A port that the system chooses is one for all workers, and cannot be chosen twice. */
function isGroupable(address: SocketAddress): address is TcpAddress {
  return isTcp(address) && address.port !== 0;
}

function hasFixedPort(address: SocketAddress): boolean {
  return address.type === 'path' || address.port !== 0;
}
