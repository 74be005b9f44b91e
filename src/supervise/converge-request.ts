import type { Source } from '../domain/history.ts';
import type { Actor } from '../domain/observed-state.ts';
import type { WorkerProgress } from '../protocol/control.ts';
import type { TargetRequest } from './targets.ts';

/** Who asks for a change, and what for. */
export interface ChangeOrigin {
  readonly by: Actor;
  readonly source: Source | null;
  /** A file asks: what is reached is what the next plan is compared with. */
  readonly fromFile: boolean;
}

export interface ConvergeRequest extends TargetRequest, ChangeOrigin {
  /** Whether a failure is rolled back, if the spec allows it. */
  readonly rollback: boolean;
  readonly onProgress: (workers: readonly WorkerProgress[]) => void;
}
