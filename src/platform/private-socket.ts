import { rmSync } from 'node:fs';
import type { Server } from 'node:net';

/**
 * Listens on a unix path that only this user can connect to. The caller is the only one to serve the path, so that a file
 * found there is stale.
 */
export async function listenPrivately(server: Pick<Server, 'once' | 'listen'>, path: string): Promise<void> {
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Node binds before `listen` returns: at no moment is the path there for others.
    const umask = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(umask);
  });
}
