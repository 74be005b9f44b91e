import { join } from 'node:path';
import type { RecordedEvent } from '../domain/event.ts';
import type { Source } from '../domain/history.ts';
import { stampReader, type StampReader } from '../domain/log-stamp.ts';
import type { Actor, ObservedApp } from '../domain/observed-state.ts';
import type { Action } from '../domain/plan.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { systemClock } from '../platform/clock.ts';
import { removeFile } from '../platform/json-file.ts';
import { launch, type LaunchRequest, type OutputSink, type OutputStream } from '../platform/launcher.ts';
import { LogLedger } from '../platform/log-ledger.ts';
import { ensurePrivateFolder } from '../platform/private-folder.ts';
import { becomeOnlyInstance } from '../platform/single-instance.ts';
import { keptStateFolder, makeStateFolder, type StateFolder } from '../platform/state-folder.ts';
import type { LogLine, StepOutcome, WorkerProgress } from '../protocol/control.ts';
import { fileLogs } from './file-logs.ts';
import type { LogProblem } from './log-problem.ts';
import { PipedLogs } from './piped-logs.ts';
import type { LogPort } from './ports.ts';
import { openSupervision, type Supervision } from './supervision.ts';
import type { AppStore } from './supervisor.ts';
import { exitRecordPath, exitsPath, linkPath } from './worker-launch.ts';

export interface ForegroundListener {
  /** A line that a worker wrote, unless its app writes to a file of its own. */
  readonly onLine: (line: LogLine) => void;
  readonly onEvent: (event: RecordedEvent) => void;
  /** Of a file that an app writes to. */
  readonly onLogProblem: (path: string, problem: LogProblem) => void;
  /** Something about a worker may have changed. */
  readonly onChange: () => void;
}

export interface ForegroundPlace {
  readonly folder?: string;
}

export interface ForegroundStep {
  readonly project: string;
  readonly app: string;
  readonly action: Action;
  readonly by: Actor;
  readonly source: Source | null;
}

/**
 * Keeps workers without a daemon: in this process and for as long as it lives. Nothing is remembered, and what workers write
 * comes here.
 */
export class Foreground {
  readonly #supervision: Supervision;
  readonly #folder: StateFolder;
  /** By app. */
  readonly #stamps: Map<string, StampReader>;

  private constructor(supervision: Supervision, folder: StateFolder, stamps: Map<string, StampReader>) {
    this.#supervision = supervision;
    this.#folder = folder;
    this.#stamps = stamps;
  }

  /**
   * With a folder of its own: it gets on beside any daemon. In a temporary one unless `folder` names a place, where what an
   * earlier process left behind is ended first, and which two cannot have at once.
   */
  static async open(
    listener: ForegroundListener,
    { folder: place }: ForegroundPlace = {},
  ): Promise<Result<Foreground>> {
    const { onLine, onEvent, onChange, onLogProblem } = listener;
    const folder = place === undefined ? makeStateFolder() : keptStateFolder(place);
    if ('problem' in folder) return err({ reason: 'home-unusable', home: folder.place, problem: folder.problem });
    const home = folder.path;
    if (place !== undefined && !(await becomeOnlyInstance(home, linkPath(home))))
      return err({ reason: 'watched-already', folder: home });
    for (const path of [join(home, 'run'), exitsPath(home)]) ensurePrivateFolder(path);
    const stamps = new Map<string, StampReader>();
    const ledger = new LogLedger(home, systemClock.wallTime);
    const supervision = await openSupervision({
      home,
      ledger,
      onLogProblem,
      ...pipedOutput({ folder: home, files: fileLogs(ledger) }, (line) => onLine(withoutStamp(line, stamps))),
      apps: forgetfulStore(),
      journal: {
        save: () => {},
        forget: (id) => removeFile(exitRecordPath(home, id)),
        exitCodeOf: () => null,
      },
      emit: (event) => onEvent({ ...event, at: systemClock.wallTime() }),
      onChange,
    });
    if (place !== undefined) await endLeftOvers(supervision);
    supervision.sampler.start();
    supervision.keeper.start();
    return ok(new Foreground(supervision, folder, stamps));
  }

  /** Sorted by project and name. */
  observe(): readonly ObservedApp[] {
    return this.#supervision.supervisor.observe();
  }

  perform(
    step: ForegroundStep,
    onProgress: (workers: readonly WorkerProgress[]) => void,
  ): Promise<Result<StepOutcome>> {
    if ('spec' in step.action) this.#stamps.set(step.app, stampReader(step.action.spec));
    return this.#supervision.supervisor.perform({ ...step, asked: 'file', manifest: null }, onProgress);
  }

  /** Drains and ends every worker, those first on which no other app depends. */
  stop(): Promise<void> {
    return this.#supervision.supervisor.stopAll();
  }

  /** Ends every process at once. */
  kill(): void {
    this.#supervision.supervisor.kill();
  }

  /** For the end: workers that are left run on without anybody. */
  close(): void {
    this.#supervision.close();
    this.#folder.remove();
  }
}

/** Of a process that was killed. */
async function endLeftOvers({ supervisor }: Supervision): Promise<void> {
  supervisor.resume([], []);
  await supervisor.stopAll();
}

type PipedLine = Omit<LogLine, 'message' | 'at'>;

/** What would go to files of eco's own comes here instead. */
function pipedOutput(
  { folder, files }: { readonly folder: string; readonly files: LogPort },
  onLine: (line: PipedLine) => void,
) {
  const own = join(folder, 'logs', '/');
  const piped = new PipedLogs();
  const isOwn = (file: string | null): boolean => file?.startsWith(own) === true;
  const portOf = (file: string | null): LogPort => (isOwn(file) ? piped : files);
  const logs: LogPort = {
    endOf: (file) => portOf(file).endOf(file),
    lastLines: (file, count, range) => portOf(file).lastLines(file, count, range),
    reader: (file, onLine, range) => portOf(file).reader(file, onLine, range),
  };
  const sinkFor = ({ env }: LaunchRequest, file: string, stream: OutputStream): OutputSink | null => {
    if (!isOwn(file)) return null;
    const { ECO_PROJECT: project = '', ECO_APP: app = '', ECO_INSTANCE } = env;
    return piped.sink(file, (line) => onLine({ project, app, instance: Number(ECO_INSTANCE), stream, line }));
  };
  return {
    logs,
    isLogFile: (path: string) => !isOwn(path),
    launch: (request: LaunchRequest, listener: Parameters<typeof launch>[1]) =>
      launch(request, listener, { pipe: (file, stream) => sinkFor(request, file, stream) }),
  };
}

/** Numbers alone are remembered: what a process that was left behind has still sent must not be taken for another's. */
function forgetfulStore(): AppStore {
  let retired = 0;
  return {
    save: () => {},
    saveNow: () => null,
    remove: () => {},
    retiredNumbers: () => retired,
    retireNumbers: (below) => {
      retired = Math.max(retired, below);
    },
  };
}

/** A line says itself when it was written where the app asks for that. */
function withoutStamp(line: PipedLine, stamps: ReadonlyMap<string, StampReader>): LogLine {
  const { message, at } = stamps.get(line.app)?.(line.line) ?? { message: line.line, at: null };
  return { ...line, message, at: at ?? systemClock.wallTime() };
}
