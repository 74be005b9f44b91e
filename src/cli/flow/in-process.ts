import type { ProjectName } from '../../domain/names.ts';
import type { Actor } from '../../domain/observed-state.ts';
import type { ClusterControl } from '../../execute/cluster-control.ts';
import type { Foreground } from '../../supervise/foreground.ts';

/** The supervisor in this process as the executor's port. */
export function inProcess(
  foreground: Pick<Foreground, 'perform'>,
  { project, by }: { readonly project: ProjectName; readonly by: Actor },
): ClusterControl {
  return {
    perform: ({ app, action }, { onProgress }) =>
      foreground.perform({ project, app, action, by, source: null }, (workers) => onProgress({ app, workers })),
  };
}
