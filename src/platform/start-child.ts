import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * What `start` answers, which starts one child process at once; rejects with the reason of the system if it does not. Where
 * no descriptor is left Node makes a process without streams and tells why one turn later: execa trips over the first and
 * does not stay to hear the second, and an 'error' that nobody hears ends this process.
 */
export async function startChild<T extends object>(start: () => T): Promise<{ readonly child: T }> {
  let reason: unknown;
  const listen = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    child.on('error', (error) => {
      reason = error;
    });
  };
  subscribe('child_process', listen);
  try {
    // Wrapped, for what execa answers is a promise as well.
    return { child: start() };
  } catch (error) {
    await nextTurn();
    throw reason ?? error;
  } finally {
    unsubscribe('child_process', listen);
  }
}
