import type { ProjectName } from './names.ts';
import type { Actor } from './observed-state.ts';
import type { Timestamp } from './time.ts';

/** Names one lock. Whoever takes a lock makes it up, so that it can be taken again from another daemon. */
export type LockId = string;

/** While it is there, nobody changes the project but who knows its id. */
export interface ProjectLock {
  readonly id: LockId;
  readonly project: ProjectName;
  readonly holder: LockHolder;
  readonly since: Timestamp;
  /** Why somebody locked the project until it is unlocked; null: a command holds it for as long as it runs. */
  readonly message: string | null;
}

export interface LockHolder extends Actor {
  /** As it was typed: `eco apply --env production`. */
  readonly command: string;
  /** Where its CI job can be looked at; null where there is none. */
  readonly job: string | null;
  /** With `space`, what makes the pid the name of one process. */
  readonly startTime: string;
  /** Where the pid means something: this boot of this machine, and the pid namespace. */
  readonly space: string;
}
