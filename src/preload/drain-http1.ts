import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';

/** Node's parser of one connection; not documented, the same in 18 to 26. */
interface Parser {
  readonly socket: (Socket & { readonly _httpMessage?: ServerResponse | null }) | null;
  /** The request that was read last, until it is answered. */
  readonly incoming: IncomingMessage | null;
}

/** The latest answer on each connection since draining began. */
const latest = new WeakMap<Socket, ServerResponse>();

/** From now on each answer says `Connection: close`, and its connection ends with it. */
export function closeAfterAnswers(): void {
  subscribe('http.server.request.start', (message) => {
    try {
      closeAfter((message as { response: ServerResponse }).response);
    } catch {
      // An exception here would become the app's uncaughtException.
    }
  });
}

/** The answers that are under way, too, unless further requests already wait behind them. */
export function closeAfterAnswersInFlight(server: Server): void {
  for (const { socket, incoming } of parsersOf(server)) {
    const response = socket?._httpMessage;
    if (response !== null && response !== undefined && !response.headersSent && incoming === response.req)
      closeAfter(response);
  }
}

/** Ends the connections on which no request is being answered, also those that never sent one. */
export function closeIdle(server: Server): void {
  for (const { socket, incoming } of parsersOf(server)) {
    const answering = socket?._httpMessage !== null && socket?._httpMessage !== undefined;
    if (!answering && (incoming === null || incoming.complete)) socket?.destroy();
  }
}

function closeAfter(response: ServerResponse): void {
  const { req: request } = response;
  const { socket } = request;
  const earlier = latest.get(socket);
  latest.delete(socket);
  // A client that sends several requests at once gets all their answers: only the last one ends the connection.
  if (earlier !== undefined && !earlier.headersSent) earlier.shouldKeepAlive = true;
  if (!response.shouldKeepAlive) return;
  latest.set(socket, response);
  const close = (): void => {
    if (latest.get(socket) === response) response.shouldKeepAlive = false;
  };
  // To close while a body still arrives would reset the connection, perhaps before the client has read the answer.
  if (hasBody(request) && !request.complete) request.once('end', close);
  else close();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Every connection of an HTTP/1 server, found when it is needed, so that no request costs anything before. Where Node
 * keeps no such list, answers under way end without `Connection: close`, and the next request on the connection does it.
 */
function parsersOf(server: Server): readonly Parser[] {
  const list = connectionsOf(server);
  return list?.all() ?? [];
}

function connectionsOf(server: Server): { readonly all: () => readonly Parser[] } | undefined {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === CONNECTIONS);
  if (key === undefined) return undefined;
  const list = (server as unknown as Readonly<Record<symbol, unknown>>)[key];
  return typeof (list as { all?: unknown } | undefined)?.all === 'function'
    ? (list as { all: () => readonly Parser[] })
    : undefined;
}

const CONNECTIONS = 'http.server.connections';
