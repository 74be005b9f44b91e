import type { AppSpec } from './app-spec.ts';
import type { Origin } from './desired-state.ts';
import type { AppName, ProjectName } from './names.ts';
import type { Timestamp } from './time.ts';
import type { ObservedWorker } from './worker-state.ts';

/** One snapshot of what the daemon keeps. */
export interface ObservedState {
  /** Sorted by name. */
  readonly projects: readonly ObservedProject[];
  /** `process.version` of the daemon, whose Node also runs the Node apps that name no other; absent where nobody knows. */
  readonly node?: string;
}

export interface ObservedProject {
  readonly name: ProjectName;
  readonly origin: Origin;
  /** The ecosystem file of the last apply. */
  readonly file: string;
  /** Given when something of it was first applied, and never again on any host; null where nothing was. Absent: the daemon has none. */
  readonly lineage?: string | null;
  /** Counts the applies that changed something, and what was changed by hand. */
  readonly serial: number;
  /** Sorted by name. */
  readonly apps: readonly ObservedApp[];
  /** By hand since the last apply; absent from a daemon that does not know it. */
  readonly deletedApps?: readonly DeletedApp[];
}

export interface ObservedApp {
  readonly name: AppName;
  readonly project: ProjectName;
  /** What the daemon keeps now: the file's spec with the changes made by hand. */
  readonly spec: AppSpec;
  /** What it is about to become, where that is something else: a rollout is under way. */
  readonly towards?: AppSpec;
  /** What the last successful apply asked for; null if the app was started by hand or never came up. */
  readonly applied: AppSpec | null;
  /** Whether the daemon keeps it running. */
  readonly goal: AppGoal;
  /** The number of the revision that `applied` is; null where that is null. */
  readonly appliedRevision: number | null;
  /** Changes made by hand since the last apply, oldest first. */
  readonly manualChanges: readonly ManualChange[];
  /** The number of the revision that `spec` is; counts the specs that the app has had. */
  readonly revision: number;
  /** When its schedule has it run next; null: it has none, it is stopped, or that is just being found out. Absent: nobody knows. */
  readonly nextRun?: Timestamp | null;
  /** Sorted by instance, the oldest first where two overlap. */
  readonly workers: readonly ObservedWorker[];
}

/** An app that is not there any more, and not because a file did without it. */
export interface DeletedApp {
  readonly name: AppName;
  /** What its last successful apply asked for. */
  readonly applied: AppSpec;
  readonly by: Actor;
  readonly at: Timestamp;
}

export type AppGoal = 'running' | 'stopped';

/** Something an operator did outside the file. */
export interface ManualChange {
  readonly action: 'scale' | 'stop' | 'start' | 'rollback';
  readonly by: Actor;
  readonly at: Timestamp;
}

/** Who asked for something. */
export interface Actor {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
}

/** One word for a whole app, as `eco list` shows it. */
export type AppStatus =
  | 'ready'
  | 'degraded'
  | 'starting'
  | 'stopping'
  | 'backing-off'
  | 'failed'
  | 'stopped'
  /** A task that has not been run yet, and will be. */
  | 'scheduled'
  | 'completed';

/** The workers that serve, of whatever revision. */
export function readyCount(app: Pick<ObservedApp, 'workers'>): number {
  return app.workers.filter((worker) => worker.phase === 'ready').length;
}

export function appStatus(app: Pick<ObservedApp, 'workers' | 'goal' | 'spec'>): AppStatus {
  const phases = new Set(app.workers.map((worker) => worker.phase));
  const ready = readyCount(app);
  const runs = app.spec.schedule !== null && (phases.has('starting') || phases.has('failed'));
  if (app.spec.kind === 'task' && phases.has('completed') && !runs) return 'completed';
  if (app.goal === 'stopped')
    return phases.has('stopping') || phases.has('draining') || ready > 0 ? 'stopping' : 'stopped';
  if (ready >= app.spec.instances) return 'ready';
  if (ready > 0) return 'degraded';
  if (phases.has('starting')) return 'starting';
  if (phases.has('backing-off')) return 'backing-off';
  if (phases.has('failed')) return 'failed';
  if (phases.has('stopping') || phases.has('draining')) return 'stopping';
  return app.spec.schedule === null ? 'stopped' : 'scheduled';
}
