import { join } from 'node:path';
import { PROTOCOL_VERSION, type ShutdownRequest } from '../protocol/control.ts';
import { daemonProcess } from '../platform/daemon-process.ts';
import { systemClock } from '../platform/clock.ts';
import { serveHttp } from '../platform/http-server.ts';
import { realPath } from '../platform/files.ts';
import { ecoHome } from '../platform/home.ts';
import { reusePortSupport } from '../platform/listening-socket.ts';
import { LogLedger } from '../platform/log-ledger.ts';
import { ensurePrivateFolder, keepFilesPrivate } from '../platform/private-folder.ts';
import { holderFate } from '../platform/lock-holder.ts';
import { notifyReady } from '../platform/notify-ready.ts';
import { newUuid } from '../platform/salted-digest.ts';
import { bootId } from '../platform/process-table.ts';
import { keepSpareDescriptor } from '../platform/spare-descriptor.ts';
import { openSupervision, type Supervision } from '../supervise/supervision.ts';
import { exitsPath } from '../supervise/worker-launch.ts';
import { logProblemText } from '../supervise/log-problem.ts';
import type { AppStore, Supervisor } from '../supervise/supervisor.ts';
import { Locks } from './locks.ts';
import { EventLog } from './event-log.ts';
import { Projects } from './projects.ts';
import { routes, type Daemon } from './routes.ts';
import { StepsUnderWay } from './steps-under-way.ts';
import { Store } from './store.ts';
import { succeed } from './succession.ts';

/** Runs until it is told to end. Answers the exit code: 0 also where another daemon serves the home already. */
export async function runDaemon(): Promise<number> {
  const named = ecoHome();
  keepFilesPrivate();
  const problem =
    ensurePrivateFolder(named) ?? ensurePrivateFolder(join(named, 'run')) ?? ensurePrivateFolder(exitsPath(named));
  if (problem !== null) {
    daemonProcess.log(`cannot use ${named}: ${problem}`);
    return 11;
  }
  keepSpareDescriptor();
  // Workers are known by it: the same home must have one name, whatever links lead to it.
  const home = realPath(named);
  const socketPath = join(home, 'daemon.sock');
  // Of a service's daemon success would be a lie: it is to be started no more.
  if (!(await succeed(home, socketPath))) return daemonProcess.service === null ? 0 : 11;

  const store = new Store(home, {
    clock: systemClock,
    onProblem: (path, what) => daemonProcess.log(`${path}: ${what}`),
  });
  const { last, newer } = store.takeHome({ version: ECO_VERSION, bootId: bootId() });
  if (newer) {
    daemonProcess.log(
      `${home} was last used by eco ${last?.version}, which this eco ${ECO_VERSION} cannot follow: use that one`,
    );
    return 11;
  }
  const events = new EventLog(home, systemClock.wallTime);
  events.record({ type: 'daemon-started', pid: daemonProcess.pid, version: ECO_VERSION });
  const ledger = new LogLedger(home, systemClock.wallTime);
  const supervision = await openHome(home, { store, events, ledger });
  resume(supervision.supervisor, store, { rebooted: last?.bootId !== undefined && last.bootId !== bootId() });
  supervision.sampler.start();
  supervision.keeper.start();
  await serve({ home, socketPath, store, events, ledger, supervision });
  events.record({ type: 'daemon-stopped', pid: daemonProcess.pid });
  await store.flushed();
  return 0;
}

interface Journals {
  readonly store: Store;
  readonly events: EventLog;
  readonly ledger: LogLedger;
}

function openHome(home: string, { store, events, ledger }: Journals): Promise<Supervision> {
  return openSupervision({
    home,
    ledger,
    apps: appStore(store),
    journal: {
      save: (record) => store.saveWorker(record),
      forget: (id) => store.forgetWorker(id),
      exitCodeOf: (id) => store.loadExitCode(id),
    },
    emit: (event) => events.record(event),
    onLogProblem: (path, problem) => daemonProcess.log(logProblemText(path, problem)),
  });
}

function appStore(store: Store): AppStore {
  let retired = store.loadRetiredNumbers();
  return {
    save: (document) => store.saveApp(document),
    saveNow: (document) => store.saveAppNow(document),
    remove: (key) => store.removeApp(key),
    retiredNumbers: () => retired,
    retireNumbers: (below) => {
      if (below <= retired) return;
      retired = below;
      store.saveRetiredNumbers(below);
    },
  };
}

/** From what an earlier daemon left behind. */
function resume(supervisor: Supervisor, store: Store, boot: { readonly rebooted: boolean }): void {
  store.removeUnfinished();
  const documents = store.loadApps();
  const records = store.loadWorkers();
  supervisor.resume(documents, records, boot);
  store.removeExitRecordsExcept(new Set(supervisor.workers().map(({ id }) => id)));
  const revisions = documents.flatMap(({ target, applied }) => [target.spec.code, ...(applied ? [applied.code] : [])]);
  store.removeManifestsExcept(new Set(revisions.flatMap((code) => (code.type === 'auto' ? [code.digest] : []))));
}

interface Serving extends Journals {
  readonly home: string;
  readonly socketPath: string;
  readonly supervision: Supervision;
}

function openProjects(store: Store): Pick<Daemon, 'projects' | 'locks'> {
  const projects = new Projects(store.loadProjects(), {
    save: (document) => store.saveProject(document),
    newLineage: newUuid,
  });
  const locks = new Locks(store.loadLocks(), {
    save: (lock) => store.saveLock(lock),
    remove: (project) => store.removeLock(project),
    fate: holderFate,
    clock: systemClock,
  });
  return { projects, locks };
}

/** Answers requests until a shutdown has been asked for and carried out. */
async function serve({ home, socketPath, store, events, ledger, supervision }: Serving): Promise<void> {
  const { supervisor, sampler, keeper } = supervision;
  const startedAt = systemClock.now();
  const ending = daemonProcess.whenAskedToEnd();
  const steps = new StepsUnderWay();
  const shutdown = async ({ apps, finishWithin = 0 }: ShutdownRequest): Promise<void> => {
    await steps.finish(finishWithin);
    if (apps) await supervisor.stopAll();
    ending.end();
  };
  const info = () => ({
    protocol: PROTOCOL_VERSION,
    version: ECO_VERSION,
    pid: daemonProcess.pid,
    node: daemonProcess.node,
    reusePort: reusePortSupport(),
    home,
    uptime: Math.round(systemClock.now() - startedAt),
    apps: supervisor.countApps(),
    workers: supervisor.workers().length,
    memoryBytes: daemonProcess.memoryBytes(),
    service: daemonProcess.service,
  });
  const { projects, locks } = openProjects(store);
  const daemon: Daemon = { supervisor, sampler, projects, locks, store, events, ledger, keeper, steps, info, shutdown };
  const server = await serveHttp(socketPath, routes(daemon));
  const problem = await notifyReady();
  if (problem !== null) daemonProcess.log(`systemd was not told that eco is ready: ${problem}`);
  await ending.promise;
  locks.close();
  supervision.close();
  await server.close();
}
