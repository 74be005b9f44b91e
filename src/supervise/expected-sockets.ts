import { preloadWay, type AppSpec } from '../domain/app-spec.ts';
import { equalJson } from '../util/compare.ts';
import type { ClusterDocument } from './cluster-document.ts';
import type { ExpectedSockets } from './readiness.ts';

/** What a new worker of that spec must listen on before it counts as ready, from what the app's workers listened on so far. */
export function expectedSockets(
  { sockets, target }: Pick<ClusterDocument, 'sockets' | 'target'>,
  spec: AppSpec,
  instance: number,
): ExpectedSockets {
  const ofInstance = sockets[instance];
  const anyListened = Object.values(sockets).some((addresses) => addresses.length > 0);
  // Whether another program would ever tell that it listens is not known before it does.
  const silent = preloadWay(spec) !== 'argument' && !isSameProgram(spec, target.spec);
  if (!anyListened || silent) return { type: 'unknown' };
  if (ofInstance === undefined || !differsOnlyInCode(spec, target.spec)) return { type: 'any' };
  return ofInstance.length > 0 ? { type: 'all', addresses: ofInstance } : { type: 'unknown' };
}

function isSameProgram(a: AppSpec, b: AppSpec): boolean {
  const [one, other] = [a, b].map((spec) => {
    const { interpreter, interpreterArgs, script, args } = spec;
    return { way: preloadWay(spec), interpreter, interpreterArgs, script, args };
  });
  return equalJson(one, other);
}

/** Anything else may have moved a port. */
function differsOnlyInCode(a: AppSpec, b: AppSpec): boolean {
  return equalJson({ ...a, code: null, instances: null }, { ...b, code: null, instances: null });
}
