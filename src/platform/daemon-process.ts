import { deferred } from '../util/deferred.ts';

/** The daemon's own process. */
export const daemonProcess = {
  pid: process.pid,
  node: process.version,
  /** What keeps it running, as the unit or the job that starts it says; null: nothing. */
  service: process.env.ECO_SERVICE || null,
  random: Math.random,
  memoryBytes: (): number => process.memoryUsage.rss(),

  /** Its standard error is `ECO_HOME/daemon.log`, or the init system's journal. */
  log: (line: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${line}\n`);
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
