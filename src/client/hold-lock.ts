import type { ProjectLock } from '../domain/lock.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { sharedAbortController } from '../platform/abort.ts';
import { wait } from '../platform/clock.ts';
import type { LockMessage, LockRequest } from '../protocol/control.ts';
import type { DaemonClient } from './daemon-client.ts';
import { askInTurn } from './next-daemon.ts';

export interface HeldLock {
  readonly lock: ProjectLock;
  /** Resolved once others can take it. */
  readonly release: () => Promise<void>;
}

type LockClient = Pick<DaemonClient, 'lock' | 'unlock' | 'info'>;

/** A daemon that is about to end may grant a lock once more. */
const PAUSE = 25;

interface Connection {
  readonly lock: ProjectLock;
  /** What comes after the grant. */
  readonly messages: AsyncIterator<Result<LockMessage>>;
}

/**
 * Takes a lock that lasts until it is released or this process ends. Where another daemon takes the place of the one that granted
 * it, it is asked for again under the same id; meanwhile the daemon keeps it for this process.
 */
export async function holdLock(client: LockClient, request: LockRequest): Promise<Result<HeldLock>> {
  const stop = sharedAbortController();
  const connected = await connect(client, request, stop.signal);
  if (!connected.ok) return connected;
  const kept = keep(connected.value, () => connect(client, request, stop.signal), stop.signal);
  const release = async (): Promise<void> => {
    stop.abort();
    // Of a daemon that is gone the next one finds that this process has ended.
    await client.unlock({ id: request.id, by: null });
    await kept;
  };
  return ok({ lock: connected.value.lock, release });
}

/** Takes a lock that lasts until somebody unlocks it. */
export async function takeLock(client: LockClient, request: LockRequest): Promise<Result<ProjectLock>> {
  const stop = sharedAbortController();
  const connected = await connect(client, request, stop.signal);
  stop.abort();
  return connected.ok ? ok(connected.value.lock) : connected;
}

function connect(client: LockClient, request: LockRequest, signal: AbortSignal): Promise<Result<Connection>> {
  const ask = async (): Promise<Result<Connection>> => {
    const messages = client.lock(request, signal)[Symbol.asyncIterator]();
    const first = await messages.next();
    const message = first.done === true ? null : first.value;
    if (message?.ok === false) return message;
    if (message?.value.type === 'granted') return ok({ lock: message.value.lock, messages });
    return err({ reason: 'lock-lost', project: request.project, id: request.id });
  };
  return askInTurn(ask, { info: client.info, signal });
}

/** Until the lock is not wanted any more, or is somebody else's: then the next step is refused, and says so. */
async function keep(
  first: Connection,
  connectAgain: () => Promise<Result<Connection>>,
  signal: AbortSignal,
): Promise<void> {
  let connection = first;
  while (!(await isLost(connection)) && !signal.aborted) {
    await wait(PAUSE);
    const next = await connectAgain();
    if (!next.ok) return;
    connection = next.value;
  }
}

/** Follows a connection to its end. */
async function isLost({ messages }: Connection): Promise<boolean> {
  for (;;) {
    const { done, value } = await messages.next();
    if (done === true) return false;
    if (value.ok && value.value.type === 'lost') return true;
  }
}
