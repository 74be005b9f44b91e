import type { Failure, Serving, WorkerFailure } from '../domain/failure.ts';
import type { RolloutPolicy } from '../domain/policies.ts';
import type { ObservedApp } from '../domain/observed-state.ts';
import type { WorkerProgress } from '../protocol/control.ts';
import { equalJson } from '../util/compare.ts';
import type { ClusterDocument, Target } from './cluster-document.ts';
import type { GivenUp } from './rollout.ts';
import type { Worker } from './worker.ts';

const LAST_LINES = 20;

/** How far the workers are, for whoever waits. */
export function progressOf(workers: readonly Worker[], { generation }: Target): readonly WorkerProgress[] {
  return workers.map((worker) => ({
    worker: worker.id,
    instance: worker.instance,
    phase: worker.state.phase,
    current: worker.generation === generation,
    cause: 'cause' in worker.state ? worker.state.cause : null,
  }));
}

/** With the last lines of each worker that failed. */
export function workerFailures(
  workers: readonly Worker[],
  failures: readonly Pick<WorkerFailure, 'worker' | 'cause'>[],
): readonly WorkerFailure[] {
  return failures.map(({ worker: id, cause }) => {
    const worker = workers.find((candidate) => candidate.id === id);
    return { worker: id, cause, lastLines: worker?.lastLines(LAST_LINES) ?? [] };
  });
}

/** Nothing moved for the whole progress deadline: the workers that still do not serve are to blame. */
export function stalledWorkers(
  current: readonly Worker[],
  { progressDeadline }: RolloutPolicy,
): readonly WorkerFailure[] {
  const waiting = current.filter(({ state }) => state.phase === 'starting');
  const failures = waiting.map(({ id, waitingFor }) => {
    return { worker: id, cause: { type: 'not-ready-in-time', timeout: progressDeadline, waitingFor } } as const;
  });
  return workerFailures(current, failures);
}

/** What a request answers that did not reach its target. */
export function rolloutFailure(
  { key: { app }, target }: ClusterDocument,
  { workers, restored }: GivenUp,
  serving: Serving,
): Failure {
  if (target.spec.kind === 'task') return { reason: 'task-failed', app, workers };
  return { reason: 'rollout-failed', app, workers, serving: serving.ready > 0 ? serving : null, restored };
}

export function observedApp(document: ClusterDocument, workers: readonly Worker[], aim: Target): ObservedApp {
  const { key, target, applied, appliedRevision, goal, manualChanges } = document;
  return {
    name: key.app,
    project: key.project,
    spec: target.spec,
    ...(equalJson(aim.spec, target.spec) ? {} : { towards: aim.spec }),
    applied,
    appliedRevision,
    goal,
    manualChanges,
    revision: target.revision,
    workers: [...workers]
      .sort((a, b) => a.instance - b.instance || a.generation - b.generation)
      .map((worker) => worker.observe(worker.generation === aim.generation)),
  };
}

export function servingOf(
  { target: { revision, spec } }: ClusterDocument,
  workers: readonly Pick<Worker, 'state' | 'unlimited'>[],
): Serving {
  const ready = workers.filter(({ state }) => state.phase === 'ready').length;
  const problem = workers.find(({ unlimited }) => unlimited !== null)?.unlimited ?? null;
  return { revision, ready, desired: spec.instances, ...(problem === null ? {} : { unlimited: problem }) };
}
