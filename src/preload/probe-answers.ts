import { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { Duplex } from 'node:stream';
import type { ControlLink } from './control-link.ts';
import type { ListeningServers } from './sockets.ts';
import type { DaemonMessage, WorkerMessage } from '../protocol/worker.ts';

type Question = Extract<DaemonMessage, { type: 'ask' }>;
type Answer = Omit<Extract<WorkerMessage, { type: 'answered' }>, 'type' | 'seq'>;

/** Of an answer, the part in which its status is looked for. */
const LIMIT = 1 << 14;

/**
 * Asks the app's own server, within this process. A request over the port could be answered by any worker that shares
 * the socket, by the predecessor above all. An HTTP server takes connections that are handed to it, from any stream
 * (https://nodejs.org/api/http.html#event-connection).
 */
export function installProbeAnswers(servers: ListeningServers, link: ControlLink): void {
  const listening = new Set<Server>();
  servers.onListening((server) => {
    listening.add(server);
    server.once('close', () => listening.delete(server));
  });
  link.onMessage((message) => {
    if (message.type !== 'ask') return;
    const server = [...listening].find((candidate) => portOf(candidate) === message.port);
    const answer = ({ status, problem }: Answer): void =>
      link.send({ type: 'answered', seq: message.seq, status, problem });
    if (!(server instanceof HttpServer)) return answer({ status: null, problem: 'no-http-server' });
    ask(server, message, answer);
  });
}

function ask(server: HttpServer, { host, port, path }: Question, answer: (answer: Answer) => void): void {
  const connection = new ProbeConnection(answer);
  connection.localPort = port;
  try {
    server.emit('connection', connection);
  } catch {
    // A listener of the app's that wants more of a socket than this one is.
    return answer({ status: null, problem: 'connection-closed' });
  }
  connection.push(
    `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\nUser-Agent: eco-probe\r\n\r\n`,
  );
}

/** What the server takes for a client's socket, with those members of one that apps and frameworks use. */
class ProbeConnection extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remoteFamily = 'IPv4';
  readonly remotePort = 0;
  localPort = 0;
  #received = '';
  #answer: ((answer: Answer) => void) | undefined;

  constructor(answer: (answer: Answer) => void) {
    super({ allowHalfOpen: false });
    this.#answer = answer;
    this.on('error', () => {});
    this.on('close', () => this.#settle({ status: null, problem: 'connection-closed' }));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#received.length < LIMIT) this.#received += chunk.toString('latin1');
    const status = /^HTTP\/1\.[01] (?!1\d\d)(\d{3})|\r\n\r\nHTTP\/1\.[01] (\d{3})/.exec(this.#received);
    if (status !== null) this.#settle({ status: Number(status[1] ?? status[2]), problem: null });
    done();
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** The rest of the answer is let through, so that the app can end it as usual. */
  #settle(answer: Answer): void {
    this.#answer?.(answer);
    this.#answer = undefined;
  }
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return address === null || typeof address === 'string' ? undefined : address.port;
}
