import type { Server } from 'node:net';
import type { ControlLink } from './control-link.ts';
import { handBack } from './hand-back.ts';
import { fetchHandle } from './handle-pipe.ts';
import type { ListeningServers } from './sockets.ts';
import type { DaemonMessage, HandleFetch, PreloadOrders } from '../protocol/worker.ts';

/** libuv's TCP as far as it is used here. Not documented; the same in Node 20 to 26. */
interface ListeningHandle {
  readonly listen: (backlog: number) => number;
  readonly unref: () => void;
  close: (...args: unknown[]) => void;
  onconnection: (status: number, client: unknown) => void;
}

type Order = Pick<Extract<DaemonMessage, { type: 'serve' | 'let-go' }>, 'address' | 'slot'>;

/** As in lib/net.js. */
const BACKLOG = 511;

/**
 * Accepts on sockets of the port that no worker of their own serves. Each connection goes to the app's own server as if
 * it had come over its own socket, so that draining, limits and counts hold for it; and what is lent closes with that one.
 */
export function installLentSlots(orders: PreloadOrders, servers: ListeningServers, link: ControlLink): void {
  const slots = new LentSlots(orders, servers);
  link.onMessage((message) => {
    if (message.type === 'serve') slots.serve(message);
    if (message.type === 'let-go') slots.letGo(keyOf(message));
  });
  link.onReconnect(() => slots.handBack());
}

class LentSlots {
  readonly #orders: PreloadOrders;
  readonly #servers: ListeningServers;
  /** By slot and address; null while the socket is on its way. */
  readonly #lent = new Map<string, ListeningHandle | null>();
  /** What closes with a server's own handle. */
  readonly #attached = new WeakMap<ListeningHandle, Set<string>>();

  constructor(orders: PreloadOrders, servers: ListeningServers) {
    this.#orders = orders;
    this.#servers = servers;
  }

  serve({ address, slot }: Order): void {
    const key = keyOf({ address, slot });
    const server = this.#servers.at(address)?.server;
    if (server === undefined || this.#lent.has(key)) return;
    this.#lent.set(key, null);
    const { worker, handles } = this.#orders;
    const message: HandleFetch = { type: 'fetch', worker, address, slot };
    try {
      fetchHandle(handles, message, (handle) => this.#arrived(key, server, handle as ListeningHandle | undefined));
    } catch {
      this.#lent.delete(key);
    }
  }

  letGo(key: string): void {
    this.#lent.get(key)?.close();
    this.#lent.delete(key);
  }

  handBack(): void {
    for (const [key, handle] of this.#lent) {
      const { address: requested, slot } = JSON.parse(key) as Order;
      const bound = this.#servers.at(requested)?.bound;
      if (bound !== undefined) handBack(this.#orders, { handle, requested, bound, slot });
    }
  }

  /** Meanwhile it may have been told to let go, or the server may have closed. */
  #arrived(key: string, server: Server, handle: ListeningHandle | undefined): void {
    const wanted = this.#lent.get(key) === null;
    if (wanted) this.#lent.delete(key);
    if (handle === undefined) return;
    handle.unref();
    const own = (server as { readonly _handle?: ListeningHandle | null })._handle ?? undefined;
    if (own === undefined || !wanted) return handle.close();
    handle.onconnection = (status, client) => own.onconnection(status, client);
    if (handle.listen(BACKLOG) !== 0) return handle.close();
    this.#lent.set(key, handle);
    this.#closeWith(own, key);
  }

  /** Whoever closes the server, and however: its handle is what is closed. */
  #closeWith(own: ListeningHandle, key: string): void {
    const attached = this.#attached.get(own);
    if (attached !== undefined) return void attached.add(key);
    const keys = new Set([key]);
    this.#attached.set(own, keys);
    const close = own.close;
    own.close = (...args) => {
      for (const each of keys) this.letGo(each);
      close.apply(own, args);
    };
  }
}

/** Equal for equal orders. */
function keyOf({ address, slot }: Order): string {
  return JSON.stringify({ address, slot });
}
