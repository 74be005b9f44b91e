import net, { type Server } from 'node:net';
import type { Ipc } from './ipc.ts';

/** `setupListenHandle` of lib/net.js, with the address already looked up. Named so "to avoid breaking code that wraps it". */
type Listen2 = (
  this: ListeningServer,
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number,
  fd?: number,
  flags?: number,
) => void;

interface ListeningServer extends Server {
  _handle: { readonly close: () => void } | null;
  /** Another one as soon as the server is closed. */
  readonly _listeningId: number;
}

/**
 * Where each worker has a socket of its own, the daemon makes it, whatever the mode: a socket that only a worker holds takes
 * the connections that wait in it along when it closes, and one that was bound without SO_REUSEPORT keeps all others
 * out. What the daemon refuses, or cannot be asked for any more, the app binds by itself, or hears the error of.
 */
export function askForSocket(ipc: Ipc): void {
  const prototype = net.Server.prototype as unknown as { _listen2: Listen2 };
  const listen2 = prototype._listen2;
  prototype._listen2 = function (address, port, ...rest) {
    const listen = (): void => listen2.call(this, address, port, ...rest);
    const [, , fd] = rest;
    const bindable = typeof port === 'number' && port > 0 && !(typeof fd === 'number' && fd >= 0);
    if (!bindable || this._handle) return listen();
    const id = this._listeningId;
    ipc.requestHandle({ address: { type: 'tcp', host: address, port }, nth: 0 }, (errorCode, handle) => {
      const given = errorCode === null ? (handle as ListeningServer['_handle']) : null;
      if (this._listeningId !== id || this._handle) return given?.close();
      this._handle = given;
      listen();
    });
  };
}
