import type { AppSpec } from './app-spec.ts';
import type { ProjectName } from './names.ts';
import type { CodeManifest } from './revision.ts';

/** Everything an ecosystem file asks for on this machine. */
export interface DesiredState {
  readonly project: ProjectName;
  readonly origin: Origin;
  /** The absolute path of the ecosystem file. */
  readonly file: string;
  /** Sorted by name. */
  readonly apps: readonly AppSpec[];
  /** The manifests behind the `auto` revisions of `apps`, by digest. */
  readonly manifests: Readonly<Record<string, CodeManifest>>;
}

/**
 * Where a project comes from: two files with the same project name are the same project only if their origins are equal.
 * `git`: the URL of the remote, without credentials, so that all release folders of one repository are one origin.
 * `folder`: the folder of the file, links unresolved, where there is no git remote.
 */
export type Origin =
  | { readonly type: 'git'; readonly remote: string }
  | { readonly type: 'folder'; readonly path: string };

/** Of a project of which nobody knows any more who claimed it: the next to claim it gets it. */
export const NO_ORIGIN: Origin = { type: 'folder', path: '' };

/** Whether a project of that owner is not the claimant's to change. */
export function isAnothers(owner: Origin, claimant: Origin): boolean {
  const [of, by] = [formatOrigin(owner), formatOrigin(claimant)];
  return of !== by && of !== formatOrigin(NO_ORIGIN);
}

export function formatOrigin(origin: Origin): string {
  return origin.type === 'git' ? origin.remote : origin.path;
}
