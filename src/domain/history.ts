import type { AppSpec } from './app-spec.ts';
import type { FailureReason } from './failure.ts';
import type { AppName, ProjectName } from './names.ts';
import type { Actor } from './observed-state.ts';
import type { Timestamp } from './time.ts';
import type { ExitCause } from './worker-state.ts';

/** What one app was asked to be at one time. A new number for each other spec; going back to one uses its number again. */
export interface RevisionEntry {
  readonly revision: number;
  readonly spec: AppSpec;
  readonly source: Source | null;
  /** Who asked for it first, and when. */
  readonly by: Actor;
  readonly at: Timestamp;
  /** Of its latest rollout. */
  readonly result: RevisionResult;
  /** A rollout of it has succeeded: what a failed one may go back to. */
  readonly stable: boolean;
}

export type RevisionResult =
  | { readonly type: 'under-way' }
  | { readonly type: 'succeeded' }
  /** `cause`: of the first worker that failed; null if none is known. */
  | { readonly type: 'failed'; readonly reason: FailureReason; readonly cause: ExitCause | null }
  /** A later request took over before it was reached. */
  | { readonly type: 'superseded' }
  /** The daemon ended before it was reached. */
  | { readonly type: 'interrupted' };

/** The state of the git repository that holds the ecosystem file, when it was applied. */
export interface Source {
  readonly commit: string;
  /** The name of the author of the commit. */
  readonly author: string;
  /** Tracked files differed from the commit. */
  readonly dirty: boolean;
}

/** The last revisions of an app, secrets masked so that equal values within it look equal, and others do not. */
export interface AppHistory {
  readonly project: ProjectName;
  readonly app: AppName;
  /** What the app is now. */
  readonly revision: number;
  /** What the last successful apply asked for; null if there was none. */
  readonly appliedRevision: number | null;
  /** In rising order. */
  readonly entries: readonly RevisionEntry[];
}

/** What `to` names, or without it the last stable revision before the present one. */
export function revisionToRollBackTo({ revision, entries }: AppHistory, to: number | null): RevisionEntry | undefined {
  if (to !== null) return entries.find((entry) => entry.revision === to);
  return entries.findLast((entry) => entry.stable && entry.revision < revision);
}
