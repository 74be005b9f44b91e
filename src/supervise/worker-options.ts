import type { AppSpec } from '../domain/app-spec.ts';
import type { AppKey } from '../domain/names.ts';
import type { Milliseconds } from '../domain/time.ts';
import type { SupervisePorts } from './ports.ts';
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
  readonly ports: SupervisePorts;
  /** A number that no other process of this app ever had. */
  readonly nextStartNumber: () => number;
  readonly onChange: () => void;
}
