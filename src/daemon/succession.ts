import { seconds } from '../domain/time.ts';
import { daemonProcess } from '../platform/daemon-process.ts';
import { wait } from '../platform/clock.ts';
import { sendLocal } from '../platform/local-http.ts';
import { becomeOnlyInstance } from '../platform/single-instance.ts';
import type { DaemonInfo, ShutdownRequest } from '../protocol/control.ts';

/** How long a daemon that is replaced may finish what it began. */
const FINISH_WITHIN = seconds(60);
const POLL = 20;

/**
 * Takes the right to be the only daemon of the home. One that a service keeps running takes it from one that was started by hand,
 * which would otherwise keep the service from its work. False: another daemon stays.
 */
export async function succeed(home: string, socketPath: string): Promise<boolean> {
  for (;;) {
    if (await becomeOnlyInstance(home, socketPath)) return true;
    if (daemonProcess.service === null) return false;
    const other = await otherDaemon(socketPath);
    if (other?.service) {
      daemonProcess.log(`${home} is kept by ${other.service} already, pid ${other.pid}`);
      return false;
    }
    if (other !== null) await endOther(socketPath);
    await wait(POLL);
  }
}

/** null if it does not answer: it is about to begin, or to end. */
async function otherDaemon(socketPath: string): Promise<DaemonInfo | null> {
  try {
    const response = await sendLocal({ socketPath, method: 'GET', path: '/v1/info' });
    return JSON.parse(await response.text()) as DaemonInfo;
  } catch {
    return null;
  }
}

async function endOther(socketPath: string): Promise<void> {
  const body: ShutdownRequest = { apps: false, finishWithin: FINISH_WITHIN };
  try {
    const response = await sendLocal({ socketPath, method: 'POST', path: '/v1/shutdown', body });
    await response.text();
  } catch {
    // It ended before it could answer.
  }
}
