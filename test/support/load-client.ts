/**
 * A strict client in a process of its own: `node --import tsx load-client.ts '<LoadOptions>'`. It never retries and never
 * looks away: each request that is not answered in full counts, by phase and error. Ends when its stdin does, after what
 * is under way, and prints `LoadCounts` as its last line; prints `loaded` once every connection had its first answer.
 */
import http from 'node:http';
import http2, { type ClientHttp2Session } from 'node:http2';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadCounts, LoadOptions } from './load.ts';

const options = JSON.parse(process.argv[2] ?? '') as LoadOptions;
const origin = { hostname: '127.0.0.1', port: options.port, rejectUnauthorized: false, servername: 'localhost' };
const BODY = Buffer.alloc(20_000, 'x');
const BURST = 8;
/** A request that takes longer than this hangs. */
const PATIENCE = 20_000;

const counts = { ok: 0, failed: 0, connections: 0, pids: new Set<number>(), errors: new Map<string, number>() };
const stopping = new AbortController();

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

interface Progress {
  phase: 'connect' | 'send' | 'wait' | 'receive';
}

type Send = (request: Request, progress: Progress) => Promise<string>;

/** One client that waits for each answer before it asks again; `next` makes its requests. */
async function client(send: Send, next: (nth: number) => Request, firstAnswer: () => void): Promise<void> {
  for (let nth = 0; !stopping.signal.aborted; nth += 1) {
    const request = next(nth);
    const progress: Progress = { phase: 'connect' };
    try {
      const { pid, received } = JSON.parse(await send(request, progress)) as { pid: number; received: number };
      if (request.method === 'POST' && received !== BODY.length) throw new Error(`received ${received} bytes`);
      counts.ok += 1;
      counts.pids.add(pid);
    } catch (error) {
      fail(progress, error);
    }
    if (nth === 0) firstAnswer();
    await sleep(options.pause);
  }
}

function fail({ phase }: Progress, error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  const name = `${phase} ${code ?? message}`;
  counts.failed += 1;
  counts.errors.set(name, (counts.errors.get(name) ?? 0) + 1);
}

/** `keepAlive`: always the same connection, as long as the server leaves it open. */
function http1Client(keepAlive: boolean): Send {
  const secure = options.protocol === 'https';
  const module = secure ? https : http;
  const agent = new module.Agent({ keepAlive, maxSockets: 1 });
  return (request, progress) =>
    new Promise((resolve, reject) => {
      const headers =
        request.method === 'POST' ? { 'content-length': BODY.length, 'content-type': 'application/octet-stream' } : {};
      const sent = module.request({ ...origin, ...request, headers, agent, timeout: PATIENCE });
      sent.on('socket', (socket) => {
        if (socket.connecting) {
          counts.connections += 1;
          socket.once(secure ? 'secureConnect' : 'connect', () => (progress.phase = 'send'));
        } else progress.phase = 'send';
      });
      sent.on('finish', () => (progress.phase = 'wait'));
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', reject);
      sent.on('response', (response) => {
        progress.phase = 'receive';
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        textOf(response).then(resolve, reject);
      });
      sent.end(request.method === 'POST' ? BODY : undefined);
    });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Goes to a new session when the server has said that it takes no more requests on the old one, not before. */
function http2Client(keepAlive: boolean): Send {
  const scheme = options.protocol === 'h2' ? 'https' : 'http';
  let session: ClientHttp2Session | undefined;
  const connected = (): ClientHttp2Session => {
    if (keepAlive && session !== undefined && !session.closed && !session.destroyed) return session;
    counts.connections += 1;
    session = http2.connect(`${scheme}://127.0.0.1:${options.port}`, { rejectUnauthorized: false });
    // Between two requests nothing is lost.
    session.on('error', () => {});
    return session;
  };
  return (request, progress) =>
    new Promise((resolve, reject) => {
      const used = connected();
      used.on('error', reject);
      const stream = used.request({ ':method': request.method, ':path': request.path });
      stream.setTimeout(PATIENCE, () => stream.destroy(new Error('no answer')));
      stream.on('ready', () => (progress.phase = 'wait'));
      stream.on('response', () => (progress.phase = 'receive'));
      stream.on('error', reject);
      stream.on('aborted', () => reject(new Error('aborted')));
      stream.end(request.method === 'POST' ? BODY : undefined);
      textOf(stream).then(resolve, reject);
      stream.on('close', () => {
        used.off('error', reject);
        if (!keepAlive) used.close();
      });
    });
}

/** All requests of a burst go out together, as from a page that loads its parts. */
function inBursts(send: Send): Send {
  return async (request, progress) => {
    const answers = await Promise.all(Array.from({ length: BURST }, async () => send(request, progress)));
    return answers[0] ?? '';
  };
}

const multiplexed = options.protocol === 'h2' || options.protocol === 'h2c';
const newClient = multiplexed ? http2Client : http1Client;
const alternately = (nth: number): Request => ({ method: nth % 2 === 0 ? 'GET' : 'POST', path: '/' });
const slowly = (): Request => ({ method: 'GET', path: '/slow' });

const loads: Promise<void>[] = [];
const firstAnswers: Promise<void>[] = [];
function add(number: number, newSend: () => Send, next: (nth: number) => Request): void {
  for (let i = 0; i < number; i += 1) {
    firstAnswers.push(
      new Promise((firstAnswer) => {
        loads.push(client(newSend(), next, firstAnswer));
      }),
    );
  }
}
add(options.keepAlive, () => newClient(true), alternately);
add(options.close, () => newClient(false), alternately);
add(options.slow, () => newClient(true), slowly);
if (multiplexed) add(options.keepAlive / 4, () => inBursts(newClient(true)), alternately);

await Promise.all(firstAnswers);
console.log('loaded');
process.stdin.on('end', () => {
  stopping.abort();
});
process.stdin.resume();
await Promise.all(loads);
const { ok, failed, connections, pids, errors } = counts;
const said: LoadCounts = { ok, failed, connections, pids: [...pids], errors: Object.fromEntries(errors) };
console.log(JSON.stringify(said));
process.exit(0);
