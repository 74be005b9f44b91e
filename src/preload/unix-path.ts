import { linkSync, statSync, unlinkSync } from 'node:fs';
import net, { type Server } from 'node:net';

/** Of libuv's Pipe; not documented, the same in Node 20 to 26. */
type CreateHandle = (path: string, port: -1, addressType: -1) => { readonly close: () => void } | number;

/** What fits into `sockaddr_un`. */
const LONGEST_PATH = 107;

/**
 * Gives a server that is about to listen on a path a socket that does not take the path away when it closes: libuv removes
 * the name that a socket was *bound* to, so it is bound to another one and then linked to the path. A successor can go on
 * with the same socket under the same path. False: the app must bind by itself.
 */
export function bindToPath(server: Server, path: string): boolean {
  const other = `${path}.${process.pid}`;
  if (Buffer.byteLength(other) > LONGEST_PATH) return false;
  const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateHandle };
  const handle = create(other, -1, -1);
  if (typeof handle === 'number') return false;
  try {
    linkSync(other, path);
    // A server that has a handle listens on that one.
    (server as unknown as { _handle: unknown })._handle = handle;
    unlinkSync(other);
    return true;
  } catch {
    handle.close();
    return false;
  }
}

/** For `server.address()`: a server on an inherited descriptor does not know its path. */
export function namePath(server: Server, path: string): void {
  (server as unknown as { _pipeName: string })._pipeName = path;
}

/** Whether something is there: many programs remove the path before they listen on it. */
export function pathExists(path: string): boolean {
  return inodeOf(path) !== undefined;
}

interface PathOfServer {
  readonly path: string;
  readonly inode: number | undefined;
}

const paths = new WeakMap<Server, PathOfServer>();

/** Remembers which socket is behind the path, so that nobody else's is ever removed. */
export function ownPath(server: Server, path: string): void {
  paths.set(server, { path, inode: inodeOf(path) });
}

/** A successor serves it. */
export function leavePath(server: Server): void {
  paths.delete(server);
}

/** As `server.close()` does under plain node. */
export function removePath(server: Server): void {
  const own = paths.get(server);
  paths.delete(server);
  if (own === undefined || own.inode === undefined || inodeOf(own.path) !== own.inode) return;
  try {
    unlinkSync(own.path);
  } catch {
    // Somebody else removed it.
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
