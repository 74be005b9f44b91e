// Requests of four kinds against one port until stdin ends, then the counts as JSON. It never retries: every request
// that is not answered in full, as expected, has failed. `node strict-client.mjs PORT`.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const port = Number(process.argv[2]);
const chunk = Buffer.alloc(8192, 'x');
const KINDS = {
  keepAlive: { loops: 32 },
  close: { loops: 16, close: true },
  slow: { loops: 8, path: '/slow' },
  post: { loops: 8, chunks: 4 },
};
const counts = {};
const failures = {};
const ending = new AbortController();
process.stdin.resume().once('end', () => ending.abort());

await Promise.all(Object.keys(KINDS).flatMap((kind) => Array.from({ length: KINDS[kind].loops }, () => loop(kind))));
process.stdout.write(JSON.stringify({ counts, failures }), () => process.exit());

/** One client with one connection, that asks again as soon as it has its answer. */
async function loop(kind) {
  const options = KINDS[kind];
  const agent = options.close ? false : new Agent({ keepAlive: true, maxSockets: 1 });
  while (!ending.signal.aborted) {
    const failure = await ask(options, agent);
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (failure === undefined) continue;
    const reason = `${kind} ${failure}`;
    failures[reason] = (failures[reason] ?? 0) + 1;
    // A refused connection fails at once: without a pause a single moment would count a thousand times.
    await sleep(10);
  }
}

function ask({ path = '/', chunks = 0 }, agent) {
  return new Promise((resolve) => {
    const method = chunks > 0 ? 'POST' : 'GET';
    const headers = chunks > 0 ? { 'content-length': chunks * chunk.length } : {};
    const expected = chunks > 0 ? String(chunks * chunk.length) : 'ok';
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent, timeout: 15_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('error', (error) => resolve(error.code ?? error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) resolve(`status ${response.statusCode}`);
        else resolve(body === expected ? undefined : 'wrong body');
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', (error) => resolve(error.code ?? error.message));
    void send(asked, chunks);
  });
}

/** In pieces, so that a body is under way when a worker stops. */
async function send(asked, chunks) {
  for (let index = 0; index < chunks && !asked.destroyed; index++) {
    asked.write(chunk);
    await sleep(5);
  }
  if (!asked.destroyed) asked.end();
}
