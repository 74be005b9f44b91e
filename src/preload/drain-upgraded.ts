import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

/** The connections of one server that have left HTTP, such as WebSockets. */
export interface Upgrades {
  /** Asks their clients to go elsewhere, and those of each that still comes. */
  readonly end: (order: { readonly within: number; readonly handover: boolean }) => void;
  readonly destroy: () => void;
}

interface Upgraded {
  readonly socket: Duplex & { readonly bytesWritten?: number };
  readonly webSocket: boolean;
  /** What had been written when the request came: as long as it is no more, the handshake is not over. */
  readonly writtenBefore: number;
}

/** Until clients are told: time for the successor to get warm, and for what is under way. */
const DELAY = 1000;
/** For a client to answer the close frame. */
const GOODBYE = 2000;
const HANDSHAKE_POLL = 100;

/** Close frame, status 1012 (https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number). */
const SERVICE_RESTART = Buffer.concat([Buffer.from([0x88, 17, 0x03, 0xf4]), Buffer.from('Service Restart')]);

export function followUpgrades(server: Server): Upgrades {
  const open = new Set<Upgraded>();
  let delay: number | undefined;
  const follow = (request: IncomingMessage, socket: Upgraded['socket']): void => {
    const webSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    const upgraded = { socket, webSocket, writtenBefore: socket.bytesWritten ?? 0 };
    open.add(upgraded);
    socket.once('close', () => open.delete(upgraded));
    if (delay !== undefined) endLater(upgraded, delay);
  };
  listenBeside(server, follow);
  return {
    end: ({ within, handover }) => {
      delay = handover ? Math.min(DELAY, within / 2) : 0;
      for (const upgraded of open) endLater(upgraded, delay);
    },
    destroy: () => {
      for (const { socket } of open) socket.destroy();
    },
  };
}

/** Node treats requests to upgrade in another way as soon as anybody listens: only while the app does, too. */
function listenBeside(server: Server, listener: (request: IncomingMessage, socket: Upgraded['socket']) => void): void {
  const add = (): void => {
    if (!server.listeners('upgrade').includes(listener)) server.prependListener('upgrade', listener);
  };
  if (server.listenerCount('upgrade') > 0) add();
  server.on('newListener', (event, added) => {
    if (event === 'upgrade' && added !== listener) add();
  });
  server.on('removeListener', (event, removed) => {
    if (event === 'upgrade' && removed !== listener && server.listenerCount('upgrade') === 1)
      server.removeListener('upgrade', listener);
  });
}

function endLater(upgraded: Upgraded, delay: number): void {
  setTimeout(() => end(upgraded), delay).unref();
}

function end(upgraded: Upgraded): void {
  const { socket, webSocket, writtenBefore } = upgraded;
  if (!webSocket || socket.destroyed || socket.writableEnded) return;
  if ((socket.bytesWritten ?? 1) <= writtenBefore) return endLater(upgraded, HANDSHAKE_POLL);
  // Between two frames: a server writes each frame whole.
  socket.write(SERVICE_RESTART);
  setTimeout(() => socket.end(), GOODBYE).unref();
}
