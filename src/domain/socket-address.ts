import { unreachable } from '../util/unreachable.ts';

/** Where a server listens, or asked to. A null host is "every address", as in `server.listen(port)`. */
export type SocketAddress =
  | { readonly type: 'tcp'; readonly host: string | null; readonly port: number }
  | { readonly type: 'udp'; readonly host: string | null; readonly port: number; readonly family: 4 | 6 }
  | { readonly type: 'path'; readonly path: string };

/** Equal texts name equal addresses. */
export function formatSocketAddress(address: SocketAddress): string {
  switch (address.type) {
    case 'tcp':
      return `${formatHost(address.host)}:${address.port}`;
    case 'udp':
      return `udp${address.family} ${formatHost(address.host)}:${address.port}`;
    case 'path':
      return address.path;
    default:
      return unreachable(address);
  }
}

function formatHost(host: string | null): string {
  if (host === null || host === '' || host === '::') return '*';
  return host.includes(':') ? `[${host}]` : host;
}
