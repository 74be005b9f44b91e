/** A listening socket as the vault keeps it; `platform/listening-socket` makes them. */
export interface VaultSocket {
  readonly fd: number;
  readonly handle: unknown;
  /** Equal for duplicates of one socket. */
  readonly identity: () => string;
  readonly close: () => void;
  /** Lets go of this duplicate, not of the path. */
  readonly drop: () => void;
  /** False once something took its path away: no client comes to it any more. Absent: it has no path. */
  readonly reachable?: () => boolean;
}

/** A place in a group: the instance number of the workers whose socket is there. */
export type Slot = number;

/** A socket with its place in a group; a null slot: the one socket of its address, which all workers share. */
export interface PlacedSocket {
  readonly slot: Slot | null;
  readonly socket: VaultSocket;
}

/**
 * The sockets that share one port, one for each worker. The kernel shares out new connections among those that listen,
 * whether or not anybody accepts; and closing one resets the connections that wait in it. So none is closed while the app
 * runs: what has no worker of its own is served by the others (`lent-slots`).
 */
export class SocketGroup {
  readonly #bind: ((options: { readonly first: boolean }) => VaultSocket | string) | null;
  readonly #sockets = new Map<Slot, VaultSocket>();

  /** `bind` is null where no further socket can be made. */
  constructor(bind: ((options: { readonly first: boolean }) => VaultSocket | string) | null) {
    this.#bind = bind;
  }

  /** In rising order. */
  get slots(): readonly Slot[] {
    return [...this.#sockets.keys()].sort((a, b) => a - b);
  }

  /** The socket of that slot, bound now if it is not there; one of the others for who has no slot, or if none can be made. */
  obtain(slot: Slot | null): PlacedSocket | string {
    const wanted = slot ?? this.slots[0] ?? 0;
    const held = this.#sockets.get(wanted);
    if (held !== undefined) return { slot: wanted, socket: held };
    if (this.#bind === null) return this.#anyOf();
    const socket = this.#bind({ first: this.#sockets.size === 0 });
    if (typeof socket === 'string') return socket;
    this.#sockets.set(wanted, socket);
    return { slot: wanted, socket };
  }

  /** Answers the slot in which the socket is kept: another one if it is a stranger to what is there. */
  deposit(slot: Slot, socket: VaultSocket): Slot {
    const identity = socket.identity();
    const known = [...this.#sockets].find(([, held]) => held.identity() === identity);
    if (known !== undefined) {
      socket.drop();
      return known[0];
    }
    const free = this.#sockets.has(slot) ? Math.max(...this.#sockets.keys()) + 1 : slot;
    this.#sockets.set(free, socket);
    return free;
  }

  holds(slot: Slot | null): boolean {
    return slot === null || this.#bind === null || this.#sockets.has(slot);
  }

  socketOf(slot: Slot): VaultSocket | undefined {
    return this.#sockets.get(slot);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #anyOf(): PlacedSocket | string {
    const [first] = this.#sockets;
    return first === undefined ? 'EADDRINUSE' : { slot: first[0], socket: first[1] };
  }
}
