import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';

/**
 * Listens on a unix path that only this user can connect to. The caller is the only one to serve the path, so that a file
 * found there is stale.
 */
export async function listenPrivately(server: Pick<Server, 'once' | 'listen'>, path: string): Promise<void> {
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
}
