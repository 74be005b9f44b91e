import { createServer, type Socket } from 'node:net';
import { listenPrivately } from './private-socket.ts';

export interface HandleServer {
  readonly close: () => void;
}

/** libuv's pipe as far as it is used here. Not documented; the same in Node 20 to 26. */
interface Pipe {
  readonly open: (fd: number) => number;
  readonly readStart: () => void;
  readonly readStop: () => void;
  readonly writeUtf8String: (request: { oncomplete: () => void }, text: string, handle: unknown) => number;
  onread: (buffer: ArrayBuffer | undefined) => void;
  pendingHandle: unknown;
}
interface PipeBinding {
  readonly Pipe: new (type: number) => Pipe;
  readonly constants: { readonly IPC: number };
}
interface StreamBinding {
  readonly WriteWrap: new () => { oncomplete: () => void };
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
}

/** One line of text, with a handle or without; what it answers is sent back. */
type Exchange = (line: string, handle: unknown) => unknown;

/**
 * Takes and gives listening sockets over a named unix socket (SCM_RIGHTS, unix(7)), one for each connection. Node itself can
 * only do so over a channel made at spawn, which ended with the daemon that made it: a plain connection is accepted and
 * then used through a pipe of the kind that node:child_process uses.
 */
export async function serveHandles(path: string, exchange: Exchange): Promise<HandleServer> {
  const server = createServer({ pauseOnConnect: true }, (socket) => receive(socket, exchange));
  await listenPrivately(server, path);
  return {
    close: () => {
      server.close();
    },
  };
}

function receive(socket: Socket, exchange: Exchange): void {
  socket.on('error', () => {});
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const pipe = openPipe(fd);
  if (pipe === undefined) {
    socket.destroy();
    return;
  }
  pipe.onread = (buffer) => {
    const handle = pipe.pendingHandle ?? undefined;
    pipe.pendingHandle = null;
    // The descriptor belongs to both: the socket closes it, and the pipe only has to stop looking at it.
    pipe.readStop();
    const answer = buffer === undefined ? undefined : exchange(textOf(buffer), handle);
    if (answer === undefined) socket.destroy();
    else give(pipe, answer, () => socket.destroy());
  };
  pipe.readStart();
}

function give(pipe: Pipe, handle: unknown, done: () => void): void {
  const { WriteWrap } = internals('stream_wrap') as StreamBinding;
  const writing = new WriteWrap();
  writing.oncomplete = done;
  if (pipe.writeUtf8String(writing, '\n', handle) !== 0) done();
}

/** undefined where Node denies its internals, as under `--permission`. */
function openPipe(fd: number): Pipe | undefined {
  try {
    const { Pipe: PipeClass, constants } = internals('pipe_wrap') as PipeBinding;
    const pipe = new PipeClass(constants.IPC);
    return pipe.open(fd) === 0 ? pipe : undefined;
  } catch {
    return undefined;
  }
}

function textOf(buffer: ArrayBuffer): string {
  const { streamBaseState, kReadBytesOrError, kArrayBufferOffset } = internals('stream_wrap') as StreamBinding;
  const length = streamBaseState[kReadBytesOrError] ?? 0;
  return Buffer.from(buffer, streamBaseState[kArrayBufferOffset] ?? 0, length).toString('utf8');
}

function internals(name: string): unknown {
  return (process as unknown as { readonly binding: (name: string) => unknown }).binding(name);
}
