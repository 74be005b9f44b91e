import type { Failure } from '../../domain/failure.ts';
import type { ProjectLock } from '../../domain/lock.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';
import { unreachable } from '../../util/unreachable.ts';
import { formatDuration } from './duration-text.ts';
import { formatSecond } from './time-text.ts';

type LockFailure = Extract<Failure, { reason: (typeof LOCK_FAILURES)[number] }>;

const LOCK_FAILURES = ['lock-held', 'lock-lost', 'no-such-lock'] as const;

export function isLockFailure(failure: Failure): failure is LockFailure {
  const reasons: readonly string[] = LOCK_FAILURES;
  return reasons.includes(failure.reason);
}

export function lockHeadline(failure: LockFailure): string {
  switch (failure.reason) {
    case 'lock-held':
      return `${lockText(failure.lock)}; nothing was changed`;
    case 'lock-lost':
      return `project ${failure.project} was unlocked under this command (${failure.id}); what it began goes on, it begins nothing more`;
    case 'no-such-lock':
      return `there is no lock ${JSON.stringify(failure.id)}; nothing was changed`;
    default:
      return unreachable(failure);
  }
}

export function lockAdvice(failure: LockFailure): readonly string[] {
  switch (failure.reason) {
    case 'lock-held': {
      const { id, holder, message } = failure.lock;
      const job = holder.job === null ? [] : [`Its job: ${holder.job}`];
      const wait = message === null ? ['Wait for its end: --lock-timeout 10m'] : [];
      return [...job, ...wait, `Take the lock away from it: eco unlock ${id}`];
    }
    case 'lock-lost':
      return ['Look at who changes it now: eco events', 'Then go on from where it is: eco apply'];
    case 'no-such-lock':
      return [
        'It may be gone already. The id of one that is in the way is in the message of the command that it refuses.',
      ];
    default:
      return unreachable(failure);
  }
}

/** Shown again and again, with how long it has been. */
export function formatWaiting(lock: ProjectLock, waited: Milliseconds): string {
  const since = waited < 1000 ? '' : ` (${formatDuration(waited)})`;
  const job = lock.holder.job === null ? '' : `, ${lock.holder.job}`;
  return printable(`Waiting${since}: ${lockText(lock)}${job}; eco unlock ${lock.id} takes the lock away`);
}

export function formatLocked({ project, id }: ProjectLock): string {
  return `${printable(`Project ${project} is locked. Nobody changes it until: eco unlock`)} ${id}`;
}

export function formatUnlocked({ project, holder, message }: ProjectLock): string {
  const { user, host, command } = holder;
  return printable(`Project ${project} is unlocked. The lock was that of ${user}@${host}: ${message ?? command}`);
}

function lockText({ project, holder, since, message }: ProjectLock): string {
  const { user, host, pid, command } = holder;
  const who = `${user}@${host}, pid ${pid}, since ${formatSecond(since)}`;
  return message === null
    ? `project ${project} is being changed by ${who}: ${command}`
    : `project ${project} is locked by ${who}: ${message}`;
}

/** Published: what `--json` says of a lock. */
export function lockDocument({ id, project, holder, since, message }: ProjectLock) {
  const { user, host, pid, command, job } = holder;
  return { id, project, user, host, pid, command, job, since: new Date(since).toISOString(), message };
}

export function lockAnswer(lock: ProjectLock) {
  return { format_version: FORMAT_VERSION, lock: lockDocument(lock) };
}
