import type { Http2Session } from 'node:http2';
import net, { type Server } from 'node:net';

/** The HTTP/2 sessions of one server. */
export interface Sessions {
  /** Ends them without a lost stream, and each that still comes. */
  readonly end: () => void;
}

/** For how long a client may take to see the notice: what it sent before that is still served. */
const NOTICE = 500;

/**
 * GOAWAY on stream 0, no error, last stream 2³¹−1: "open no new stream", while every stream that is already on its way is
 * accepted (https://www.rfc-editor.org/rfc/rfc9113#section-6.8). Node's own `session.close` refuses those.
 */
const SHUTDOWN_NOTICE = Buffer.from('0000080700000000007fffffff00000000', 'hex');

export function followSessions(server: Server): Sessions {
  const sessions = new Set<Http2Session>();
  let ending = false;
  if (isHttp2(server)) {
    server.on('session', (session: Http2Session) => {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
      if (ending) endSession(session);
    });
  }
  return {
    end: () => {
      ending = true;
      for (const session of sessions) endSession(session);
    },
  };
}

/** Its classes are not exported. */
function isHttp2(server: Server): boolean {
  return typeof (server as { updateSettings?: unknown }).updateSettings === 'function';
}

function endSession(session: Http2Session): void {
  if (session.closed || session.destroyed) return;
  // The notice must not overtake the server's own preface.
  if (session.pendingSettingsAck) {
    session.once('localSettings', () => endSession(session));
    return;
  }
  notify(session);
  setTimeout(() => {
    if (!session.closed) session.close();
  }, NOTICE).unref();
}

/** Node has no call for it. The session's `socket` forbids `write`, but only by that name. */
function notify(session: Http2Session): void {
  try {
    net.Socket.prototype.write.call(session.socket, SHUTDOWN_NOTICE);
  } catch {
    // Its close will say it, later.
  }
}
