import type { RecordedEvent } from '../../domain/event.ts';
import type { AppName } from '../../domain/names.ts';
import { appStatus, type ObservedApp } from '../../domain/observed-state.ts';
import type { Timestamp } from '../../domain/time.ts';
import type { FolderHealth } from '../../platform/health.ts';
import type { DaemonInfo } from '../../protocol/control.ts';
import { strayWorkers, type StartedWorker } from '../flow/stray-workers.ts';
import { exitCauseText } from '../render/exit-cause-text.ts';
import { quoted } from '../render/quoted.ts';
import { formatBytes } from '../../reconcile/format-bytes.ts';

/** What was found out about this machine, its home and its daemon. */
export interface Facts {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly home: string;
  readonly folder: FolderHealth;
  /** null: none runs. */
  readonly daemon: DaemonInfo | null;
  /** Of the daemon, or of this process where none runs; null where that cannot be found out. */
  readonly openFiles: number | null;
  readonly apps: readonly ObservedApp[];
  /** Whether a daemon, if it were started, would have apps to keep. */
  readonly homeHasApps: boolean;
  readonly workers: readonly StartedWorker[];
  /** Apps that are not ready, and the port that their environment names is answered by somebody. */
  readonly takenPorts: readonly { readonly app: AppName; readonly port: number }[];
  readonly newestEvent: RecordedEvent | null;
  readonly now: Timestamp;
}

export interface Finding {
  readonly check:
    | 'versions'
    | 'platform'
    | 'home'
    | 'disk'
    | 'limits'
    | 'clock'
    | 'daemon'
    | 'strays'
    | 'apps'
    | 'ports';
  readonly status: 'good' | 'worth-knowing' | 'bad';
  readonly text: string;
  /** What to type, or do, next. */
  readonly way?: string;
}

const LEAST_FREE = 256 * 2 ** 20;
const LEAST_FILES = 4096;
/** Clocks are set by small steps all the time. */
const CLOCK_TOLERANCE = 60_000;

/** Each check says something, so that it shows that it was made. */
export function checkup(facts: Facts): readonly Finding[] {
  return [
    ...checkVersions(facts),
    checkPlatform(facts),
    checkHome(facts),
    checkDisk(facts),
    checkFiles(facts),
    checkClock(facts),
    checkDaemon(facts),
    ...checkStrays(facts),
    ...checkApps(facts),
    ...checkPorts(facts),
  ];
}

function checkVersions({ version, node, daemon }: Facts): readonly Finding[] {
  const own: Finding = { check: 'versions', status: 'good', text: `eco ${version} on Node ${node}` };
  if (daemon === null || (daemon.version === version && daemon.node === node)) return [own];
  const text = `the daemon is eco ${daemon.version} on Node ${daemon.node}, this is eco ${version} on Node ${node}`;
  return [{ check: 'versions', status: 'worth-knowing', text, way: 'eco daemon upgrade (no app is touched)' }];
}

function checkPlatform({ platform }: Facts): Finding {
  if (platform === 'linux') return { check: 'platform', status: 'good', text: 'Linux: every promise holds' };
  const text =
    platform === 'darwin'
      ? 'macOS: for development. Processes that a daemon did not come to note are not found again, limits and balance: reuseport are not to be had'
      : `${platform} is not supported`;
  return { check: 'platform', status: platform === 'darwin' ? 'worth-knowing' : 'bad', text };
}

function checkHome({ home, folder }: Facts): Finding {
  if (!folder.exists) return { check: 'home', status: 'good', text: `${home} will be made when it is needed` };
  if (folder.problem === null) return { check: 'home', status: 'good', text: `${home} is this user's alone` };
  const way = `make it this user's alone (chmod 700 ${quoted(home)}), or set ECO_HOME`;
  return { check: 'home', status: 'bad', text: `${home} cannot be used: ${folder.problem}`, way };
}

function checkDisk({ home, folder: { freeBytes } }: Facts): Finding {
  if (freeBytes === null)
    return { check: 'disk', status: 'worth-knowing', text: `how full the disk is cannot be found out` };
  const text = `${formatBytes(freeBytes)} free on the disk of ${home}`;
  if (freeBytes >= LEAST_FREE) return { check: 'disk', status: 'good', text };
  return { check: 'disk', status: 'bad', text, way: 'make room: eco flush empties the logs of apps' };
}

function checkFiles({ openFiles, daemon }: Facts): Finding {
  const whose = daemon === null ? 'a process' : 'the daemon';
  if (openFiles === null) {
    return { check: 'limits', status: 'worth-knowing', text: `how many files ${whose} may open cannot be found out` };
  }
  const text = `${whose} may have ${openFiles} files open`;
  if (openFiles >= LEAST_FILES) return { check: 'limits', status: 'good', text };
  return {
    check: 'limits',
    status: 'bad',
    text,
    way: `raise it above ${LEAST_FILES} (ulimit -n, LimitNOFILE=), then eco daemon upgrade`,
  };
}

function checkClock({ newestEvent, now }: Facts): Finding {
  if (newestEvent === null || newestEvent.at <= now + CLOCK_TOLERANCE) {
    return { check: 'clock', status: 'good', text: 'the clock has not gone back' };
  }
  const text = `the last event is of ${new Date(newestEvent.at).toISOString()}, and it is ${new Date(now).toISOString()}`;
  return {
    check: 'clock',
    status: 'bad',
    text: `the clock went back: ${text}`,
    way: 'look after its synchronisation (timedatectl)',
  };
}

function checkDaemon({ daemon, homeHasApps }: Facts): Finding {
  if (daemon !== null) {
    const service = daemon.service ?? null;
    const kept = service === null ? '; nothing starts it at boot' : `, kept running by ${service}`;
    const way = service === null && daemon.apps > 0 ? { way: 'eco startup has it started at boot' } : {};
    return { check: 'daemon', status: 'good', text: `the daemon runs, pid ${daemon.pid}${kept}`, ...way };
  }
  if (!homeHasApps) return { check: 'daemon', status: 'good', text: 'no daemon runs, and none is needed' };
  return { check: 'daemon', status: 'bad', text: 'no daemon runs: nothing restarts the apps', way: 'eco daemon start' };
}

function checkStrays({ daemon, workers, apps }: Facts): readonly Finding[] {
  if (daemon === null && workers.length > 0) {
    const text = `${workers.length} ${workers.length === 1 ? 'worker runs' : 'workers run'} without a daemon`;
    return [{ check: 'strays', status: 'bad', text, way: 'eco daemon start takes them over' }];
  }
  const strays = strayWorkers(workers, apps);
  if (strays.length === 0) return [{ check: 'strays', status: 'good', text: 'no process was left behind' }];
  return strays.map(({ pid, worker }) => ({
    check: 'strays',
    status: 'bad',
    text: `process ${pid} was started as ${worker}, and the daemon does not keep it`,
    way: `look at it (ps -fp ${pid}); end it: kill ${pid}`,
  }));
}

function checkApps({ apps }: Facts): readonly Finding[] {
  const troubled = apps.filter((app) => ['failed', 'backing-off', 'degraded'].includes(appStatus(app)));
  if (troubled.length === 0) return [{ check: 'apps', status: 'good', text: `${apps.length} apps, none in trouble` }];
  return troubled.map((app) => {
    const lastExit = app.workers.find(({ phase }) => phase === 'failed' || phase === 'backing-off')?.lastExit ?? null;
    const cause = lastExit === null ? '' : `: ${exitCauseText(lastExit)}`;
    const text = `${app.name} is ${appStatus(app)}${cause}`;
    return { check: 'apps', status: 'bad', text, way: `eco logs ${quoted(app.name)}` };
  });
}

function checkPorts({ takenPorts }: Facts): readonly Finding[] {
  return takenPorts.map(({ app, port }) => ({
    check: 'ports',
    status: 'bad',
    text: `port ${port}, which ${app} is told to use, belongs to another program`,
    way: `find it (ss -ltnp 'sport = :${port}'), then eco restart ${quoted(app)}`,
  }));
}
