/**
 * Runs in the user's worker before its first line (`node --require preload.cjs app.js`). The worker must behave as under
 * plain node: this file and its neighbours write nothing, keep no handle that holds the event loop, leave no global
 * behind, and swallow their own errors rather than break an app.
 */
import { isMainThread } from 'node:worker_threads';
import { installClusterMode } from './cluster-mode.ts';
import { openControlLink } from './control-link.ts';
import { installDraining } from './drain.ts';
import { installIpc } from './ipc.ts';
import { installProbeAnswers } from './probe-answers.ts';
import { installSockets } from './sockets.ts';
import type { PRELOAD_VARIABLE, PreloadOrders } from '../protocol/worker.ts';

const VARIABLE: typeof PRELOAD_VARIABLE = 'ECO_PRELOAD';

hideFromExecArgv();
const orders = isMainThread ? takeOrders() : undefined;
if (orders !== undefined) {
  try {
    install(orders);
  } catch {
    // Without the preload the app still runs; the daemon sees that nothing registered and shows it as unmanaged.
  }
}

function install(orders: PreloadOrders): void {
  const link = openControlLink(orders);
  const ipc = installIpc(link);
  const servers = installSockets(orders, link, ipc);
  if (orders.execMode === 'cluster') installClusterMode(orders, ipc);
  installDraining(servers, link);
  installProbeAnswers(servers, link);
  reportSignals(link.send);
  process.on('exit', (code) => link.sendNow({ type: 'exiting', code }));
  setImmediate(() => link.send({ type: 'turned' })).unref();
}

/** Deleted at once, so that neither the app nor its children take them for their own. */
function takeOrders(): PreloadOrders | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined) return undefined;
  delete process.env[VARIABLE];
  try {
    return JSON.parse(text) as PreloadOrders;
  } catch {
    return undefined;
  }
}

/** `child_process.fork` passes execArgv on; children of the app are not ours. Threads are handed an array of their own. */
function hideFromExecArgv(): void {
  const at = process.execArgv.findIndex((arg, i) => arg === '--require' && process.execArgv[i + 1] === __filename);
  if (at >= 0) process.execArgv.splice(at, 2);
}

/** Lets the daemon choose SIGINT for an app that handles only that one. */
function reportSignals(
  send: (message: { readonly type: 'signals'; readonly handled: readonly string[] }) => void,
): void {
  const watched = ['SIGTERM', 'SIGINT'];
  let pending = false;
  const report = (event: string | symbol): void => {
    if (pending || typeof event !== 'string' || !watched.includes(event)) return;
    pending = true;
    setImmediate(() => {
      pending = false;
      send({ type: 'signals', handled: watched.filter((signal) => process.listenerCount(signal) > 0) });
    }).unref();
  };
  process.on('newListener', report);
  process.on('removeListener', report);
}
