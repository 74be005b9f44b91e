import type { AppKey } from '../domain/names.ts';
import { heldSocket } from '../platform/listening-socket.ts';
import type { HandleAnswer, HandleDeposit, HandleRequest } from '../protocol/worker.ts';
import type { SocketVault } from './socket-vault.ts';

export interface IpcContext {
  readonly key: AppKey;
  readonly vault: SocketVault;
  readonly send: ((message: HandleAnswer, handle?: unknown) => void) | undefined;
}

/** What a preload says over IPC: it asks for a listening socket, or gives one. Anything else is not for eco. */
export function answerIpc(message: unknown, handle: unknown, { key, vault, send }: IpcContext): void {
  const request = message as HandleRequest | HandleDeposit | { readonly cmd?: undefined } | null;
  if (request?.cmd === 'NODE_ECO_DEPOSIT' && handle !== undefined && handle !== null) {
    vault.deposit(key, request.requested, heldSocket(handle, request.bound));
    return;
  }
  if (request?.cmd !== 'NODE_ECO_LISTEN' || send === undefined) return;
  const socket = vault.obtain(key, request.address, request.nth);
  const { seq } = request;
  if (typeof socket === 'string') send({ cmd: 'NODE_ECO_HANDLE', seq, errorCode: socket });
  else send({ cmd: 'NODE_ECO_HANDLE', seq, errorCode: null }, socket.handle);
}
