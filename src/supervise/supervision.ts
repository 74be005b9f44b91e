import type { EcoEvent } from '../domain/event.ts';
import { baseEnvironment, nodeProgram } from '../platform/base-environment.ts';
import { systemClock } from '../platform/clock.ts';
import { cgroups, ownCgroup, type Cgroups } from '../platform/cgroups.ts';
import { daemonProcess } from '../platform/daemon-process.ts';
import { entryPoints } from '../platform/entry-points.ts';
import { freeBytes } from '../platform/free-bytes.ts';
import { serveHandles } from '../platform/handle-server.ts';
import { launch } from '../platform/launcher.ts';
import { serveLines } from '../platform/line-server.ts';
import { bindReusePort, bindSocket, newTicketKeys, reusePortSupport } from '../platform/listening-socket.ts';
import type { LogLedger } from '../platform/log-ledger.ts';
import { availableCpus } from '../platform/machine.ts';
import { askProbe } from '../platform/probes.ts';
import { processMeter } from '../platform/process-meter.ts';
import { bootId, initialVariable, readProcess, sendSignal, startedWith } from '../platform/process-table.ts';
import { nextTime } from '../platform/cron.ts';
import { runCommand } from '../platform/run-command.ts';
import { readSecret } from '../platform/secrets.ts';
import { treeInspector } from '../platform/tree-inspector.ts';
import { bootGate } from './boot-gate.ts';
import { fileLogs } from './file-logs.ts';
import { LogKeeper, type LogKeeperOptions } from './log-keeper.ts';
import type { LogPort, SupervisePorts, WorkerJournal } from './ports.ts';
import { Sampler } from './sampler.ts';
import { SocketVault } from './socket-vault.ts';
import { watchSources } from './source-watch.ts';
import { Supervisor, type AppStore, type SupervisorOptions } from './supervisor.ts';
import { ecoIdOf, handlesPath, linkPath } from './worker-launch.ts';
import { WorkerLinks } from './worker-links.ts';

/** Per CPU, the programs that may be busy with starting at the same time. */
const BOOTS_PER_CPU = 4;

/** What a process brings that keeps workers on this machine. */
export interface SupervisionOptions {
  /** A private folder, with `run` and `run/exits` in it. */
  readonly home: string;
  readonly journal: WorkerJournal;
  readonly apps: AppStore;
  readonly emit: (event: EcoEvent) => void;
  /** What is known of the log files. */
  readonly ledger: LogLedger;
  readonly onLogProblem: LogKeeperOptions['onProblem'];
  /** Where the output of workers goes; into files unless given. */
  readonly launch?: SupervisePorts['launch'];
  readonly logs?: LogPort;
  /** Whether what is written to a log goes to a file; it does unless given. */
  readonly isLogFile?: (path: string) => boolean;
  readonly onChange?: SupervisorOptions['onChange'];
}

export interface Supervision {
  readonly supervisor: Supervisor;
  /** To be started once the workers of an earlier daemon, if there was one, are back. */
  readonly sampler: Sampler;
  /** The same holds for it. */
  readonly keeper: LogKeeper;
  /** Lets go of every worker without touching it, and hears of none any more. */
  readonly close: () => void;
}

/** A supervisor of real processes, and the sockets at which they report to it. The caller alone uses the home. */
export async function openSupervision(options: SupervisionOptions): Promise<Supervision> {
  const links = new WorkerLinks((id) => supervisor.findWorker(id));
  const { home, apps, isLogFile = () => true } = options;
  const ports = systemPorts(options, links);
  const onChange = (): void => {
    keeper.appsChanged();
    options.onChange?.();
  };
  const supervisor = new Supervisor({ ports, apps, onChange });
  const sampler = new Sampler({ clock: systemClock, meter: processMeter(), workers: () => supervisor.workers() });
  const keeper = new LogKeeper({
    clock: systemClock,
    home,
    freeBytes,
    ledger: options.ledger,
    files: () => supervisor.logFiles().filter(({ path }) => isLogFile(path)),
    onProblem: options.onLogProblem,
  });
  const handleServer = await serveHandles(handlesPath(home), (line, handle) => links.exchange(line, handle));
  const linkServer = await serveLines(linkPath(home), links.listener);
  return {
    supervisor,
    sampler,
    keeper,
    close: () => {
      sampler.stop();
      void keeper.stop();
      supervisor.release();
      linkServer.close();
      handleServer.close();
    },
  };
}

function systemPorts(options: SupervisionOptions, links: WorkerLinks): SupervisePorts {
  const inspector = treeInspector();
  return {
    clock: systemClock,
    random: daemonProcess.random,
    launch: options.launch ?? launch,
    cgroups: cgroupsFor(options.home),
    processes: {
      bootId: bootId(),
      read: readProcess,
      startedWith,
      inspect: inspector.inspect,
      signal: sendSignal,
    },
    gate: bootGate(BOOTS_PER_CPU * availableCpus()),
    vault: new SocketVault({
      bind: bindSocket,
      bindReusePort: reusePortSupport() === 'supported' ? bindReusePort : null,
      newTicketKeys,
    }),
    tell: (worker, message) => links.tell(worker, message),
    journal: options.journal,
    logs: options.logs ?? fileLogs(options.ledger),
    probe: askProbe,
    secret: readSecret,
    nextTime,
    runCommand: (command, signal) =>
      runCommand(command, { streams: 'both', ...(signal === undefined ? {} : { signal }) }),
    watchFiles: watchSources,
    emit: options.emit,
    surroundings: {
      home: options.home,
      node: nodeProgram(),
      preload: entryPoints.preload,
      baseEnvironment: baseEnvironment(),
    },
  };
}

/** Its workers may be moved to where they may be limited, but no stranger. */
function cgroupsFor(home: string): Cgroups {
  const isOurs = (pid: number): boolean => initialVariable(pid, 'ECO_ID')?.startsWith(ecoIdOf(home, '')) === true;
  return cgroups({ own: ownCgroup(), pid: daemonProcess.pid, isOurs });
}
