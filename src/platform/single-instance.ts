import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/**
 * Takes the right to be the only daemon of `home`; false if another process has it. It ends with this process, however
 * that ends: on Linux it is a name in the abstract socket namespace, which the kernel gives to one process at a time
 * (unix(7)). Elsewhere it rests on whether somebody answers at `socketPath`.
 */
export async function becomeOnlyInstance(home: string, socketPath: string): Promise<boolean> {
  if (process.platform === 'linux' && !(await takeName(nameOf(home)))) return false;
  return !(await answers(socketPath));
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

function nameOf(home: string): string {
  const digest = createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 32);
  return `\0eco-${process.getuid?.() ?? 0}-${digest}`;
}

function takeName(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const holder = createServer((socket) => socket.destroy());
    holder.once('error', () => resolve(false));
    holder.listen(name, () => {
      holder.unref();
      resolve(true);
    });
  });
}
