import type { AppKey, WorkerId } from '../domain/names.ts';
import type { ExitCause, ObservedWorker, WorkerState } from '../domain/worker-state.ts';
import type { Clock } from '../platform/clock.ts';
import type { LogStart, WorkerRecord } from './ports.ts';
import type { LogFiles } from './worker-launch.ts';
import { isDead } from './worker-machine.ts';
import type { TreeUse } from './tree-use.ts';
import type { Retirement } from './worker-options.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { WorkerSigns } from './worker-signs.ts';

/** What is true of a worker at one moment. */
export interface WorkerFacts {
  readonly id: WorkerId;
  readonly key: AppKey;
  readonly instance: number;
  readonly generation: number;
  readonly state: WorkerState;
  readonly process: WorkerProcess | null;
  readonly lastExit: ExitCause | null;
  readonly logStart: LogStart;
  readonly retirement: Retirement | null;
  readonly use: TreeUse | null;
  readonly unlimited: string | null;
}

export interface Observation {
  /** Belongs to the revision that the app shall run. */
  readonly current: boolean;
  readonly files: LogFiles;
  readonly signs: WorkerSigns;
  readonly handsOver: boolean;
  readonly clock: Pick<Clock, 'now' | 'wallTime'>;
}

/** How a process ended that is no child of this daemon, by what it said itself. */
export function exitCause(code: number | null): ExitCause {
  return code === null ? { type: 'unknown' } : { type: 'exit-code', code };
}

/** A worker as the rest of the world sees it. */
export function observedWorker(
  facts: WorkerFacts,
  { current, files, signs, handsOver, clock }: Observation,
): ObservedWorker {
  const { state } = facts;
  const running = facts.process?.exited === false ? facts.process : null;
  return {
    id: facts.id,
    instance: facts.instance,
    pid: running?.identity.pid ?? null,
    phase: state.phase,
    restarts: state.restarts.total,
    restartsInSeries: state.restarts.inSeries,
    startedAt: running?.startedAt ?? null,
    uptime: running === null ? null : Math.max(0, clock.wallTime() - running.startedAt),
    lastExit: facts.lastExit,
    retiring: facts.retirement?.cause ?? null,
    unlimited: running === null ? null : facts.unlimited,
    current,
    managed: signs.registered === true,
    node: signs.node,
    handsOver,
    listening: signs.bound(),
    outFile: files.outFile,
    errorFile: files.errorFile,
    retryIn: state.phase === 'backing-off' ? Math.max(0, Math.round(state.retryAt - clock.now())) : null,
    memoryBytes: running === null ? null : (facts.use?.memoryBytes ?? null),
    cpuPercent: running === null ? null : (facts.use?.cpuPercent ?? null),
    stats: running === null ? null : signs.stats,
  };
}

/** A worker as the next daemon must find it. */
export function workerRecord(facts: WorkerFacts): WorkerRecord {
  const { id, key, instance, generation, state, process: own, lastExit, logStart, retirement, unlimited } = facts;
  const remembered = own?.exited === true && isDead(state) ? null : own;
  return {
    id,
    key,
    instance,
    generation,
    phase: state.phase,
    restarts: state.restarts.total,
    process: remembered?.identity ?? null,
    startedAt: remembered?.startedAt ?? null,
    lastExit,
    retiring: retirement?.cause ?? null,
    unlimited,
    logStart,
  };
}
