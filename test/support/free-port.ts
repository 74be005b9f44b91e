import { once } from 'node:events';
import { createServer } from 'node:net';

/** Above what needs root, and below what Linux gives to outgoing connections (ip_local_port_range): one of those would take it away again. */
const [LOWEST, HIGHEST] = [10_000, 32_767];

/** A port that nobody listens on; by chance, so that tests that run side by side seldom get the same. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
