import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Milliseconds } from '../domain/time.ts';
import { sharedAbortController } from './abort.ts';
import { listenPrivately } from './private-socket.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpServer {
  /** Takes no more requests, and waits for those under way; those that follow something for ever are cut off. */
  readonly close: () => Promise<void>;
}

/** Aborted when the server of the response closes. */
const closings = new WeakMap<ServerResponse, AbortSignal>();

/** Requests that are still being answered when the server closes get this long. */
const CLOSE_GRACE: Milliseconds = 1000;

/** Only this user can connect. The caller is the only server of the path, so that a file found there is stale. */
export async function serveHttp(path: string, handler: RequestHandler): Promise<HttpServer> {
  const closing = sharedAbortController();
  const server = createServer((request, response) => {
    closings.set(response, closing.signal);
    handler(request, response);
  });
  await listenPrivately(server, path);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      closing.abort();
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

export interface JsonStream {
  /** What is sent after the client has gone is dropped. */
  readonly send: (value: object) => void;
  /** Answers once the client has read enough for more to be sent, or has gone. */
  readonly drained: () => Promise<void>;
  /** Aborted when the client has gone, or the server is about to close: what goes on for ever ends now. */
  readonly signal: AbortSignal;
}

/** Answers with one JSON document a line, as `produce` sends them. */
export async function streamJson(
  response: ServerResponse,
  produce: (stream: JsonStream) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  // It may have gone while its request was read.
  let gone = response.destroyed;
  if (gone) end();
  response.on('close', () => {
    gone = true;
    end();
  });
  closings.get(response)?.addEventListener('abort', end, { signal: over.signal });
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
  const send = (value: object): void => {
    if (!gone) response.write(`${JSON.stringify(value)}\n`);
  };
  const drained = async (): Promise<void> => {
    if (!response.writableNeedDrain || over.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        over.signal.removeEventListener('abort', done);
        resolve();
      };
      response.on('drain', done);
      over.signal.addEventListener('abort', done);
    });
  };
  await produce({ send, drained, signal: over.signal });
  response.end();
}
