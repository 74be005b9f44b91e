import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface LocalRequest {
  readonly socketPath: string;
  /** Gives the connection, where it is not that of the socket here. */
  readonly open?: () => Duplex;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface LocalResponse {
  readonly status: number;
  readonly text: () => Promise<string>;
  /** Each line as it comes; throws if the connection breaks before the end. */
  readonly lines: () => AsyncIterable<string>;
}

/** HTTP over a unix socket. Rejects if nobody answers there. */
export function sendLocal({ socketPath, open, method, path, body, signal }: LocalRequest): Promise<LocalResponse> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'eco', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    // Without a name Node looks whether it is an IP address, with a regular expression that costs 4 ms to compile.
    const options = { method, path, headers, servername: '' } as const;
    // An agent would make the connection itself.
    const connection = open === undefined ? { socketPath, agent: false } : { createConnection: open };
    const outgoing = request({ ...options, ...connection, ...(signal && { signal }) });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0, text: () => readAll(response), lines: () => readLines(response) });
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

async function* readLines(response: IncomingMessage): AsyncIterable<string> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
