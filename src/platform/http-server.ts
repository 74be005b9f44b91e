import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Milliseconds } from '../domain/time.ts';
import { listenPrivately } from './private-socket.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpServer {
  /** Takes no more requests, and waits for those under way; those that follow something for ever are cut off. */
  readonly close: () => Promise<void>;
}

/** Requests that are still being answered when the server closes get this long. */
const CLOSE_GRACE: Milliseconds = 1000;

/** Only this user can connect. The caller is the only server of the path, so that a file found there is stale. */
export async function serveHttp(path: string, handler: RequestHandler): Promise<HttpServer> {
  const server = createServer(handler);
  await listenPrivately(server, path);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** The body as JSON; undefined if it is not JSON or longer than `limit` bytes. */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > limit) return undefined;
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/**
 * Answers with one JSON document a line, as `produce` sends them. `signal` is aborted when the client has gone; what is
 * sent after that is dropped.
 */
export async function streamJson(
  response: ServerResponse,
  produce: (send: (value: object) => void, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
  const send = (value: object): void => {
    if (!gone.signal.aborted) response.write(`${JSON.stringify(value)}\n`);
  };
  await produce(send, gone.signal);
  response.end();
}
