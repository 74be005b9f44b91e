import net from 'node:net';
import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { fstatSync, linkSync, statSync, unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { unreachable } from '../util/unreachable.ts';
import type { ReusePortSupport } from '../domain/app-spec.ts';
import type { SocketAddress } from '../domain/socket-address.ts';

/** A socket that this process holds so that others can accept on it; it never accepts itself. */
export interface HeldSocket {
  readonly fd: number;
  /** Equal for all duplicates of one socket, in whatever process they were made. */
  readonly identity: () => string;
  /** As `subprocess.send` takes it. */
  readonly handle: unknown;
  readonly close: () => void;
  /** Only this duplicate of it: whoever else has it goes on. */
  readonly drop: () => void;
  /** Of a unix path: whether it still leads here. */
  readonly reachable?: () => boolean;
}

/** What libuv's TCP, Pipe and UDP wraps have in common. Not documented; the same in Node 20 to 26. */
interface Handle {
  readonly fd: number;
  readonly close: () => void;
  readonly unref?: () => void;
  readonly getsockname?: (out: object) => number;
}
const { EADDRINUSE } = constants.errno;

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
  return usable(createHandle(address), address);
}

type TcpAddress = Extract<SocketAddress, { type: 'tcp' }>;

/**
 * One of several sockets of a port among which the kernel shares out new connections (SO_REUSEPORT, socket(7)). `first`:
 * there is no other yet; the port must then be free, for the system lets any program of this user into such a group.
 */
export function bindReusePort(address: TcpAddress, { first }: { readonly first: boolean }): HeldSocket | string {
  const alone = first ? bindSocket(address) : null;
  if (typeof alone === 'string') return alone;
  alone?.close();
  const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateServerHandle };
  return usable(createTcp(create, address, reusePortFlag()), address);
}

/** Looked for, not known: Node has it since 22.12, libuv knows which systems share out connections. */
export function reusePortSupport(): ReusePortSupport {
  if (reusePortFlag() === undefined) return 'needs-newer-node';
  const tried = bindReusePort({ type: 'tcp', host: '127.0.0.1', port: 0 }, { first: false });
  if (typeof tried === 'string') return 'not-on-this-system';
  tried.close();
  return 'supported';
}

/** libuv's UV_TCP_REUSEPORT; not documented. */
function reusePortFlag(): number | undefined {
  const { binding } = process as unknown as { readonly binding: (name: string) => TcpBinding };
  return binding.call(process, 'tcp_wrap').constants.UV_TCP_REUSEPORT;
}

interface TcpBinding {
  readonly constants: { readonly UV_TCP_REUSEPORT?: number };
}

function usable(handle: Handle | number, address: SocketAddress): HeldSocket | string {
  if (typeof handle === 'number') return getSystemErrorName(handle);
  // libuv reports a port that is taken only when the socket is used.
  const error = handle.getsockname?.({}) ?? 0;
  if (error !== 0) {
    handle.close();
    return getSystemErrorName(error);
  }
  return heldSocket(handle, address);
}

/** A handle that arrived over IPC. */
export function heldSocket(handle: unknown, address: SocketAddress): HeldSocket {
  const raw = handle as Handle;
  raw.unref?.();
  const drop = (): void => raw.close();
  const held = { fd: raw.fd, handle, identity: () => String(fstatSync(raw.fd).ino), drop };
  if (address.type !== 'path') return { ...held, close: drop };
  const { path } = address;
  const inode = inodeOf(path);
  const reachable = (): boolean => inode !== undefined && inodeOf(path) === inode;
  const close = (): void => {
    if (reachable()) unlinkSync(path);
    drop();
  };
  return { ...held, close, reachable };
}

/** A handle that arrived and that nobody wants: held any longer it would keep its port taken. */
export function dropHandle(handle: unknown): void {
  (handle as Partial<Handle> | null | undefined)?.close?.();
}

/** The 48 bytes that `tls.Server.setTicketKeys` takes, in base64. */
export function newTicketKeys(): string {
  return randomBytes(48).toString('base64');
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function createHandle(address: SocketAddress): Handle | number {
  const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateServerHandle };
  switch (address.type) {
    case 'tcp':
      return createTcp(create, address);
    case 'udp': {
      const { _createSocketHandle: createUdp } = dgram as unknown as { _createSocketHandle: CreateUdpHandle };
      return createUdp(address.host, address.port, `udp${address.family}`);
    }
    case 'path':
      return createPipe(create, address.path);
    default:
      return unreachable(address);
  }
}

/** As `server.listen(port)` does it: every IPv6 address, which on a dual stack is every address, else every IPv4 one. */
function createTcp(create: CreateServerHandle, { host, port }: TcpAddress, flags?: number): Handle | number {
  if (host !== null) return create(host, port, net.isIPv6(host) ? 6 : 4, undefined, flags);
  const dual = create('::', port, 6, undefined, flags);
  return typeof dual === 'number' ? create('0.0.0.0', port, 4, undefined, flags) : dual;
}

/** Binds to another name and links it: libuv removes the name that it bound, whoever owns the path by then. */
function createPipe(create: CreateServerHandle, path: string): Handle | number {
  if (path.startsWith('\0')) return create(path, -1, -1);
  const other = `${path}.eco`;
  const handle = create(other, -1, -1);
  if (typeof handle === 'number') return handle;
  try {
    linkSync(other, path);
    unlinkSync(other);
    return handle;
  } catch (error) {
    handle.close();
    return systemErrorNumber(error);
  }
}

/** A name that is there already is one that somebody listens on, as far as `listen` tells. */
function systemErrorNumber(error: unknown): number {
  const { code, errno } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' || errno === undefined ? -EADDRINUSE : errno;
}
