import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import net, { type Server } from 'node:net';
import type { ControlLink } from './control-link.ts';
import type { ListeningServers } from './sockets.ts';

/**
 * On `drain`: every server stops listening, each further answer on a connection that is open says `Connection: close`, and
 * once the last connection is gone the daemon hears `drained`. Uses `net.Server.prototype.close` on purpose:
 * `http.Server.close` resets idle keep-alive connections (https://github.com/nodejs/node/issues/60617).
 */
export function installDraining(servers: ListeningServers, link: ControlLink): void {
  link.onMessage((message) => {
    if (message.type !== 'drain') return;
    const draining = [...servers];
    let open = draining.length;
    const closed = (): void => {
      open -= 1;
      if (open <= 0) link.send({ type: 'drained' });
    };
    if (open === 0) link.send({ type: 'drained' });
    endKeepAlive();
    for (const server of draining) {
      closeListener(server, closed);
      // Nobody serves after this worker: an idle connection has nothing to wait for.
      if (!message.handover) closeIdleConnections(server);
    }
  });
}

function endKeepAlive(): void {
  subscribe('http.server.request.start', (message) => {
    (message as { response: ServerResponse }).response.shouldKeepAlive = false;
  });
}

function closeListener(server: Server, closed: () => void): void {
  try {
    net.Server.prototype.close.call(server, closed);
  } catch {
    closed();
  }
}

function closeIdleConnections(server: Server): void {
  const { closeIdleConnections: close } = server as { closeIdleConnections?: () => void };
  close?.call(server);
}
