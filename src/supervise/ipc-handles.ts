import type { SocketAddress } from '../domain/socket-address.ts';
import { heldSocket } from '../platform/listening-socket.ts';
import type { HandleAnswer, HandleDeposit, HandleRequest } from '../protocol/worker.ts';
import type { Asker, SocketVault } from './socket-vault.ts';

export interface IpcContext {
  readonly asker: Asker;
  readonly vault: SocketVault;
  /** The vault holds for it what it asked for, or gave, by that address; it will listen there. */
  readonly onTaken: (address: SocketAddress) => void;
  readonly send: ((message: HandleAnswer, handle?: unknown) => void) | undefined;
}

/** What a preload says over IPC: it asks for a listening socket, or gives one. Anything else is not for eco. */
export function answerIpc(message: unknown, handle: unknown, { asker, vault, onTaken, send }: IpcContext): void {
  const request = message as HandleRequest | HandleDeposit | { readonly cmd?: undefined } | null;
  if (request?.cmd === 'NODE_ECO_DEPOSIT' && handle !== undefined && handle !== null) {
    vault.deposit({ ...asker, slot: null }, request.requested, heldSocket(handle, request.bound));
    onTaken(request.requested);
    return;
  }
  if (request?.cmd !== 'NODE_ECO_LISTEN' || send === undefined) return;
  const placed = vault.obtain(asker, request.address, request.nth);
  const { seq } = request;
  if (typeof placed === 'string') return send({ cmd: 'NODE_ECO_HANDLE', seq, errorCode: placed, slot: null });
  onTaken(request.address);
  send({ cmd: 'NODE_ECO_HANDLE', seq, errorCode: null, slot: placed.slot }, placed.socket.handle);
}
