import type { AppSpec } from '../domain/app-spec.ts';
import { completeSpec } from '../domain/complete-spec.ts';
import type { RevisionEntry } from '../domain/history.ts';
import type { AppKey } from '../domain/names.ts';
import type { Timestamp } from '../domain/time.ts';
import type { AppGoal, ManualChange } from '../domain/observed-state.ts';

/** Everything about an app that must survive the daemon. One document per app. */
export interface ClusterDocument {
  readonly key: AppKey;
  /** What the app's workers shall run: of the last rollout that succeeded, or of the first one. */
  readonly target: Target;
  /** What the last successful apply of a file asked for. */
  readonly applied: AppSpec | null;
  /** The number of the revision that `applied` is. */
  readonly appliedRevision: number | null;
  /** In rising order; those of the last rollouts, at most ten. */
  readonly history: readonly RevisionEntry[];
  /** The revision of the last rollout that succeeded. */
  readonly lastStable: number | null;
  readonly goal: AppGoal;
  /** It is to be forgotten once it has stopped; missing in what earlier versions wrote. */
  readonly deleting?: boolean;
  /** Runs of its schedule that were due by then have been seen to; missing where it has none. */
  readonly scheduledAt?: Timestamp;
  readonly manualChanges: readonly ManualChange[];
  /** Numbers that were given out, so that none is given out again. */
  readonly lastRevision: number;
  readonly lastGeneration: number;
  /** Process start numbers below this one may have been used. */
  readonly startNumbers: number;
  /** Per instance, the addresses on which it listened when it was last found available. */
  readonly sockets: Readonly<Record<string, readonly string[]>>;
}

/** What a set of workers runs. `revision` changes with the spec; `generation` whenever processes shall be replaced. */
export interface Target {
  readonly spec: AppSpec;
  readonly revision: number;
  readonly generation: number;
}

/** `startNumbers`: those below may have been used by an app of the same name that was deleted. */
export function newDocument(key: AppKey, spec: AppSpec, startNumbers = 0): ClusterDocument {
  return {
    key,
    target: { spec, revision: 1, generation: 1 },
    applied: null,
    appliedRevision: null,
    history: [],
    lastStable: null,
    goal: 'running',
    manualChanges: [],
    lastRevision: 1,
    lastGeneration: 1,
    startNumbers,
    sockets: {},
  };
}

/** A document as an earlier version of eco may have written it, in today's shape: what it did not know is as in a new one. */
export function completeDocument(stored: ClusterDocument): ClusterDocument {
  const document = { ...newDocument(stored.key, stored.target.spec), ...stored };
  const { target, applied, history } = document;
  return {
    ...document,
    target: { ...target, spec: completeSpec(target.spec) },
    applied: applied === null ? null : completeSpec(applied),
    history: history.map((entry) => ({ ...entry, spec: completeSpec(entry.spec) })),
  };
}
