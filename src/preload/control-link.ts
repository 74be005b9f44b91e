import { connect, type Socket } from 'node:net';
import { once } from './once.ts';
import type { DaemonMessage, PreloadOrders, WorkerMessage } from '../protocol/worker.ts';

/** The connection to the daemon, opened again whenever a daemon goes and the next one comes. */
export interface ControlLink {
  /** Connects; what was sent before is said then. Once is enough. */
  readonly open: () => void;
  /** State that a new daemon must know too: sent again, in order, after each reconnection. */
  readonly send: (message: WorkerMessage) => void;
  readonly onMessage: (listener: (message: DaemonMessage) => void) => void;
  /** Another daemon answers than the one that started this worker. */
  readonly onReconnect: (listener: () => void) => void;
}

const FIRST_RETRY = 100;
/** A daemon that comes back shall know all its workers within a second. */
const LAST_RETRY = 400;

export function controlLink(orders: Pick<PreloadOrders, 'worker' | 'link'>): ControlLink {
  const state = new Map<string, WorkerMessage>();
  const listeners: ((message: DaemonMessage) => void)[] = [];
  const reconnectListeners: (() => void)[] = [];
  let current: Socket | undefined;
  let connected = false;

  const open = once(() =>
    keepConnected(orders.link, {
      onConnect: (socket) => {
        current = socket;
        write(socket, { type: 'register', worker: orders.worker, pid: process.pid, node: process.version });
        for (const message of state.values()) write(socket, message);
        write(socket, { type: 'told' });
        if (connected) for (const listener of reconnectListeners) listener();
        connected = true;
      },
      onLine: (line) => {
        const message = parse(line);
        if (message !== undefined) for (const listener of listeners) listener(message);
      },
      onClose: () => void (current = undefined),
    }),
  );
  return {
    open,
    send: (message) => {
      remember(state, message);
      if (current !== undefined) write(current, message);
    },
    onMessage: (listener) => void listeners.push(listener),
    onReconnect: (listener) => void reconnectListeners.push(listener),
  };
}

interface LinkListener {
  readonly onConnect: (socket: Socket) => void;
  readonly onLine: (line: string) => void;
  readonly onClose: () => void;
}

/** Never keeps the process alive, and never gives up. */
function keepConnected(path: string, listener: LinkListener): void {
  let retryAfter = FIRST_RETRY;
  const open = (): void => {
    const socket = connect(path);
    socket.unref();
    socket.on('connect', () => {
      retryAfter = FIRST_RETRY;
      listener.onConnect(socket);
    });
    onLines(socket, listener.onLine);
    socket.on('error', () => {});
    socket.on('close', () => {
      listener.onClose();
      setTimeout(open, retryAfter * (0.5 + Math.random())).unref();
      retryAfter = Math.min(LAST_RETRY, retryAfter * 2);
    });
  };
  open();
}

function write(socket: Socket, message: WorkerMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** The latest message of each kind and socket; what is no longer true is forgotten. */
function remember(state: Map<string, WorkerMessage>, message: WorkerMessage): void {
  switch (message.type) {
    case 'listening':
      state.set(`listening ${JSON.stringify(message.bound)}`, message);
      return;
    case 'closed':
      state.delete(`listening ${JSON.stringify(message.bound)}`);
      return;
    case 'turned':
    case 'rested':
    case 'ready':
    case 'signals':
    case 'drained':
      state.set(message.type, message);
      return;
    default:
      return;
  }
}

function onLines(socket: Socket, listener: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) listener(line);
  });
}

function parse(line: string): DaemonMessage | undefined {
  try {
    return JSON.parse(line) as DaemonMessage;
  } catch {
    return undefined;
  }
}
