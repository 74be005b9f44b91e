import { rollingPolicy } from '../domain/policies.ts';
import type { ClusterDocument, Target } from './cluster-document.ts';
import { expectedSockets } from './expected-sockets.ts';
import { Worker } from './worker.ts';
import type { WorkerOptions } from './worker-options.ts';

export interface ClusterWorkerOptions extends Pick<WorkerOptions, 'ports' | 'nextStartNumber' | 'onChange'> {
  readonly document: ClusterDocument;
}

/** A worker of that app, for that target. */
export function clusterWorker(
  { spec, revision, generation }: Target,
  place: Pick<WorkerOptions, 'instance' | 'predecessor'>,
  { document, ...options }: ClusterWorkerOptions,
): Worker {
  return new Worker({
    ...options,
    ...place,
    key: document.key,
    generation,
    revision,
    spec,
    minReady: rollingPolicy(spec).minReady,
    expected: expectedSockets(document, spec, place.instance),
  });
}
