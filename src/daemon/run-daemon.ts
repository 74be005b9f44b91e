import { join } from 'node:path';
import { PROTOCOL_VERSION, type ShutdownRequest } from '../protocol/control.ts';
import { availableCpus } from '../platform/machine.ts';
import { baseEnvironment, nodeProgram } from '../platform/base-environment.ts';
import { daemonProcess } from '../platform/daemon-process.ts';
import { systemClock } from '../platform/clock.ts';
import { serveHttp } from '../platform/http-server.ts';
import { serveHandles } from '../platform/handle-server.ts';
import { realPath } from '../platform/files.ts';
import { ecoHome } from '../platform/home.ts';
import { entryPoints } from '../platform/entry-points.ts';
import { fileSize, lastLines, lineReader } from '../platform/log-files.ts';
import { askProbe } from '../platform/probes.ts';
import { launch } from '../platform/launcher.ts';
import { serveLines, type LineServer } from '../platform/line-server.ts';
import { bindSocket, newTicketKeys } from '../platform/listening-socket.ts';
import { ensurePrivateFolder, keepFilesPrivate } from '../platform/private-folder.ts';
import { processMeter } from '../platform/process-meter.ts';
import { bootId, leadersWith, readProcess, sendSignal } from '../platform/process-table.ts';
import { becomeOnlyInstance } from '../platform/single-instance.ts';
import { keepSpareDescriptor } from '../platform/spare-descriptor.ts';
import { treeInspector } from '../platform/tree-inspector.ts';
import { bootGate } from '../supervise/boot-gate.ts';
import { WorkerLinks } from '../supervise/worker-links.ts';
import { exitsPath, handlesPath, linkPath } from '../supervise/worker-launch.ts';
import { Sampler } from '../supervise/sampler.ts';
import { SocketVault } from '../supervise/socket-vault.ts';
import { Supervisor, type AppStore } from '../supervise/supervisor.ts';
import type { SupervisePorts } from '../supervise/ports.ts';
import { EventLog } from './event-log.ts';
import { Projects } from './projects.ts';
import { routes, type Daemon } from './routes.ts';
import { Store } from './store.ts';

/** Per CPU, the programs that may be busy with starting at the same time. */
const BOOTS_PER_CPU = 4;

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
  if (!(await becomeOnlyInstance(home, socketPath))) return 0;

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
  const { supervisor, links, sampler } = assemble(home, { store, events });
  events.record({ type: 'daemon-started', pid: daemonProcess.pid, version: ECO_VERSION });
  const handleServer = await serveHandles(handlesPath(home), (line, handle) => links.takeBack(line, handle));
  const linkServer = await serveLines(linkPath(home), links.listener);
  resume(supervisor, store, { rebooted: last?.bootId !== undefined && last.bootId !== bootId() });
  sampler.start();
  await serve({ home, socketPath, servers: [linkServer, handleServer], store, events, supervisor, sampler });
  events.record({ type: 'daemon-stopped', pid: daemonProcess.pid });
  return 0;
}

interface Journals {
  readonly store: Store;
  readonly events: EventLog;
}

function assemble(
  home: string,
  { store, events }: Journals,
): { readonly supervisor: Supervisor; readonly links: WorkerLinks; readonly sampler: Sampler } {
  const links = new WorkerLinks((id) => supervisor.findWorker(id));
  const inspector = treeInspector();
  const ports: SupervisePorts = {
    clock: systemClock,
    random: daemonProcess.random,
    launch,
    processes: {
      bootId: bootId(),
      read: readProcess,
      leaders: leadersWith,
      inspect: inspector.inspect,
      signal: sendSignal,
    },
    gate: bootGate(BOOTS_PER_CPU * availableCpus()),
    vault: new SocketVault(bindSocket, newTicketKeys),
    tell: (worker, message) => links.tell(worker, message),
    journal: {
      save: (record) => store.saveWorker(record),
      forget: (id) => store.forgetWorker(id),
      exitCodeOf: (id) => store.loadExitCode(id),
    },
    logs: { sizeOf: fileSize, lastLines, reader: lineReader },
    probe: askProbe,
    emit: (event) => events.record(event),
    surroundings: { home, node: nodeProgram(), preload: entryPoints.preload, baseEnvironment: baseEnvironment() },
  };
  const supervisor = new Supervisor({ ports, apps: appStore(store) });
  const sampler = new Sampler({ clock: systemClock, meter: processMeter(), workers: () => supervisor.workers() });
  return { supervisor, links, sampler };
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
  /** Of the workers. */
  readonly servers: readonly LineServer[];
  readonly supervisor: Supervisor;
  readonly sampler: Sampler;
}

/** Answers requests until a shutdown has been asked for and carried out. */
async function serve({ home, socketPath, servers, store, events, supervisor, sampler }: Serving): Promise<void> {
  const startedAt = systemClock.now();
  const ending = daemonProcess.whenAskedToEnd();
  const shutdown = async ({ apps }: ShutdownRequest): Promise<void> => {
    if (apps) await supervisor.stopAll();
    ending.end();
  };
  const info = () => ({
    protocol: PROTOCOL_VERSION,
    version: ECO_VERSION,
    pid: daemonProcess.pid,
    node: daemonProcess.node,
    home,
    uptime: Math.round(systemClock.now() - startedAt),
    apps: supervisor.countApps(),
    workers: supervisor.workers().length,
    memoryBytes: daemonProcess.memoryBytes(),
  });
  const projects = new Projects(store.loadProjects(), (document) => store.saveProject(document));
  const daemon: Daemon = { supervisor, sampler, projects, store, events, info, shutdown };
  const server = await serveHttp(socketPath, routes(daemon));
  await ending.promise;
  sampler.stop();
  supervisor.release();
  for (const { close } of servers) close();
  await server.close();
}
