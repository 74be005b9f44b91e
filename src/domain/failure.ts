import type { Diagnostic } from './diagnostic.ts';
import type { Origin } from './desired-state.ts';
import type { Host } from './host.ts';
import type { HostGroup } from './host-group.ts';
import type { PlanDifference } from './saved-plan.ts';
import type { LockId, ProjectLock } from './lock.ts';
import type { AppName, ProjectName, WorkerId } from './names.ts';
import type { Milliseconds } from './time.ts';
import type { ExitCause } from './worker-state.ts';

/** An eco of a version, and the Node that runs it, such as `v22.12.0`. */
export interface Program {
  readonly version: string;
  readonly node: string;
}

/** Nothing was changed, but where a step failed. */
export type BootProblem =
  /** `words` is the command that does it for root. */
  | { readonly type: 'needs-root'; readonly words: readonly string[] }
  | { readonly type: 'no-such-user'; readonly user: string }
  /** `words` is what would be started at boot. */
  | { readonly type: 'no-service-manager'; readonly problem: string; readonly words: readonly string[] }
  /** Somebody else made the file that eco would replace or remove. */
  | { readonly type: 'file-not-ours'; readonly path: string }
  /** What came before was done, and may be done again. */
  | { readonly type: 'step-failed'; readonly words: readonly string[]; readonly problem: string };

/** Why eco on another machine does not answer. `output` is what ssh and the far side said, its last lines. */
export type HostProblem =
  | { readonly type: 'no-ssh'; readonly program: string }
  /** ssh came to no shell there. */
  | { readonly type: 'ssh'; readonly output: readonly string[] }
  /** `command` is what was asked of the shell there. */
  | { readonly type: 'no-eco'; readonly command: string; readonly output: readonly string[] }
  | { readonly type: 'no-greeting'; readonly command: string; readonly output: readonly string[] }
  | { readonly type: 'other-version'; readonly found: Program };

/** Why a folder was not copied to another machine, or not in full. `folder` is there. */
export type CopyProblem =
  /** Which one is overwritten there must be said. */
  | { readonly type: 'no-folder' }
  /** A home folder, or the root. */
  | { readonly type: 'too-much'; readonly folder: string }
  /** It has files that were not copied there; `mark` in it would say that they may be deleted. */
  | { readonly type: 'not-ours'; readonly folder: string; readonly mark: string }
  | { readonly type: 'not-made'; readonly folder: string; readonly problem: string }
  | { readonly type: 'no-rsync-here' }
  | { readonly type: 'no-rsync-there' }
  | { readonly type: 'rsync'; readonly exitCode: number | null; readonly output: readonly string[] };

/**
 * Everything that may go wrong without being a bug. Data only: `cli/render/failure-text` makes the words and
 * `cli/exit-codes` the exit code. Plain JSON, so that a failure crosses the socket unchanged.
 */
export type Failure =
  /** The file cannot be used. Nothing was changed. */
  | { readonly reason: 'config-invalid'; readonly diagnostics: readonly Diagnostic[] }
  /** The project belongs to another origin. Nothing was changed. */
  | {
      readonly reason: 'owned-by-another-origin';
      readonly project: ProjectName;
      readonly owner: Origin;
      readonly claimant: Origin;
    }
  /** The file has no apps, but the project has: deleting all of them must be asked for. Nothing was changed. */
  | { readonly reason: 'empty-desired-state'; readonly project: ProjectName; readonly apps: readonly AppName[] }
  /** Another command changes the project, or somebody has locked it. Nothing was changed. */
  | { readonly reason: 'lock-held'; readonly lock: ProjectLock }
  /** Somebody has unlocked the project under a command that changes it. What it began goes on; it begins nothing more. */
  | { readonly reason: 'lock-lost'; readonly project: ProjectName; readonly id: LockId }
  /** A saved plan is not what an apply would do now. Nothing was changed. */
  | { readonly reason: 'plan-stale'; readonly file: string; readonly differences: readonly PlanDifference[] }
  /** A file that begins like a saved plan is none. Nothing was changed. */
  | { readonly reason: 'plan-unreadable'; readonly file: string; readonly problem: string }
  /** What was to be kept in a file is not. Nothing else was changed. */
  | { readonly reason: 'file-not-written'; readonly file: string }
  /** There is no lock of that id. */
  | { readonly reason: 'no-such-lock'; readonly id: LockId }
  /** No daemon answers and none could be started. Apps that run go on running. */
  | {
      readonly reason: 'daemon-unreachable';
      readonly socket: string;
      readonly cause: string;
      readonly log: string;
      /** A daemon took the request, and may have begun what it asks for. */
      readonly taken: boolean;
    }
  /** The daemon speaks another major version of the protocol. Apps that run go on running. */
  | { readonly reason: 'daemon-incompatible'; readonly daemonVersion: string; readonly cliVersion: string }
  /** The daemon is about to end, and begins nothing any more. Apps that run go on running. */
  | { readonly reason: 'daemon-ending'; readonly pid: number }
  /** The daemon was told to end and has not; nothing else was changed. */
  | { readonly reason: 'daemon-does-not-end'; readonly pid: number }
  /** The daemon that answers after an upgrade is not the one that was meant. Apps that run go on running. */
  | {
      readonly reason: 'daemon-not-replaced';
      readonly found: Program;
      readonly wanted: Program;
      /** What starts it; null: nobody does. */
      readonly service: string | null;
    }
  /** The apps of the file are for other machines than the one that was meant. Nothing was changed. */
  | {
      readonly reason: 'runs-elsewhere';
      readonly file: string;
      readonly project: ProjectName;
      /** Those that were asked for, or all. */
      readonly groups: readonly HostGroup[];
      /** How many the file has. */
      readonly apps: number;
      /** A machine or a group that is none of the file's; null: this machine. */
      readonly asked: string | null;
      readonly warnings: readonly Diagnostic[];
    }
  /** There is no way to eco on that machine. Nothing was changed by this command. */
  | {
      readonly reason: 'host-unreachable';
      readonly host: Host;
      readonly because: HostProblem;
      /** This eco's. */
      readonly version: string;
    }
  /** What was to be copied to that machine before anything else was not. No app was changed. */
  | { readonly reason: 'host-not-copied'; readonly host: Host; readonly from: string; readonly because: CopyProblem }
  /** The way there has broken off. The daemon there goes on with what it began. */
  | { readonly reason: 'host-lost'; readonly host: Host; readonly output: readonly string[] }
  /** Whether eco starts at boot could not be changed, or not in full. */
  | { readonly reason: 'boot-not-arranged'; readonly because: BootProblem }
  /** Another `eco watch` of the same file runs. Nothing was begun. */
  | { readonly reason: 'watched-already'; readonly folder: string }
  /** ECO_HOME cannot be trusted or written. Nothing was changed. */
  | { readonly reason: 'home-unusable'; readonly home: string; readonly problem: string }
  /** New workers failed. `serving` says what answers now: the old version, or nothing. */
  | {
      readonly reason: 'rollout-failed';
      readonly app: AppName;
      readonly workers: readonly WorkerFailure[];
      readonly serving: Serving | null;
      /** Absent from a daemon that does not know it. */
      readonly restored?: Restored;
    }
  /** A task ended with another exit code than 0. */
  | { readonly reason: 'task-failed'; readonly app: AppName; readonly workers: readonly WorkerFailure[] }
  /** The request took longer than the caller allowed; the daemon goes on with it. */
  | { readonly reason: 'timed-out'; readonly app: AppName; readonly timeout: Milliseconds }
  /** Another request for the same app came later and took over. */
  | { readonly reason: 'superseded'; readonly app: AppName }
  /** The step was not begun, because one that it needs did not succeed. */
  | { readonly reason: 'skipped'; readonly app: AppName; readonly need: AppName }
  /** The step was not begun, because the run was interrupted. */
  | { readonly reason: 'interrupted'; readonly signal: 'SIGINT' | 'SIGTERM' }
  /** No app on this machine has that name. */
  | { readonly reason: 'no-such-app'; readonly target: string; readonly didYouMean: string | null }
  /** There is nothing to roll back to, or not what was named. Nothing was changed. */
  | {
      readonly reason: 'no-such-revision';
      readonly app: AppName;
      /** null: the last stable one before the present one was asked for. */
      readonly revision: number | null;
      readonly present: number;
      readonly known: readonly KnownRevision[];
    }
  /** Two revisions differ in nothing that eco could bring back. Nothing was changed. */
  | {
      readonly reason: 'only-code-differs';
      readonly app: AppName;
      readonly revision: number;
      readonly present: number;
      readonly commit: string | null;
    }
  /** The name exists in several projects. */
  | { readonly reason: 'ambiguous-target'; readonly target: string; readonly projects: readonly ProjectName[] }
  /** The request itself is malformed: a bug in a client, or a client of another version. */
  | { readonly reason: 'bad-request'; readonly problem: string }
  /** A file of the daemon's could not be written; what ran before runs on. */
  | { readonly reason: 'store-failed'; readonly path: string; readonly problem: string };

export type FailureReason = Failure['reason'];

/** What became of an app whose rollout failed. */
export type Restored =
  /** What served before serves on; what was missing of it was started again. */
  | 'untouched'
  /** Nothing of the old version served any more: the last stable revision was started from its stored spec. */
  | 'rolled-back'
  /** The same, but its workers failed as well; they are tried again and again. */
  | 'rollback-failed'
  /** The last stable revision differs in its code at most, and files are not eco's to bring back. What serves, serves on. */
  | 'code-cannot-be-rolled-back'
  /** Nothing serves, and rollback is switched off. */
  | 'off'
  /** Nothing serves, and no revision was ever stable. */
  | 'nothing-stable';

export interface KnownRevision {
  readonly revision: number;
  readonly stable: boolean;
}

export interface WorkerFailure {
  readonly worker: WorkerId;
  readonly cause: ExitCause;
  /** The last lines that the worker wrote, oldest first; at most 20. */
  readonly lastLines: readonly string[];
}

export interface Serving {
  readonly revision: number;
  readonly ready: number;
  readonly desired: number;
  /** Why not all of the app's `limits` hold; absent where they do. */
  readonly unlimited?: string;
}
