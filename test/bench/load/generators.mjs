import { fileURLToPath } from 'node:url';
import { install } from '../lib/workspace.mjs';
import { run } from '../lib/processes.mjs';

/** autocannon from npm; `{ perSecond, total, failed, p50, p99 }`, times in milliseconds. */
export async function autocannon({ url, connections, seconds, rate }) {
  const program = await install('autocannon@8', 'autocannon.js');
  const args = ['-j', '-n', '-c', String(connections), '-d', String(seconds)];
  if (rate !== undefined) args.push('-R', String(rate));
  const { stdout } = await run(process.execPath, [program, ...args, url]);
  const { requests, latency, errors, timeouts, non2xx, duration } = JSON.parse(stdout);
  return {
    perSecond: requests.total / duration,
    total: requests.total,
    failed: errors + timeouts + non2xx,
    p50: latency.p50,
    p99: latency.p99,
  };
}

/** wrk: it needs less CPU than a client in JavaScript, and so leaves more to the servers. */
async function wrk({ port, connections, seconds, close }) {
  const header = close ? ['-H', 'Connection: close'] : [];
  const url = `http://127.0.0.1:${port}/`;
  const { stdout } = await run('wrk', ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, ...header, url]);
  const number = (pattern) => Number(pattern.exec(stdout)?.[1] ?? 0);
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    total: number(/(\d+) requests in/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/),
  };
}

/** Sockets of `node:net`, a new one for each request: costs it half of what it costs autocannon. `rate` instead of `connections`. */
export async function connectClient({ port, seconds, path = '/', connections = 0, rate }) {
  const program = fileURLToPath(new URL('connect-client.mjs', import.meta.url));
  const { stdout } = await run(
    process.execPath,
    [program, port, seconds, path, connections, ...(rate === undefined ? [] : [rate])].map(String),
  );
  return JSON.parse(stdout);
}

/** The lightest client that is there, for connections that stay or that close. */
export async function lightestGenerator({ close }) {
  if (await isInstalled('wrk')) return { name: 'wrk', load: (options) => wrk({ ...options, close }) };
  return close
    ? { name: 'raw sockets', load: connectClient }
    : { name: 'autocannon', load: (options) => autocannon({ ...options, url: `http://127.0.0.1:${options.port}/` }) };
}

async function isInstalled(program) {
  return run(program, ['-v']).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  );
}
