import { ok } from '../domain/result.ts';
import type { Source } from '../domain/history.ts';
import type { LockId } from '../domain/lock.ts';
import type { ProjectName } from '../domain/names.ts';
import type { Actor } from '../domain/observed-state.ts';
import type { Action } from '../domain/plan.ts';
import type { CodeManifest } from '../domain/revision.ts';
import type { ClusterControl } from '../execute/cluster-control.ts';
import type { StepRequest } from '../protocol/control.ts';
import type { DaemonClient } from './daemon-client.ts';

export interface StepControlOptions {
  readonly project: ProjectName;
  readonly by: Actor;
  readonly asked: StepRequest['asked'];
  readonly lock: LockId;
  readonly source: Source | null;
  /** False: a step that fails is not rolled back, whatever its spec says. */
  readonly rollback: boolean;
  /** By digest. */
  readonly manifests: Readonly<Record<string, CodeManifest>>;
}

/** The daemon as the executor's port: one request a step. */
export function clusterControl(client: DaemonClient, options: StepControlOptions): ClusterControl {
  const { project, by, asked, lock, source, manifests } = options;
  const rollback = options.rollback ? {} : ({ rollback: 'off' } as const);
  return {
    perform: async ({ app, action }, { onProgress, signal }) => {
      const manifest = manifestOf(action, manifests);
      const outcome = await client.step(
        { project, app, action, by, asked, lock, manifest, source, ...rollback },
        { signal, onProgress: ({ workers }) => onProgress({ app, workers }) },
      );
      return outcome.ok ? ok(outcome.value) : outcome;
    },
  };
}

function manifestOf(action: Action, manifests: StepControlOptions['manifests']): CodeManifest | null {
  if (!('spec' in action) || action.spec.code.type !== 'auto') return null;
  return manifests[action.spec.code.digest] ?? null;
}
