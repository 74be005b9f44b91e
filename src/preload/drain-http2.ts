import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

/** The HTTP/2 sessions of one server. */
export interface Sessions {
  /** Ends each as soon as none of its streams is open, and each that still comes; all of them after half of `within`. */
  readonly end: (order: { readonly within: number }) => void;
}

/**
 * A stream that a client opens while the session's GOAWAY is on its way is refused. Node cannot send the notice that would
 * avoid this (https://www.rfc-editor.org/rfc/rfc9113#section-6.8): a frame written to the socket beside the session makes
 * Node abort, as soon as the write does not end at once. So a session is closed at a moment when nothing is under way.
 */
export function followSessions(server: Server): Sessions {
  const streams = new Map<Http2Session, number>();
  let ending = false;
  const close = (session: Http2Session): void => {
    if (!session.closed && !session.destroyed) session.close();
  };
  if (isHttp2(server)) {
    server.on('session', (session: Http2Session) => {
      streams.set(session, 0);
      session.once('close', () => streams.delete(session));
      session.on('stream', (stream: ServerHttp2Stream) => {
        streams.set(session, (streams.get(session) ?? 0) + 1);
        stream.once('close', () => {
          const open = (streams.get(session) ?? 1) - 1;
          if (streams.has(session)) streams.set(session, open);
          if (ending && open === 0) close(session);
        });
      });
    });
  }
  return {
    end: ({ within }) => {
      ending = true;
      for (const [session, open] of streams) if (open === 0) close(session);
      setTimeout(() => [...streams.keys()].forEach(close), within / 2).unref();
    },
  };
}

/** Its classes are not exported. */
function isHttp2(server: Server): boolean {
  return typeof (server as { updateSettings?: unknown }).updateSettings === 'function';
}
