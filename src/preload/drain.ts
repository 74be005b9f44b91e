import net, { type Server } from 'node:net';
import type { ControlLink } from './control-link.ts';
import { closeIdle, closeAfterAnswers, closeAfterAnswersInFlight } from './drain-http1.ts';
import { followSessions, type Sessions } from './drain-http2.ts';
import { followUpgrades, type Upgrades } from './drain-upgraded.ts';
import { installHold } from './hold.ts';
import type { ListeningServers } from './sockets.ts';
import { leavePath, removePath } from './unix-path.ts';
import type { DaemonMessage } from '../protocol/worker.ts';

type Order = Extract<DaemonMessage, { type: 'drain' }>;

interface Followed {
  readonly sessions: Sessions;
  readonly upgrades: Upgrades;
}

/**
 * On `drain`: no server accepts any more, each connection that is open ends with its next answer, and once the last one
 * is gone the daemon hears `drained`. What each protocol needs for that is in `drain-http1`, `drain-http2` and
 * `drain-upgraded`. Connections of any other protocol are the app's own business until its stop signal.
 */
export function installDraining(servers: ListeningServers, link: ControlLink): void {
  const followed = new Map<Server, Followed>();
  let drain: Drain | undefined;
  const hold = installHold(link);
  servers.onListening((server) => {
    followed.set(server, { sessions: followSessions(server), upgrades: followUpgrades(server) });
    server.once('close', () => followed.delete(server));
    // Later than the app's own 'listening' event, which a closed server does not emit.
    if (drain !== undefined) setImmediate(() => drainServer(server, followed.get(server), drain)).unref();
  });
  link.onMessage((message) => {
    if (message.type !== 'drain' || drain !== undefined) return;
    drain = { order: message, open: 0, drained: () => afterCloseEvents(() => link.send({ type: 'drained' })) };
    hold(message.within);
    closeAfterAnswers();
    for (const [server, of] of followed) drainServer(server, of, drain);
    if (drain.open === 0) drain.drained();
  });
}

interface Drain {
  readonly order: Order;
  /** Servers that still have a connection. */
  open: number;
  readonly drained: () => void;
}

function drainServer(server: Server, followed: Followed | undefined, drain: Drain | undefined): void {
  if (followed === undefined || drain === undefined) return;
  const { order } = drain;
  drain.open += 1;
  if (order.handover) leavePath(server);
  else removePath(server);
  closeListener(server, () => {
    drain.open -= 1;
    if (drain.open === 0) drain.drained();
  });
  closeAfterAnswersInFlight(server);
  followed.sessions.end(order);
  followed.upgrades.end(order);
  // Nobody serves after this worker: an idle connection has nothing to wait for.
  if (!order.handover) closeIdle(server);
  setTimeout(() => {
    closeIdle(server);
    followed.upgrades.destroy();
  }, order.within).unref();
}

/**
 * A server counts a connection as gone before the app hears of it: 'close' events come at the end of a turn of the event loop,
 * after the immediates. The answer to 'drained' is a signal, which may end the process at once.
 */
function afterCloseEvents(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}

/** Not `http.Server.close`, which resets idle keep-alive connections (https://github.com/nodejs/node/issues/60617). */
function closeListener(server: Server, closed: () => void): void {
  try {
    net.Server.prototype.close.call(server, closed);
  } catch {
    closed();
  }
}
