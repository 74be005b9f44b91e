import type { Server } from 'node:net';
import type { ControlLink } from './control-link.ts';
import type { HandleAnswer, HandleDeposit, HandleRequest } from '../protocol/worker.ts';

/** The IPC channel made at spawn, as eco uses it: for handles only, and never in the app's way. */
export interface Ipc {
  /** Asks the daemon for a bound socket; answers the name of a system error, such as EADDRINUSE, if it cannot. */
  readonly requestHandle: (
    request: Pick<HandleRequest, 'address' | 'nth'>,
    answer: (errorCode: string | null, handle: unknown) => void,
  ) => void;
  /** As in `InheritedSocket`, of a handle that the daemon answered; undefined for any other. */
  readonly slotOf: (handle: unknown) => number | null | undefined;
  /** Gives the daemon a duplicate of a listening socket, so that the next worker can inherit it. */
  readonly deposit: (message: Omit<HandleDeposit, 'cmd'>, server: Server) => void;
}

type Send = (
  message: unknown,
  handle?: unknown,
  options?: unknown,
  callback?: (error: Error | null) => void,
) => boolean;
type InternalListener = (message: HandleAnswer, handle: unknown) => void;

/** Below a wrapper the channel, if there is one, is the wrapper's. */
export const NO_IPC: Ipc = {
  requestHandle: (_request, answer) => answer('EPIPE', undefined),
  slotOf: () => undefined,
  deposit: () => {},
};

export function installIpc(link: ControlLink): Ipc {
  const original = typeof process.send === 'function' ? (process.send.bind(process) as Send) : undefined;
  hideDisconnect();
  (process as { send: unknown }).send = harmlessSend(original, link);
  const pending = new Map<number, (errorCode: string | null, handle: unknown) => void>();
  const slots = new WeakMap<object, number | null>();
  let seq = 0;
  process.on(
    'internalMessage' as 'message',
    ((message: HandleAnswer, handle: unknown) => {
      if (message.cmd !== 'NODE_ECO_HANDLE') return;
      if (typeof handle === 'object' && handle !== null) slots.set(handle, message.slot);
      pending.get(message.seq)?.(message.errorCode, handle);
      if (pending.delete(message.seq) && pending.size === 0) channel()?.unref?.();
    }) satisfies InternalListener as never,
  );
  // A listener for 'internalMessage' does not keep the process alive, unlike one for 'message'.
  channel()?.unref?.();

  return {
    requestHandle: (request, answer) => {
      if (original === undefined || !process.connected) return answer('EPIPE', undefined);
      seq += 1;
      pending.set(seq, answer);
      // Nothing else may keep the loop turning between the app's listen() and the daemon's answer.
      channel()?.ref?.();
      original({ cmd: 'NODE_ECO_LISTEN', seq, ...request });
    },
    slotOf: (handle) => (typeof handle === 'object' && handle !== null ? slots.get(handle) : undefined),
    deposit: (message, server) => {
      const handle = (server as { _handle?: unknown })._handle;
      if (original === undefined || !process.connected || handle === null || handle === undefined) return;
      original({ cmd: 'NODE_ECO_DEPOSIT', ...message }, handle, { keepOpen: true }, () => {});
    },
  };
}

/** PM2's `process.send('ready')` works in every mode, and sending after the daemon went away is no error. */
function harmlessSend(original: Send | undefined, link: ControlLink): Send {
  return (message, handle, options, callback) => {
    if (message === 'ready') link.send({ type: 'ready' });
    const done = [handle, options, callback].find((argument) => typeof argument === 'function') as
      | ((error: Error | null) => void)
      | undefined;
    if (original !== undefined && process.connected) return original(message, handle, options, callback);
    if (done !== undefined) process.nextTick(done, null);
    return true;
  };
}

/** Apps exit on 'disconnect', for under PM2 it meant the end. Here the daemon may come and go. */
function hideDisconnect(): void {
  const emit = process.emit.bind(process) as (event: string | symbol, ...args: unknown[]) => boolean;
  process.emit = ((event: string | symbol, ...args: unknown[]) =>
    event === 'disconnect' ? false : emit(event, ...args)) as typeof process.emit;
}

/** What the daemon has to say to the app. */
export function deliverMessages(link: ControlLink): void {
  link.onMessage((message) => {
    if (message.type === 'message') process.emit('message', message.payload, undefined);
  });
}

function channel(): { ref?: () => void; unref?: () => void } | undefined {
  return (process as { channel?: { ref?: () => void; unref?: () => void } }).channel;
}
