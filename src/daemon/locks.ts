import type { Failure } from '../domain/failure.ts';
import type { LockHolder, LockId, ProjectLock } from '../domain/lock.ts';
import type { ProjectName } from '../domain/names.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds } from '../domain/time.ts';
import type { Clock } from '../platform/clock.ts';
import type { LockMessage, LockRequest } from '../protocol/control.ts';

export interface LockPorts {
  readonly save: (lock: ProjectLock) => void;
  readonly remove: (project: ProjectName) => void;
  readonly fate: (holder: LockHolder) => HolderFate;
  readonly clock: Pick<Clock, 'now' | 'wallTime'>;
}

/** `unknown`: its process is on another machine or in another container. */
export type HolderFate = 'alive' | 'dead' | 'unknown';

/** The connection over which a command holds its lock: it ends with the command, however that ends. */
export interface LockConnection {
  readonly send: (message: LockMessage) => void;
  readonly signal: AbortSignal;
}

interface Entry {
  readonly lock: ProjectLock;
  /** Ends the connection from this side; null where there is none. */
  end: ((message: LockMessage | null) => void) | null;
}

/** How long a holder that nobody can look for may take to come back from an earlier daemon. */
const RETURN_WITHIN = seconds(15);

/**
 * One lock per project. Of a lock that a command holds, the end of its connection is the end; where an earlier daemon granted it,
 * the command has no connection yet, and its process tells. A dead holder has no lock, whatever else is known of it.
 */
export class Locks {
  readonly #ports: LockPorts;
  readonly #entries = new Map<ProjectName, Entry>();
  readonly #returnBy: number;
  #closed = false;

  /** `known`: what an earlier daemon left behind. */
  constructor(known: readonly ProjectLock[], ports: LockPorts) {
    this.#ports = ports;
    this.#returnBy = ports.clock.now() + RETURN_WITHIN;
    for (const lock of known) this.#entries.set(lock.project, { lock, end: null });
  }

  /** Also answers the lock to who has it already. */
  take({ id, project, holder, message }: LockRequest): Result<ProjectLock> {
    const held = this.#living(project);
    if (held !== null && held.lock.id !== id) return err({ reason: 'lock-held', lock: held.lock });
    if (held !== null) return ok(held.lock);
    const lock = { id, project, holder, message, since: this.#ports.clock.wallTime() };
    this.#entries.set(project, { lock, end: null });
    this.#ports.save(lock);
    return ok(lock);
  }

  /** Resolved once the lock is over, or this daemon is. */
  async hold(lock: ProjectLock, { send, signal }: LockConnection): Promise<void> {
    const entry = this.#entries.get(lock.project);
    if (entry?.lock.id !== lock.id) return;
    send({ type: 'granted', lock });
    if (lock.message !== null) return;
    if (signal.aborted) return this.#closed ? undefined : this.#remove(entry);
    // A connection that is not the latest one any more says nothing about the command.
    entry.end?.(null);
    await new Promise<void>((resolve) => {
      const end = (message: LockMessage | null): void => {
        if (message !== null) send(message);
        resolve();
      };
      entry.end = end;
      signal.addEventListener(
        'abort',
        () => {
          resolve();
          if (entry.end === end && !this.#closed) this.#remove(entry);
        },
        { once: true },
      );
    });
  }

  /** Whoever holds it: a command that goes on is refused its next step. */
  unlock(id: LockId): Result<ProjectLock> {
    const entry = [...this.#entries.values()].find(({ lock }) => lock.id === id);
    if (entry === undefined) return err({ reason: 'no-such-lock', id });
    this.#remove(entry);
    entry.end?.({ type: 'lost' });
    return ok(entry.lock);
  }

  /** Why somebody with that lock, or with none, may not change the project now; null: nothing stands against it. */
  refusal(project: ProjectName, id: LockId | undefined): Failure | null {
    const held = this.#living(project);
    if (held !== null) return held.lock.id === id ? null : { reason: 'lock-held', lock: held.lock };
    return id === undefined ? null : { reason: 'lock-lost', project, id };
  }

  /** Lets go of the connections, and of no lock: the next daemon has them. */
  close(): void {
    this.#closed = true;
    for (const { end } of this.#entries.values()) end?.(null);
  }

  #living(project: ProjectName): Entry | null {
    const entry = this.#entries.get(project);
    if (entry === undefined) return null;
    if (!this.#isOver(entry)) return entry;
    this.#remove(entry);
    return null;
  }

  #isOver({ lock, end }: Entry): boolean {
    if (lock.message !== null) return false;
    const fate = this.#ports.fate(lock.holder);
    return fate === 'dead' || (fate === 'unknown' && end === null && this.#ports.clock.now() > this.#returnBy);
  }

  #remove(entry: Entry): void {
    const { project } = entry.lock;
    if (this.#entries.get(project) !== entry) return;
    this.#entries.delete(project);
    this.#ports.remove(project);
  }
}
