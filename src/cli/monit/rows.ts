import { appId } from '../../domain/names.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import { DEFAULTS } from '../../domain/policies.ts';
import type { ObservedWorker } from '../../domain/worker-state.ts';
import { matchesGlob } from '../targets.ts';
import type { Sample } from './series.ts';

/** A line that can be selected: an app, or one of its workers below it. */
export interface Row {
  /** Names the same app or instance in every later look. */
  readonly key: string;
  readonly app: ObservedApp;
  /** null: the app as a whole. */
  readonly instance: number | null;
  /** Those that the row speaks for: of an instance two, while one replaces the other. */
  readonly workers: readonly ObservedWorker[];
}

export interface RowChoice {
  readonly filter: string;
  /** The keys of apps whose workers are shown. */
  readonly unfolded: ReadonlySet<string>;
}

export function rowsOf(apps: readonly ObservedApp[], { filter, unfolded }: RowChoice): readonly Row[] {
  return apps
    .filter((app) => isWanted(app, filter))
    .flatMap((app) => {
      const own = appRow(app);
      return unfolded.has(own.key) && hasSeveral(app) ? [own, ...workerRows(app)] : [own];
    });
}

/** One number for each row that there could be, so that its sparkline is there when it is unfolded. */
export function samplesOf(apps: readonly ObservedApp[]): readonly Sample[] {
  return apps
    .flatMap((app) => [appRow(app), ...workerRows(app)])
    .map(({ key, workers }) => ({
      key,
      cpu: total(workers.map(({ cpuPercent }) => cpuPercent)),
      memory: total(workers.map(({ memoryBytes }) => memoryBytes)),
    }));
}

export function keyOf(app: ObservedApp): string {
  return appId({ project: app.project, app: app.name });
}

/** Workers of an app that has one are the app itself. */
export function hasSeveral(app: ObservedApp): boolean {
  return instancesOf(app).length > 1;
}

/** null if nobody knows any of the numbers. */
export function total(numbers: readonly (number | null | undefined)[]): number | null {
  const known = numbers.filter((number) => number !== null && number !== undefined);
  return known.length === 0 ? null : known.reduce((sum, number) => sum + number, 0);
}

function appRow(app: ObservedApp): Row {
  return { key: keyOf(app), app, instance: null, workers: app.workers };
}

function workerRows(app: ObservedApp): readonly Row[] {
  return instancesOf(app).map((instance) => ({
    key: `${keyOf(app)}:${instance}`,
    app,
    instance,
    workers: app.workers.filter((worker) => worker.instance === instance),
  }));
}

function instancesOf({ workers }: ObservedApp): readonly number[] {
  return [...new Set(workers.map(({ instance }) => instance))];
}

/** A part of a name or of a namespace, or a pattern with `*`; where it has a `/`, of project and name. */
function isWanted({ name, project, spec }: ObservedApp, filter: string): boolean {
  const wanted = filter.toLowerCase();
  const namespaces = spec.namespace === DEFAULTS.namespace ? [] : [spec.namespace];
  const words = wanted.includes('/') ? [`${project}/${name}`] : [name, ...namespaces];
  return words.map((word) => word.toLowerCase()).some((word) => word.includes(wanted) || matchesGlob(wanted, word));
}
