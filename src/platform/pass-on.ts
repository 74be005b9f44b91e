import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Makes a stream one with a connection to a unix socket: either end of it ends the other. */
export function passOn(stream: Duplex, socketPath: string): void {
  const socket = connect(socketPath);
  socket.on('error', (error) => stream.destroy(error));
  stream.on('close', () => socket.destroy());
  socket.on('close', () => {
    if (!stream.writableEnded) stream.end();
  });
  stream.pipe(socket);
  socket.pipe(stream);
}
