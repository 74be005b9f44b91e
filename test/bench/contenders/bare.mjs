import { join } from 'node:path';
import { ENVIRONMENT, childrenOf, start } from '../lib/processes.mjs';

/** `apps/cluster.cjs` (`node:cluster`) or `apps/shared.cjs` (bare workers on one socket), serving on `port`, apart from the client's session. */
export function startBare(script, { name, folder, port, instances }) {
  const env = { ...ENVIRONMENT, PORT: String(port), INSTANCES: String(instances) };
  const { pid, stop } = start(process.execPath, [join(folder, 'apps', script)], { env, detached: true });
  return { name, port, stop, primaryPid: async () => pid, workerPids: async () => childrenOf(pid) };
}

/** `node server.cjs`, by itself. */
export function startPlain({ folder, port }) {
  return start(process.execPath, [join(folder, 'apps', 'server.cjs')], { env: { ...ENVIRONMENT, PORT: String(port) } });
}
