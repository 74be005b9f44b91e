import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

/** The HTTP/2 sessions of one server. */
export interface Sessions {
  /** Ends each with what is under way or with its next request; one that stays idle, after a while. */
  readonly end: (order: { readonly within: number }) => void;
}

/** As long as Node leaves an idle HTTP/1 connection open. */
const IDLE = 5000;
/** "No more streams, but none is refused yet" (https://www.rfc-editor.org/rfc/rfc9113#section-6.8). */
const EVERY_STREAM = 2 ** 31 - 1;

/**
 * A client learns from GOAWAY that it has to open a new connection, and what it opens on the old one before that is
 * refused. Node cannot send the notice that avoids this: after any GOAWAY of its own it takes no further stream, and it
 * aborts when somebody else writes a frame to its socket. So GOAWAY is sent while the client waits for an answer, ahead
 * of that answer: a client that asks one thing at a time, or everything at once, opens nothing in between.
 */
export function followSessions(server: Server): Sessions {
  const sessions = new Map<Http2Session, Set<ServerHttp2Stream>>();
  let ending = false;
  if (isHttp2(server)) {
    server.on('session', (session: Http2Session) => {
      const streams = new Set<ServerHttp2Stream>();
      sessions.set(session, streams);
      session.once('close', () => sessions.delete(session));
      // Before the app can answer.
      session.prependListener('stream', (stream: ServerHttp2Stream) => {
        streams.add(stream);
        stream.once('close', () => streams.delete(stream));
        if (ending) goAway(session);
      });
    });
  }
  return {
    end: ({ within }) => {
      ending = true;
      for (const [session, streams] of sessions) if ([...streams].some(isUnanswered)) goAway(session);
      setTimeout(() => [...sessions.keys()].forEach(close), Math.min(IDLE, within / 2)).unref();
    },
  };
}

function isUnanswered(stream: ServerHttp2Stream): boolean {
  return !stream.writableEnded && !stream.destroyed;
}

/** In two parts, so that the streams that were received together with the first one are served, too. */
function goAway(session: Http2Session): void {
  if (session.closed || session.destroyed) return;
  session.goaway(0, EVERY_STREAM);
  setImmediate(close, session);
}

function close(session: Http2Session): void {
  if (!session.closed && !session.destroyed) session.close();
}

/** Its classes are not exported. */
function isHttp2(server: Server): boolean {
  return typeof (server as { updateSettings?: unknown }).updateSettings === 'function';
}
