import { createServer, type Socket } from 'node:net';
import { listenPrivately } from './private-socket.ts';

/** A peer that sends and takes lines of text over a unix socket. */
export interface LineConnection {
  readonly send: (line: string) => void;
  readonly close: () => void;
}

export interface LineListener {
  readonly onLine: (connection: LineConnection, line: string) => void;
  readonly onClose: (connection: LineConnection) => void;
}

export interface LineServer {
  readonly close: () => void;
}

/** A peer that sends more than this without a line end is not one of ours. */
const LONGEST_LINE = 1_000_000;

/** Listens on `path`, which only this user can connect to. The caller makes sure that nobody else serves the path. */
export async function serveLines(path: string, listener: LineListener): Promise<LineServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    follow(socket, listener);
    socket.on('close', () => sockets.delete(socket));
  });
  await listenPrivately(server, path);
  return {
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function follow(socket: Socket, { onLine, onClose }: LineListener): void {
  const connection: LineConnection = {
    send: (line) => void (socket.writable && socket.write(`${line}\n`)),
    close: () => socket.destroy(),
  };
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) socket.destroy();
    for (const line of lines) onLine(connection, line);
  });
  socket.on('error', () => {});
  socket.on('close', () => onClose(connection));
}
