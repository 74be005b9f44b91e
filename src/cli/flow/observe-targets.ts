import type { DaemonClient } from '../../client/daemon-client.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { resolveTargets, type Target, type TargetOptions } from '../targets.ts';
import { observeIfAny } from './observe.ts';

export interface TargetWords {
  readonly targets: readonly string[];
  readonly project?: string;
}

export interface ObservedTargets {
  /** null if no daemon runs and none is needed: there are no apps. */
  readonly client: DaemonClient | null;
  readonly targets: readonly Target[];
}

/** What the words of a command mean on this machine now. */
export async function observeTargets(
  context: CliContext,
  { targets: words, project }: TargetWords,
  instances: TargetOptions['instances'] = 'refused',
): Promise<Result<ObservedTargets>> {
  const observation = await observeIfAny(context);
  if (!observation.ok) return observation;
  const { client, observed } = observation.value;
  const targets = resolveTargets(words, observed, { project: project ?? null, instances });
  return targets.ok ? ok({ client, targets: targets.value }) : targets;
}
