import type { Cluster } from './cluster.ts';
import type { RotatedFile } from './log-keeper.ts';
import { logFiles } from './worker-launch.ts';

/** Of the workers that there should be as well as of those that there are, which may still write to other files. */
export function rotatedFiles({ key, document, workers }: Cluster, home: string): readonly RotatedFile[] {
  const { spec } = document.target;
  const { logRotation: rotation } = spec;
  const wanted = Array.from({ length: spec.instances }, (_, instance) => ({ spec, instance }));
  return [...workers, ...wanted].flatMap(({ spec, instance }) => {
    const { outFile, errorFile, combinedFile } = logFiles(spec, { key, instance }, home);
    return [outFile, errorFile, combinedFile].flatMap((path) => (path === null ? [] : [{ path, rotation }]));
  });
}
