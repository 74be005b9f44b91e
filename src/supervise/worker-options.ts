import type { AppSpec } from '../domain/app-spec.ts';
import type { AppKey } from '../domain/names.ts';
import type { Milliseconds } from '../domain/time.ts';
import type { ExitCause, RestartCount } from '../domain/worker-state.ts';
import type { WorkerPorts } from './ports.ts';
import type { ExpectedSockets } from './readiness.ts';

export interface WorkerOptions {
  readonly key: AppKey;
  readonly instance: number;
  /** Which replacement of the app's processes it belongs to. */
  readonly generation: number;
  /** What the worker is told in ECO_REVISION. */
  readonly revision: number;
  readonly spec: AppSpec;
  readonly expected: ExpectedSockets;
  readonly minReady: Milliseconds;
  /** Of the worker whose place it takes; null where it takes nobody's. */
  readonly predecessor: Retirement | null;
  readonly ports: WorkerPorts;
  /** A number that no other process of this app ever had. */
  readonly nextStartNumber: () => number;
  readonly onChange: () => void;
}

/** Why a worker that runs well is to go once its successor is there, and the restarts that the successor begins with. */
export interface Retirement {
  readonly cause: ExitCause;
  readonly restarts: RestartCount;
}
