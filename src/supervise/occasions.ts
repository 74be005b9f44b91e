import type { AppSpec, Schedule } from '../domain/app-spec.ts';
import type { Trigger } from '../domain/event.ts';
import { appId, type AppKey } from '../domain/names.ts';
import type { Timestamp } from '../domain/time.ts';
import type { Timer } from '../platform/clock.ts';
import type { Cluster } from './cluster.ts';
import type { SupervisePorts } from './ports.ts';
import { BRAKE, withRestart, type RecentRestarts } from './restart-brake.ts';
import { Timetable, type Appointment } from './timetable.ts';
import { Watches, type Watch } from './watches.ts';
import { logFiles } from './worker-launch.ts';

export interface OccasionsOptions {
  readonly ports: SupervisePorts;
  readonly clusters: () => readonly Cluster[];
  /** New processes for an app that is to run, or a run of a task. */
  readonly perform: (key: AppKey, action: 'reload' | 'start') => Promise<void>;
}

/** On what occasions something is done by itself: at times (`cron_restart`, `schedule`), and when files change (`watch`). */
export class Occasions {
  readonly #options: OccasionsOptions;
  readonly #timetable: Timetable;
  readonly #watches: Watches;
  /** By app id: what is new since it was last given new processes, while something else is done with it. */
  readonly #pending = new Map<string, Trigger>();
  /** By app id: when it was reloaded because of its files. */
  readonly #recent = new Map<string, RecentRestarts>();
  /** By app id: when the next reload because of its files may come, after too many. */
  readonly #braked = new Map<string, Timer>();

  constructor(options: OccasionsOptions) {
    this.#options = options;
    this.#timetable = new Timetable(options.ports);
    this.#watches = new Watches(options.ports.watchFiles, (id, files) => this.#filesChanged(id, files));
  }

  /** To be called whenever something about an app may have changed. */
  refresh(): void {
    // Asked again and again, and most apps have none.
    const clusters = this.#options
      .clusters()
      .filter(({ document }) => document.goal === 'running' && hasOccasions(document.target.spec));
    this.#timetable.refresh(clusters.flatMap((cluster) => [...this.#restartOf(cluster), ...this.#runOf(cluster)]));
    const watches = clusters.flatMap((cluster) => this.#watchOf(cluster));
    this.#watches.refresh(watches);
    this.#releaseBrakes(new Set(watches.map(({ id }) => id)));
    for (const cluster of clusters) {
      const trigger = this.#pending.get(appId(cluster.key));
      if (trigger !== undefined) this.#reload(cluster, trigger);
    }
  }

  /** When the app's schedule has it run next. */
  nextRun(key: AppKey): Timestamp | null {
    return this.#timetable.dueOf(runId(key));
  }

  close(): void {
    this.#timetable.close();
    this.#watches.close();
    this.#releaseBrakes(new Set());
    this.#pending.clear();
  }

  #restartOf(cluster: Cluster): readonly Appointment[] {
    const { cronRestart } = cluster.document.target.spec;
    if (cronRestart === null) return [];
    const keep = (): void => {
      // It is about to have new processes anyway.
      if (!cluster.busy) this.#reload(cluster, { type: 'cron_restart', detail: cronRestart.cron });
    };
    return [{ id: appId(cluster.key), times: cronRestart, from: this.#options.ports.clock.wallTime(), keep }];
  }

  #runOf(cluster: Cluster): readonly Appointment[] {
    const { target, scheduledAt } = cluster.document;
    const { schedule } = target.spec;
    if (schedule === null) return [];
    const now = this.#options.ports.clock.wallTime();
    const { cron, timezone, overlap, missed } = schedule;
    // From now on it is known which were missed.
    if (scheduledAt === undefined) cluster.noteScheduled(now);
    const keep = (): void => {
      cluster.noteScheduled(this.#options.ports.clock.wallTime());
      this.#run(cluster, { overlap, cron });
    };
    const from = missed === 'run' ? (scheduledAt ?? now) : now;
    return [{ id: runId(cluster.key), times: { cron, timezone }, from, keep }];
  }

  #run(cluster: Cluster, { overlap, cron }: Pick<Schedule, 'overlap' | 'cron'>): void {
    const { emit } = this.#options.ports;
    const { project, app } = cluster.key;
    if (cluster.running && !overlap) return emit({ type: 'run-skipped', project, app });
    emit({ type: 'app-triggered', project, app, trigger: { type: 'schedule', detail: cron } });
    // As above.
    void this.#options.perform(cluster.key, 'start');
  }

  #watchOf({ key, document }: Cluster): readonly Watch[] {
    const { spec } = document.target;
    if (!spec.watch.enabled) return [];
    const { home } = this.#options.ports.surroundings;
    const instances = Array.from({ length: spec.instances }, (_, instance) => instance);
    const ownFiles = instances.flatMap((instance) =>
      Object.values(logFiles(spec, { key, instance }, home)).filter((file) => file !== null),
    );
    const { cwd, script, interpreter, watch } = spec;
    const app = { cwd, script, interpreter, watch };
    return [{ id: appId(key), request: { app, ownFiles: [...new Set(ownFiles)] } }];
  }

  #filesChanged(id: string, files: readonly string[]): void {
    const cluster = this.#clusterOf(id);
    const more = files.length > 1 ? ` and ${files.length - 1} more` : '';
    if (cluster !== undefined) this.#reload(cluster, { type: 'watch', detail: `${files[0] ?? ''}${more}` });
  }

  #clusterOf(id: string): Cluster | undefined {
    return this.#options.clusters().find(({ key }) => appId(key) === id);
  }

  /** Whether it waits: an app that writes the files that it is watched for would be reloaded in a circle. */
  #brake({ key }: Cluster, { detail }: Trigger): boolean {
    const { clock, emit } = this.#options.ports;
    const id = appId(key);
    if (this.#braked.has(id)) return true;
    const now = clock.now();
    const recent = this.#recent.get(id) ?? [];
    const counted = withRestart(recent, now);
    if (counted !== null) {
      this.#recent.set(id, counted);
      return false;
    }
    const wait = Math.max(0, (recent[0] ?? now) + BRAKE.within - now);
    this.#braked.set(
      id,
      clock.after(wait, () => this.#release(id)),
    );
    emit({ type: 'watch-braked', project: key.project, app: key.app, detail, wait });
    return true;
  }

  #release(id: string): void {
    this.#braked.delete(id);
    const [cluster, trigger] = [this.#clusterOf(id), this.#pending.get(id)];
    if (cluster !== undefined && trigger !== undefined) this.#reload(cluster, trigger);
  }

  /** Of apps that are not watched any more. */
  #releaseBrakes(watched: ReadonlySet<string>): void {
    for (const [id, timer] of this.#braked) {
      if (watched.has(id)) continue;
      timer.cancel();
      this.#braked.delete(id);
      this.#pending.delete(id);
    }
  }

  /** After what is under way: whoever asked for that waits for its outcome. */
  #reload(cluster: Cluster, trigger: Trigger): void {
    const id = appId(cluster.key);
    const waits = cluster.busy || (trigger.type === 'watch' && this.#brake(cluster, trigger));
    if (waits) return void this.#pending.set(id, trigger);
    this.#pending.delete(id);
    const { project, app } = cluster.key;
    this.#options.ports.emit({ type: 'app-triggered', project, app, trigger });
    // Not awaited: how it ends is written down where it is carried out.
    void this.#options.perform(cluster.key, 'reload');
  }
}

function runId(key: AppKey): string {
  return `${appId(key)} run`;
}

function hasOccasions({ cronRestart, schedule, watch }: AppSpec): boolean {
  return cronRestart !== null || schedule !== null || watch.enabled;
}
