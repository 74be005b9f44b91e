import { appId } from '../domain/names.ts';
import type { Cluster } from './cluster.ts';
import { dependentsOf, type Standing } from './start-order.ts';

export function standingOf({ key, document, workers }: Cluster): Standing {
  const { target, goal } = document;
  return { key, spec: target.spec, goal, phases: workers.map(({ state }) => state.phase) };
}

/** Each once the apps that depend on it have stopped. */
export async function stopInOrder(clusters: readonly Cluster[]): Promise<void> {
  const standings = clusters.map(standingOf);
  const stops = new Map<string, Promise<void>>();
  const stop = (app: Standing): Promise<void> => {
    const id = appId(app.key);
    const begun = stops.get(id);
    if (begun !== undefined) return begun;
    // Noted first: a circle of dependencies must end somewhere.
    stops.set(id, Promise.resolve());
    const dependents = Promise.all(dependentsOf(app, standings).map(stop));
    const stopped = dependents.then(() => clusters.find(({ key }) => appId(key) === id)?.stop());
    stops.set(id, stopped);
    return stopped;
  };
  await Promise.all(standings.map(stop));
}
