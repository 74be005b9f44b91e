import type { AppSpec } from '../domain/app-spec.ts';
import type { Restored } from '../domain/failure.ts';
import { equalJson } from '../util/compare.ts';
import type { ClusterDocument, Target } from './cluster-document.ts';

/** What to do once a rollout has failed. */
export interface WayBack {
  /** What the app aims at from now on. */
  readonly target: Target;
  readonly restored: Restored;
  /** Whether whoever asked is told only once that is reached. */
  readonly awaited: boolean;
}

export interface FailedRollout {
  /** As it is kept: its target is what served before, or the failed one if nothing did. */
  readonly document: ClusterDocument;
  readonly failed: Target;
  /** Of each worker that is ready, its generation. */
  readonly serving: readonly number[];
  readonly rollback: boolean;
}

/**
 * Old workers that serve are kept, and brought back to their number. Where none is left, the last stable revision is
 * started once from its stored spec, unless it differs from the failed one in its code at most: the code on disk is the
 * failed one's by now.
 */
export function wayBack({ document, failed, serving, rollback }: FailedRollout): WayBack {
  const { target: before } = document;
  const survivors = serving.filter((generation) => generation === before.generation).length;
  const giveUp = (restored: Restored): WayBack => ({ target: failed, restored, awaited: false });
  if (failed.spec.kind === 'task') return giveUp('untouched');
  if (before.generation === failed.generation && survivors > 0) return giveUp('untouched');
  if (survivors > 0) {
    const restorable = survivors >= before.spec.instances || !sameButCode(before.spec, failed.spec);
    return restorable
      ? { target: before, restored: 'untouched', awaited: true }
      : { target: before, restored: 'code-cannot-be-rolled-back', awaited: false };
  }
  if (!rollback) return giveUp('off');
  const stable = document.history.find(({ revision }) => revision === document.lastStable);
  if (stable === undefined) return giveUp('nothing-stable');
  if (sameButCode(stable.spec, failed.spec)) return giveUp('code-cannot-be-rolled-back');
  const { spec, revision } = stable;
  const generation =
    revision === before.revision && before.generation !== failed.generation
      ? before.generation
      : document.lastGeneration + 1;
  return { target: { spec, revision, generation }, restored: 'rolled-back', awaited: true };
}

function sameButCode(a: AppSpec, b: AppSpec): boolean {
  return equalJson({ ...a, code: null }, { ...b, code: null });
}
