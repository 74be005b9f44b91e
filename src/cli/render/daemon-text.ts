import type { DaemonInfo } from '../../protocol/control.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { formatBytes } from '../../reconcile/format-bytes.ts';
import { formatDuration } from './duration-text.ts';

export const WAITING_FOR_DAEMON = 'The daemon was stopped; following goes on when there is one again.';
export const NO_DAEMON = 'No daemon runs.';

export function formatStarted({ pid }: DaemonInfo, { already }: { readonly already: boolean }): string {
  return already ? `The daemon runs already, pid ${pid}.` : `The daemon runs, pid ${pid}.`;
}

/** Shown again and again, with how long it has been. */
export function formatEnding(waited: Milliseconds): string {
  return `Waiting (${formatDuration(waited)}) for the daemon to finish what it does`;
}

export function formatStopped({ apps: count, service }: DaemonInfo, { apps }: { readonly apps: boolean }): string {
  const again = service ? ` ${service} starts it again, unless you type: eco unstartup` : '';
  if (count === 0) return `The daemon has stopped.${again}`;
  return `${apps ? 'The daemon and all apps have stopped.' : 'The daemon has stopped; the apps run on.'}${again}`;
}

export function formatUpgraded(now: DaemonInfo, { before }: { readonly before: DaemonInfo | null }): string {
  const is = `The daemon is eco ${now.version} on Node ${now.node} now, pid ${now.pid}`;
  if (before === null) return `${is}; none ran before.`;
  const was = `it was eco ${before.version} on Node ${before.node}`;
  return now.apps === 0 ? `${is}; ${was}.` : `${is}; ${was}. The apps run on.`;
}

export function formatDaemonStatus(info: DaemonInfo): string {
  const apps = info.apps === 1 ? '1 app' : `${info.apps} apps`;
  const workers = info.workers === 1 ? '1 worker' : `${info.workers} workers`;
  return [
    `The daemon runs, pid ${info.pid}, for ${formatDuration(info.uptime)}, and keeps ${apps} with ${workers}.`,
    `  eco ${info.version} on Node ${info.node}, ${formatBytes(info.memoryBytes)} of memory`,
    `  home ${info.home}`,
    ...(info.service ? [`  kept running by ${info.service}`] : []),
  ].join('\n');
}

/** What `daemon … --json` prints; published. Without a daemon every other key is absent. */
export function daemonDocument(info: DaemonInfo | null) {
  if (info === null) return { format_version: '1.0', running: false } as const;
  return {
    format_version: '1.0',
    running: true,
    pid: info.pid,
    version: info.version,
    node: info.node,
    home: info.home,
    uptime_ms: info.uptime,
    apps: info.apps,
    workers: info.workers,
    memory_bytes: info.memoryBytes,
    service: info.service ?? null,
  } as const;
}
