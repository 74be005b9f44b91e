import type { AppSpec } from '../domain/app-spec.ts';
import type { AppName } from '../domain/names.ts';

/** Apps that get new processes and why, with those that want new ones together with them. */
export function withDependents(
  restarted: ReadonlyMap<AppName, string>,
  wanted: readonly Pick<AppSpec, 'name' | 'restartWith'>[],
): ReadonlyMap<AppName, string> {
  const causes = new Map(restarted);
  // A map goes on to what is added to it meanwhile.
  for (const [app] of causes) {
    for (const { name, restartWith } of wanted)
      if (restartWith.includes(app) && !causes.has(name)) causes.set(name, `together with ${app}`);
  }
  return causes;
}
