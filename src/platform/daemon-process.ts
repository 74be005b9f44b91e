import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { deferred } from '../util/deferred.ts';

/** Connections that are still answering when the daemon ends get this long. */
const CLOSE_GRACE_MS = 1000;

/** The daemon's own process. */
export const daemonProcess = {
  pid: process.pid,
  node: process.version,
  random: Math.random,
  memoryBytes: (): number => process.memoryUsage.rss(),

  /** Its standard error is `ECO_HOME/daemon.log`, or the init system's journal. */
  log: (line: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  },

  /** Only this user can connect. The caller is the only daemon of the home, so that a file found there is stale. */
  listen: async (server: Pick<Server, 'listen' | 'once'>, path: string): Promise<void> => {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  },

  close: async (server: Pick<Server, 'close'> & { readonly closeAllConnections?: () => void }): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    const timer = setTimeout(() => server.closeAllConnections?.(), CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
  },

  /** Signals end the daemon, never the apps. */
  whenAskedToEnd: (): { readonly promise: Promise<void>; readonly end: () => void } => {
    const { promise, resolve } = deferred<void>();
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
    process.on('SIGHUP', () => {});
    return { promise, end: () => resolve() };
  },
} as const;
