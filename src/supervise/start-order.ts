import type { AppSpec, DependencyCondition } from '../domain/app-spec.ts';
import { appId, type AppKey } from '../domain/names.ts';
import type { AppGoal } from '../domain/observed-state.ts';
import type { WorkerPhase } from '../domain/worker-state.ts';
import { unreachable } from '../util/unreachable.ts';

/** An app as far as others wait for it. */
export interface Standing {
  readonly key: AppKey;
  readonly spec: Pick<AppSpec, 'kind' | 'instances' | 'dependsOn'>;
  readonly goal: AppGoal;
  /** Of its workers. */
  readonly phases: readonly WorkerPhase[];
}

/**
 * Whether an app that has no worker may be started: nothing that it depends on has its own start still before it. A dependency
 * that failed to start keeps nobody waiting: nor would its failure have stopped anybody later.
 */
export function mayStart(app: Standing, apps: readonly Standing[]): boolean {
  const dependencies = dependenciesOf(app, apps);
  return dependencies.every(({ dependency, condition }) => {
    return reaches(dependency, app, apps) || isOver(dependency) || fulfils(dependency, condition);
  });
}

/** The apps of its project that depend on the app. */
export function dependentsOf(app: Standing, apps: readonly Standing[]): readonly Standing[] {
  return apps.filter(({ key, spec }) => key.project === app.key.project && Object.hasOwn(spec.dependsOn, app.key.app));
}

function dependenciesOf(app: Standing, apps: readonly Standing[]) {
  return Object.entries(app.spec.dependsOn).flatMap(([name, condition]) => {
    const dependency = apps.find(({ key }) => key.project === app.key.project && key.app === name);
    return dependency === undefined ? [] : [{ dependency, condition }];
  });
}

/** No file has a circle, but several applies of parts of files may have left one: nobody in it waits for the others. */
function reaches(from: Standing, to: Standing, apps: readonly Standing[], seen: readonly Standing[] = []): boolean {
  if (appId(from.key) === appId(to.key)) return true;
  if (seen.includes(from)) return false;
  return dependenciesOf(from, apps).some(({ dependency }) => reaches(dependency, to, apps, [...seen, from]));
}

/** It is not to run, or its start has failed. */
function isOver({ goal, phases }: Standing): boolean {
  return goal === 'stopped' || phases.includes('failed') || phases.includes('backing-off');
}

function fulfils(dependency: Standing, condition: DependencyCondition): boolean {
  const { phases, spec } = dependency;
  switch (condition) {
    case 'started':
      return phases.length > 0;
    case 'ready':
      return spec.kind === 'task' ? hasCompleted(dependency) : isReady(dependency);
    case 'completed':
      return hasCompleted(dependency);
    default:
      return unreachable(condition);
  }
}

function isReady({ phases, spec }: Standing): boolean {
  return phases.filter((phase) => phase === 'ready').length >= spec.instances;
}

function hasCompleted({ phases }: Standing): boolean {
  return phases.length > 0 && phases.every((phase) => phase === 'completed');
}
