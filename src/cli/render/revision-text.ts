import type { Failure, KnownRevision, Serving } from '../../domain/failure.ts';
import { unreachable } from '../../util/unreachable.ts';
import { shortCommit } from './commit-text.ts';
import { quoted } from './quoted.ts';

type RolloutFailed = Extract<Failure, { reason: 'rollout-failed' }>;
type NoWayBack = Extract<Failure, { reason: 'no-such-revision' | 'only-code-differs' }>;

/** How a rollout ended that failed: what serves now, and whether by a rollback. */
export function rolloutText({ serving, restored }: RolloutFailed): string {
  if (restored === 'rollback-failed') return `and so did the rollback; ${servingText(serving)}`;
  if (restored !== 'rolled-back' || serving === null) return servingText(serving);
  return `rolled back to revision ${serving.revision} (${serving.ready}/${serving.desired} ready)`;
}

export function restoredAdvice({ restored = 'untouched' }: RolloutFailed): readonly string[] {
  switch (restored) {
    case 'code-cannot-be-rolled-back':
      return ['The last stable revision has the same settings: bring its code back or mend this one, then: eco apply'];
    case 'off':
      return ['It was not rolled back, because that is switched off (rollout.rollback, --no-rollback)'];
    case 'untouched':
    case 'rolled-back':
    case 'rollback-failed':
    case 'nothing-stable':
      return [];
    default:
      return unreachable(restored);
  }
}

function knownRevisions(known: readonly KnownRevision[]): string {
  if (known.length === 0) return 'no revisions yet';
  const list = known.map(({ revision, stable }) => `${revision}${stable ? ' (stable)' : ''}`).join(', ');
  return `${known.length === 1 ? 'revision' : 'revisions'} ${list}`;
}

/** Why there is no going back to what was named. */
export function revisionHeadline(failure: NoWayBack): string {
  const { app, revision, present } = failure;
  if (failure.reason === 'only-code-differs') {
    return `${app}: revision ${revision} differs from ${present} only in its code, and eco keeps no code; nothing was changed`;
  }
  return revision === null
    ? `${app}: no stable revision is older than the present one, ${present}; nothing was changed`
    : `${app}: there is no revision ${revision}; nothing was changed`;
}

export function revisionAdvice(failure: NoWayBack): readonly string[] {
  if (failure.reason === 'only-code-differs') {
    const files = failure.commit === null ? 'its files' : `the files of commit ${shortCommit(failure.commit)}`;
    return [`Bring ${files} back, then: eco apply`];
  }
  return [`It has ${knownRevisions(failure.known)}.`, `See them: eco history ${quoted(failure.app)}`];
}

function servingText(serving: Serving | null): string {
  if (serving === null || serving.ready === 0) return 'nothing is serving';
  return `revision ${serving.revision} is still serving (${serving.ready}/${serving.desired} ready)`;
}
