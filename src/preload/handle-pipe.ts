/** libuv's pipe as far as it is used here. Not documented; the same in Node 20 to 26. */
interface Pipe {
  readonly connect: (request: { oncomplete: (status: number) => void }, path: string) => number;
  readonly writeUtf8String: (request: { oncomplete: () => void }, text: string, handle?: unknown) => number;
  readonly readStart: () => void;
  readonly close: () => void;
  readonly unref: () => void;
  onread: () => void;
  pendingHandle: unknown;
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
 * Sends a message to the daemon over a pipe that is opened for it, together with a handle (SCM_RIGHTS, unix(7)): the IPC
 * channel ended with the daemon that made it. Throws where Node denies its internals.
 */
export function sendHandle(path: string, message: object, handle: unknown): void {
  openPipe(path, (pipe) => {
    // A write with a handle never ends at once, one without may: only the former tells its end.
    const failed = pipe !== null && write(pipe, { message, handle, done: () => pipe.close() });
    if (failed) pipe.close();
  });
}

/** Asks the daemon for a handle over a pipe that is opened for it; undefined if there is none. Throws where Node denies its internals. */
export function fetchHandle(path: string, message: object, answer: (handle: unknown) => void): void {
  openPipe(path, (pipe) => {
    if (pipe === null) return answer(undefined);
    const end = (): void => {
      const handle = pipe.pendingHandle ?? undefined;
      pipe.pendingHandle = null;
      pipe.close();
      answer(handle);
    };
    pipe.onread = end;
    if (write(pipe, { message, handle: undefined, done: () => {} })) end();
    else pipe.readStart();
  });
}

/** null: nobody is there. */
function openPipe(path: string, opened: (pipe: Pipe | null) => void): void {
  const { Pipe: PipeClass, PipeConnectWrap, constants } = internals('pipe_wrap') as PipeBinding;
  const pipe = new PipeClass(constants.IPC);
  pipe.unref();
  const done = (status: number): void => {
    if (status !== 0) pipe.close();
    opened(status === 0 ? pipe : null);
  };
  const connecting = new PipeConnectWrap();
  connecting.oncomplete = done;
  const status = pipe.connect(connecting, path);
  if (status !== 0) done(status);
}

interface Writing {
  readonly message: object;
  readonly handle: unknown;
  readonly done: () => void;
}

/** Whether it failed. */
function write(pipe: Pipe, { message, handle, done }: Writing): boolean {
  const { WriteWrap } = internals('stream_wrap') as StreamBinding;
  const writing = new WriteWrap();
  writing.oncomplete = done;
  return pipe.writeUtf8String(writing, `${JSON.stringify(message)}\n`, handle) !== 0;
}

function internals(name: string): unknown {
  return (process as unknown as { readonly binding: (name: string) => unknown }).binding(name);
}
