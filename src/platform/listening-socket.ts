import net from 'node:net';
import dgram from 'node:dgram';
import { getSystemErrorName } from 'node:util';
import { unreachable } from '../util/unreachable.ts';
import type { SocketAddress } from '../domain/socket-address.ts';

/** A socket that this process holds so that others can accept on it; it never accepts itself. */
export interface HeldSocket {
  readonly fd: number;
  /** As `subprocess.send` takes it. */
  readonly handle: unknown;
  readonly close: () => void;
}

/** What libuv's TCP, Pipe and UDP wraps have in common. Not documented; the same in Node 20 to 26. */
interface Handle {
  readonly fd: number;
  readonly close: () => void;
  readonly unref?: () => void;
  readonly getsockname?: (out: object) => number;
}
type CreateServerHandle = (
  address: string | null,
  port: number,
  type: number,
  fd?: number,
  flags?: number,
) => Handle | number;
type CreateUdpHandle = (
  address: string | null,
  port: number,
  type: string,
  fd?: number,
  flags?: number,
) => Handle | number;

/** Binds without listening: the worker that gets the socket listens. Answers the error's name, such as EADDRINUSE. */
export function bindSocket(address: SocketAddress): HeldSocket | string {
  const handle = createHandle(address);
  if (typeof handle === 'number') return getSystemErrorName(handle);
  // libuv reports a port that is taken only when the socket is used.
  const error = handle.getsockname?.({}) ?? 0;
  if (error !== 0) {
    handle.close();
    return getSystemErrorName(error);
  }
  return heldSocket(handle);
}

/** A handle that arrived over IPC. */
export function heldSocket(handle: unknown): HeldSocket {
  const raw = handle as Handle;
  raw.unref?.();
  return { fd: raw.fd, handle, close: () => raw.close() };
}

function createHandle(address: SocketAddress): Handle | number {
  const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateServerHandle };
  switch (address.type) {
    case 'tcp':
      return createTcp(create, address.host, address.port);
    case 'udp': {
      const { _createSocketHandle: createUdp } = dgram as unknown as { _createSocketHandle: CreateUdpHandle };
      return createUdp(address.host, address.port, `udp${address.family}`);
    }
    case 'path':
      return create(address.path, -1, -1);
    default:
      return unreachable(address);
  }
}

/** As `server.listen(port)` does it: every IPv6 address, which on a dual stack is every address, else every IPv4 one. */
function createTcp(create: CreateServerHandle, host: string | null, port: number): Handle | number {
  if (host !== null) return create(host, port, net.isIPv6(host) ? 6 : 4);
  const dual = create('::', port, 6);
  return typeof dual === 'number' ? create('0.0.0.0', port, 4) : dual;
}
