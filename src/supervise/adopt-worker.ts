import { unreachable } from '../util/unreachable.ts';
import type { WorkerState } from '../domain/worker-state.ts';
import type { ProcessIdentity, SupervisePorts, WorkerRecord } from './ports.ts';
import type { Worker } from './worker.ts';
import { firstState } from './worker-machine.ts';
import { isAliveProcess } from './worker-process.ts';

/** Gives a worker that an earlier daemon wrote down its state back, from what the record says and what is true now. */
export function adoptWorker(worker: Worker, written: WorkerRecord, ports: SupervisePorts): void {
  const record = { ...written, process: ofThisBoot(written.process, ports) };
  if (record.process === null || !isAliveProcess(record.process, ports.processes))
    return adoptEnded(worker, record, ports);
  worker.adopt(record, livingState(worker, record, ports));
  if (record.phase === 'stopping' || record.phase === 'draining') worker.stop({ handover: true });
}

function adoptEnded(worker: Worker, record: WorkerRecord, ports: SupervisePorts): void {
  const restarts = { total: record.restarts, inSeries: 0 };
  const cause = record.lastExit ?? { type: 'unknown' as const };
  const { clock } = ports;
  switch (record.phase) {
    case 'failed':
      return worker.adopt({ ...record, process: null }, { phase: 'failed', restarts, cause });
    case 'completed':
      return worker.adopt({ ...record, process: null }, { phase: 'completed', restarts });
    case 'stopped':
      return worker.adopt({ ...record, process: null }, { phase: 'stopped', restarts });
    case 'backing-off':
      return worker.adopt(
        { ...record, process: null },
        { phase: 'backing-off', restarts, retryAt: clock.now(), cause },
      );
    case 'stopping':
    case 'draining':
      // Its root is gone; what it started may not be.
      worker.adopt(record, livingState(worker, record, ports));
      worker.stop({ handover: true });
      return worker.adoptExit({ type: 'unknown' });
    case 'starting':
    case 'ready':
      worker.adopt(record, livingState(worker, record, ports));
      return worker.adoptExit({ type: 'unknown' });
    default:
      return unreachable(record.phase);
  }
}

/** After another boot its numbers name strangers, alone or as a group. */
function ofThisBoot(identity: ProcessIdentity | null, { processes }: SupervisePorts): ProcessIdentity | null {
  return identity?.bootId === processes.bootId ? identity : null;
}

function livingState(worker: Worker, record: WorkerRecord, { clock }: SupervisePorts): WorkerState {
  const restarts = { total: record.restarts, inSeries: 0 };
  const age = Math.max(0, clock.wallTime() - (record.startedAt ?? clock.wallTime()));
  if (record.phase === 'starting') return { ...firstState(worker.spec, clock.now()), restarts };
  return { phase: 'ready', restarts, since: clock.now() - age };
}
