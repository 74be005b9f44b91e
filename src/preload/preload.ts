/**
 * Runs in the user's worker before its first line (`node --require preload.cjs app.js`). The worker must behave as under
 * plain node: this file and its neighbours write nothing, keep no handle that holds the event loop, leave no global
 * behind, and swallow their own errors rather than break an app.
 */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { askForSocket } from './ask-for-socket.ts';
import { installClusterMode } from './cluster-mode.ts';
import { controlLink, type ControlLink } from './control-link.ts';
import { installDraining } from './drain.ts';
import { deliverMessages, installIpc, NO_IPC } from './ipc.ts';
import { installLentSlots } from './lent-slots.ts';
import { installProbeAnswers } from './probe-answers.ts';
import { once } from './once.ts';
import { reportRest } from './rest.ts';
import { installSockets } from './sockets.ts';
import { installStamps } from './stamps.ts';
import { installStats } from './stats.ts';
import type { ExitRecord, PRELOAD_VARIABLE, PreloadOrders } from '../protocol/worker.ts';

const VARIABLE: typeof PRELOAD_VARIABLE = 'ECO_PRELOAD';

hideFromExecArgv();
const orders = isMainThread && isNode() ? takeOrders() : undefined;
if (orders !== undefined) {
  try {
    install(orders);
  } catch {
    // Without the preload the app still runs; the daemon sees that nothing registered and shows it as unmanaged.
  }
}

function install(orders: PreloadOrders): void {
  const link = controlLink(orders);
  deliverMessages(link);
  if (orders.role === 'worker') installInWorker(orders, link);
  else installBelowWrapper(orders, link);
  reportSignals(link.send);
  setImmediate(() => link.send({ type: 'turned' })).unref();
}

function installInWorker(orders: PreloadOrders, link: ControlLink): void {
  if (orders.logs !== null && orders.logs !== undefined) installStamps(orders.logs);
  link.open();
  const ipc = installIpc(link);
  const servers = installSockets(orders, link, ipc);
  if (orders.execMode === 'cluster') installClusterMode(orders, ipc);
  if (orders.balance === 'reuseport') askForSocket(ipc);
  installLentSlots(orders, servers, link);
  installDraining(servers, link);
  installProbeAnswers(servers, link);
  installStats(link);
  reportRest(link.send, orders);
  process.on('exit', (code) => noteExit(orders.exitRecord, code));
}

/** This may be the package runner, a compiler or the app: who listens is the app. Its exit code is the wrapper's affair. */
function installBelowWrapper(orders: PreloadOrders, link: ControlLink): void {
  const servers = installSockets(orders, link, NO_IPC);
  const begin = once(() => installStats(link));
  servers.onListening(() => {
    link.open();
    begin();
    // Those that it starts from here on serve it, not the daemon.
    delete process.env[VARIABLE];
  });
  installDraining(servers, link);
  installProbeAnswers(servers, link);
}

/** Where the orders are for this process alone they are deleted at once: neither the app nor its children shall see them. */
function takeOrders(): PreloadOrders | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined) return undefined;
  try {
    const orders = JSON.parse(text) as PreloadOrders;
    if (orders.role === 'worker') delete process.env[VARIABLE];
    return orders;
  } catch {
    return undefined;
  }
}

/** Other runtimes that take Node's options have another way of listening. */
function isNode(): boolean {
  return process.versions['deno'] === undefined && process.versions['bun'] === undefined;
}

/** `child_process.fork` passes execArgv on; children of the app are not ours. Threads are handed an array of their own. */
function hideFromExecArgv(): void {
  const at = process.execArgv.findIndex((arg, i) => arg === '--require' && process.execArgv[i + 1] === __filename);
  if (at >= 0) process.execArgv.splice(at, 2);
}

/** For a daemon whose child this is not, or that is not there yet. */
function noteExit(path: string, code: number): void {
  try {
    const record: ExitRecord = { code };
    writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
  } catch {
    // The daemon will not know the code, and says so.
  }
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
