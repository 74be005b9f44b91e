import type { AppSpec } from '../domain/app-spec.ts';
import { replacePolicy, rollingPolicy, type RolloutPolicy } from '../domain/policies.ts';
import { equalJson } from '../util/compare.ts';
import type { ClusterDocument, Target } from './cluster-document.ts';

/** How the app gets from what runs to what shall run. */
export type Strategy =
  /** Workers that run stay; those that failed or are missing are started. */
  | 'keep'
  /** Every worker is replaced, successors first. */
  | 'rolling'
  /** Every worker is replaced, with downtime. */
  | 'replace';

export interface TargetRequest {
  readonly spec: AppSpec;
  readonly strategy: Strategy;
  /** The number that the spec has had before; without it, it gets one. */
  readonly revision?: number | undefined;
}

export function targetFor(
  { target, lastRevision, lastGeneration }: ClusterDocument,
  { spec, strategy, revision }: TargetRequest,
): Target {
  const generation = strategy === 'keep' ? target.generation : lastGeneration + 1;
  if (revision !== undefined) return { spec, revision, generation };
  return { spec, revision: equalJson(spec, target.spec) ? target.revision : lastRevision + 1, generation };
}

/** Successors come first where they may run beside the old workers. */
export function policyFor(
  { spec, strategy }: TargetRequest,
  old: readonly { readonly handsOver: boolean }[],
): RolloutPolicy {
  const overlaps =
    strategy !== 'replace' &&
    spec.kind === 'service' &&
    (strategy === 'keep' || old.every(({ handsOver }) => handsOver));
  return overlaps ? rollingPolicy(spec) : replacePolicy(spec);
}
