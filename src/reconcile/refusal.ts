import { isAnothers, type DesiredState } from '../domain/desired-state.ts';
import type { Failure } from '../domain/failure.ts';
import type { AppName } from '../domain/names.ts';
import type { ObservedProject } from '../domain/observed-state.ts';
import { byCodeUnit } from '../util/compare.ts';
import { nearest } from '../util/edit-distance.ts';

export interface RefusalOptions {
  /** Let a file without apps delete all that the project has. */
  readonly allowEmpty: boolean;
  /** Go on although the project belongs to another origin. */
  readonly takeOwnership: boolean;
  /** Look at these apps only; null: at all. */
  readonly only: readonly AppName[] | null;
}

/** Why a file and a project are not compared; null: they are. */
export function refusalOf(
  desired: DesiredState,
  project: ObservedProject | undefined,
  { takeOwnership, allowEmpty, only }: RefusalOptions,
): Failure | null {
  const existing = (project?.apps ?? []).map(({ name }) => name).sort(byCodeUnit);
  if (project !== undefined && existing.length > 0 && !takeOwnership && isAnothers(project.origin, desired.origin)) {
    const [owner, claimant] = [project.origin, desired.origin];
    return { reason: 'owned-by-another-origin', project: desired.project, owner, claimant };
  }
  const names = [...desired.apps.map(({ name }) => name), ...existing];
  const unknown = (only ?? []).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return { reason: 'no-such-app', target: unknown, didYouMean: nearest(unknown, names.sort(byCodeUnit)) ?? null };
  }
  if (desired.apps.length === 0 && existing.length > 0 && !allowEmpty) {
    return { reason: 'empty-desired-state', project: desired.project, apps: existing };
  }
  return null;
}
