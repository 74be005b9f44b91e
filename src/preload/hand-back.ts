import { sendHandle } from './handle-pipe.ts';
import type { SocketAddress } from '../domain/socket-address.ts';
import type { HandBack, PreloadOrders } from '../protocol/worker.ts';

/** A listening socket, and what the daemon knows it by. */
export interface HeldListener {
  readonly handle: unknown;
  readonly requested: SocketAddress;
  readonly bound: SocketAddress;
  readonly slot: number | null;
}

/**
 * Gives a listening socket to a daemon that is not the one which started this worker. Where Node denies its internals
 * nothing is sent: the next reload of the app then has a moment of downtime, and the plan says so.
 */
export function handBack(
  orders: Pick<PreloadOrders, 'worker' | 'handles'>,
  { handle, requested, bound, slot }: HeldListener,
): void {
  if (handle === null || handle === undefined) return;
  const message: HandBack = { type: 'hand-back', worker: orders.worker, requested, bound, slot };
  try {
    sendHandle(orders.handles, message, handle);
  } catch {
    // As if it had not been tried.
  }
}
