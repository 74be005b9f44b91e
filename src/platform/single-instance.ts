import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { listProcesses } from './process-table.ts';

/** Bytes of an abstract name behind its null byte: `sun_path` has 108 (unix(7)). */
const LONGEST_NAME = 107;
/** How many names other users would have to take before only the socket tells whether a daemon is there. */
const NAMES = 8;

/**
 * Takes the right to be the only daemon of `home`; false if another process has it. It ends with this process, however
 * that ends: on Linux it is a name in the abstract socket namespace, which the kernel gives to one process at a time
 * (unix(7)), and which anybody can take: one that is not with a process of this user is passed over. Elsewhere it rests on
 * whether somebody answers at `socketPath`.
 */
export async function becomeOnlyInstance(home: string, socketPath: string): Promise<boolean> {
  if (process.platform === 'linux' && !(await takeOneOf(instanceNames(home)))) return false;
  return !(await answers(socketPath));
}

/** Without the leading null byte. As long as a name can be: Node 20 fills shorter ones with null bytes, later lines do not. */
export function instanceNames(home: string): readonly string[] {
  const digest = createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 32);
  const name = `eco-${process.getuid?.() ?? 0}-${digest}-`;
  return Array.from({ length: NAMES }, (_, index) => `${name}${index}`.padEnd(LONGEST_NAME, '-'));
}

/** False if a process of this user has the first that is not with somebody else. */
async function takeOneOf(names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    if (await take(name)) return true;
    if (!isWithStranger(name)) return false;
  }
  return true;
}

/** Its holder is a process of another user, or one that cannot be seen, as in another container with the same network. */
function isWithStranger(name: string): boolean {
  const inode = inodeOf(name);
  return inode !== null && !listProcesses().some(({ pid }) => isOwn(pid) && hasOpen(pid, `socket:[${inode}]`));
}

/** As proc_pid_net(5) lists it; null if nobody has it any more, or that cannot be seen. */
function inodeOf(name: string): string | null {
  const table = orGone(() => readFileSync('/proc/net/unix', 'latin1')) ?? '';
  const line = table.split('\n').find((entry) => entry.endsWith(` @${name}`));
  return line?.split(/\s+/)[6] ?? null;
}

function isOwn(pid: number): boolean {
  return orGone(() => statSync(`/proc/${pid}`))?.uid === process.getuid?.();
}

function hasOpen(pid: number, target: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return (orGone(() => readdirSync(folder)) ?? []).some(
    (fd) => orGone(() => readlinkSync(`${folder}/${fd}`)) === target,
  );
}

/** null if what is to be read is not there any more, or not for this process. */
function orGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Whether a process accepts connections at the path. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function take(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const holder = createServer((socket) => socket.destroy());
    holder.once('error', () => resolve(false));
    holder.listen(`\0${name}`, () => {
      holder.unref();
      resolve(true);
    });
  });
}
