import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request over a connection of its own; undefined if it failed in any way. */
export function answerOf(port, path = '/') {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, timeout: 5000 }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? body : undefined));
      response.on('error', () => resolve(undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/** Asks until an answer satisfies; throws after `within` milliseconds. */
export async function awaitAnswer(port, { path = '/', satisfies = () => true, within = 30_000, pause = 2 } = {}) {
  const deadline = performance.now() + within;
  while (performance.now() < deadline) {
    const answer = await answerOf(port, path);
    if (answer !== undefined && satisfies(answer)) return answer;
    await sleep(pause);
  }
  throw new Error(`nothing answered on port ${port} within ${within} ms`);
}
