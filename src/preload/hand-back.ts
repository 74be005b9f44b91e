import type { Server } from 'node:net';
import type { ListeningSocket } from './sockets.ts';
import type { HandBack, PreloadOrders } from '../protocol/worker.ts';

/** libuv's pipe as far as it is used here. Not documented; the same in Node 20 to 26. */
interface Pipe {
  readonly connect: (request: { oncomplete: (status: number) => void }, path: string) => number;
  readonly writeUtf8String: (request: { oncomplete: () => void }, text: string, handle: unknown) => number;
  readonly close: () => void;
  readonly unref: () => void;
}
interface PipeBinding {
  readonly Pipe: new (type: number) => Pipe;
  readonly PipeConnectWrap: new () => { oncomplete: (status: number) => void };
  readonly constants: { readonly IPC: number };
}
interface StreamBinding {
  readonly WriteWrap: new () => { oncomplete: () => void };
}

/**
 * Gives a listening socket to a daemon that is not the one which started this worker. The IPC channel ended with that one,
 * so the socket goes over a pipe that is opened for it (SCM_RIGHTS, unix(7)). Where Node denies its internals nothing is
 * sent: the next reload of the app then has a moment of downtime, and the plan says so.
 */
export function handBack(
  orders: Pick<PreloadOrders, 'worker' | 'handles'>,
  { server, requested, bound }: ListeningSocket,
): void {
  const handle = (server as Server & { readonly _handle?: unknown })._handle;
  if (handle === null || handle === undefined) return;
  try {
    const message: HandBack = { worker: orders.worker, requested, bound };
    sendHandle(orders.handles, `${JSON.stringify(message)}\n`, handle);
  } catch {
    // As if it had not been tried.
  }
}

function sendHandle(path: string, text: string, handle: unknown): void {
  const { Pipe: PipeClass, PipeConnectWrap, constants } = internals('pipe_wrap') as PipeBinding;
  const { WriteWrap } = internals('stream_wrap') as StreamBinding;
  const pipe = new PipeClass(constants.IPC);
  pipe.unref();
  const connecting = new PipeConnectWrap();
  connecting.oncomplete = (status) => {
    if (status !== 0) return pipe.close();
    const writing = new WriteWrap();
    writing.oncomplete = () => pipe.close();
    if (pipe.writeUtf8String(writing, text, handle) !== 0) pipe.close();
  };
  if (pipe.connect(connecting, path) !== 0) pipe.close();
}

function internals(name: string): unknown {
  return (process as unknown as { readonly binding: (name: string) => unknown }).binding(name);
}
