import { unreachable } from '../util/unreachable.ts';
import type { WorkerState } from '../domain/worker-state.ts';
import type { SupervisePorts, WorkerRecord } from './ports.ts';
import type { Worker } from './worker.ts';
import { firstState } from './worker-machine.ts';
import { isAliveProcess } from './worker-process.ts';

/** Gives a worker that an earlier daemon wrote down its state back, from what the record says and what is true now. */
export function adoptWorker(worker: Worker, record: WorkerRecord, ports: SupervisePorts): void {
  const restarts = { total: record.restarts, inSeries: 0 };
  const cause = record.lastExit ?? { type: 'unknown' as const };
  if (record.process === null || !isAliveProcess(record.process, ports.processes)) {
    switch (record.phase) {
      case 'failed':
        return worker.adopt({ ...record, process: null }, { phase: 'failed', restarts, cause });
      case 'completed':
        return worker.adopt({ ...record, process: null }, { phase: 'completed', restarts });
      case 'stopped':
      case 'stopping':
      case 'draining':
        return worker.adopt({ ...record, process: null }, { phase: 'stopped', restarts });
      case 'backing-off':
        return worker.adopt(
          { ...record, process: null },
          { phase: 'backing-off', restarts, retryAt: ports.clock.now(), cause },
        );
      case 'starting':
      case 'ready':
        worker.adopt(record, livingState(worker, record, ports));
        return worker.adoptExit({ type: 'unknown' });
      default:
        return unreachable(record.phase);
    }
  }
  worker.adopt(record, livingState(worker, record, ports));
  if (record.phase === 'stopping' || record.phase === 'draining') worker.stop({ handover: true });
}

function livingState(worker: Worker, record: WorkerRecord, { clock }: SupervisePorts): WorkerState {
  const restarts = { total: record.restarts, inSeries: 0 };
  const age = Math.max(0, clock.wallTime() - (record.startedAt ?? clock.wallTime()));
  if (record.phase === 'starting') return { ...firstState(worker.spec, clock.now()), restarts };
  return { phase: 'ready', restarts, since: clock.now() - age };
}
