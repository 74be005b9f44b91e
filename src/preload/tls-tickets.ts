import type { Server } from 'node:net';

interface SecureServer {
  readonly setTicketKeys: (keys: Buffer) => void;
  /** Set if the app chose its own. */
  readonly ticketKeys?: unknown;
}

/** A client resumes its TLS session with any worker of the app, for they all seal tickets with the same keys. */
export function shareTicketKeys(server: Server, keys: string): void {
  if (isSecure(server) && server.ticketKeys === undefined) server.setTicketKeys(Buffer.from(keys, 'base64'));
}

function isSecure(server: object): server is SecureServer {
  return 'setTicketKeys' in server && typeof server.setTicketKeys === 'function';
}
