import type { DaemonClient } from '../../client/daemon-client.ts';
import type { AppHistory } from '../../domain/history.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { resolveTargets } from '../targets.ts';
import { observeIfAny } from './observe.ts';

export interface AppHistoryOptions {
  /** Names exactly one app. */
  readonly target: string;
  readonly project?: string;
}

export interface FoundHistory {
  readonly client: DaemonClient;
  readonly app: ObservedApp;
  readonly history: AppHistory;
}

/** One app with its history, as `history` and `rollback` start from. */
export async function findHistory(context: CliContext, options: AppHistoryOptions): Promise<Result<FoundHistory>> {
  const observation = await observeIfAny(context);
  if (!observation.ok) return observation;
  const { client, observed } = observation.value;
  const targets = resolveTargets([options.target], observed, {
    project: options.project ?? null,
    instances: 'refused',
  });
  if (!targets.ok) return targets;
  const [target, ...others] = targets.value;
  // A pattern or a namespace that happens to mean one app is as good as its name.
  if (client === null || target === undefined || others.length > 0) {
    return err({ reason: 'no-such-app', target: options.target, didYouMean: null });
  }
  const { app } = target;
  const history = await client.history({ project: app.project, app: app.name });
  return history.ok ? ok({ client, app, history: history.value }) : history;
}
