import type { ObservedState } from '../../domain/observed-state.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { LogTargetQuery } from '../../protocol/control.ts';
import { resolveTargets } from '../targets.ts';

/** Whose logs the words of a command mean; without any word, those of all apps. */
export function logTargets(
  observed: ObservedState,
  { targets, project }: { readonly targets: readonly string[]; readonly project?: string },
): Result<readonly LogTargetQuery[]> {
  const words = targets.length === 0 ? ['all'] : targets;
  const resolved = resolveTargets(words, observed, { project: project ?? null, instances: 'allowed' });
  if (!resolved.ok) return err(resolved.error);
  return ok(resolved.value.map(({ app, instance }) => ({ project: app.project, app: app.name, instance })));
}
