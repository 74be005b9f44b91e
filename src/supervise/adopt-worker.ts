import { unreachable } from '../util/unreachable.ts';
import type { WorkerPhase, WorkerState } from '../domain/worker-state.ts';
import type { ProcessIdentity, SupervisePorts, WorkerRecord } from './ports.ts';
import type { Worker } from './worker.ts';
import { drainDeadline, firstState } from './worker-machine.ts';
import { isAliveProcess } from './worker-process.ts';

/** Gives a worker that an earlier daemon wrote down its state back, from what the record says and what is true now. */
export function adoptWorker(worker: Worker, written: WorkerRecord, ports: SupervisePorts): void {
  const record = { ...written, process: ofThisBoot(written.process, ports) };
  if (record.process === null || !isAliveProcess(record.process, ports.processes))
    return adoptEnded(worker, record, ports);
  worker.adopt(record, stateOf(record.phase, { worker, record, ports }));
}

interface Adoption {
  readonly worker: Worker;
  readonly record: WorkerRecord;
  readonly ports: SupervisePorts;
}

function adoptEnded(worker: Worker, record: WorkerRecord, ports: SupervisePorts): void {
  const as = (phase: WorkerPhase): WorkerState => stateOf(phase, { worker, record, ports });
  switch (record.phase) {
    case 'failed':
    case 'completed':
    case 'stopped':
    case 'backing-off':
      return worker.adopt({ ...record, process: null }, as(record.phase));
    case 'starting':
    case 'ready':
      if (neverRan(record, ports)) {
        worker.adopt(record, as('starting'));
        return worker.startAgain();
      }
      worker.adopt(record, as(record.phase));
      return worker.adoptExit(ports.journal.exitCodeOf(record.id));
    case 'draining':
    case 'stopping':
      // What it started may not have heard of it yet.
      worker.adopt(record, as('draining'));
      return worker.adoptExit(ports.journal.exitCodeOf(record.id));
    default:
      return unreachable(record.phase);
  }
}

/** The daemon died before it came to start it, or the machine was started anew since: its end says nothing about the app. */
function neverRan({ id, process }: WorkerRecord, { journal }: SupervisePorts): boolean {
  return process === null && journal.exitCodeOf(id) === null;
}

/** After another boot its numbers name strangers, alone or as a group. */
function ofThisBoot(identity: ProcessIdentity | null, { processes }: SupervisePorts): ProcessIdentity | null {
  return identity?.bootId === processes.bootId ? identity : null;
}

/** What was told to stop has heard of it: that is done before it is written down. */
function stateOf(phase: WorkerPhase, { worker, record, ports: { clock } }: Adoption): WorkerState {
  const restarts = { total: record.restarts, inSeries: 0 };
  const cause = record.lastExit ?? { type: 'unknown' as const };
  const now = clock.now();
  const killAt = now + worker.spec.killTimeout;
  switch (phase) {
    case 'starting':
      return { ...firstState(worker.spec, now), restarts };
    case 'ready': {
      const age = Math.max(0, clock.wallTime() - (record.startedAt ?? clock.wallTime()));
      return { phase, restarts, since: now - age };
    }
    case 'draining':
      return {
        phase,
        restarts,
        drainedBy: drainDeadline(worker.spec, now),
        killAt,
        afterwards: { type: 'stay-stopped' },
      };
    case 'stopping':
      return { phase, restarts, killAt, afterwards: { type: 'stay-stopped' } };
    case 'backing-off':
      return { phase, restarts, retryAt: now, cause };
    case 'failed':
      return { phase, restarts, cause };
    case 'completed':
    case 'stopped':
      return { phase, restarts };
    default:
      return unreachable(phase);
  }
}
