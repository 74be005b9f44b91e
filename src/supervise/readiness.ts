import { seconds, type Instant, type Milliseconds } from '../domain/time.ts';
import type { Readiness } from '../domain/app-spec.ts';

/** What is known of a worker that has been spawned and is not ready yet. */
export interface Signs {
  readonly spawnedAt: Instant;
  /** Its preload has registered; null for a program that has none. */
  readonly registered: boolean | null;
  readonly turned: boolean;
  readonly saidReady: boolean;
  /** The addresses that its servers asked for, as `formatSocketAddress` writes them. */
  readonly listening: readonly string[];
}

/** What must listen before the worker counts as ready. */
export type ExpectedSockets =
  /** Nothing is known of earlier workers: the first socket, or a while without one. */
  | { readonly type: 'unknown' }
  /** Earlier workers listened, but the new spec may have moved the port: any socket. */
  | { readonly type: 'any' }
  /** Nothing but the code has changed: every socket of the workers before. */
  | { readonly type: 'all'; readonly addresses: readonly string[] };

export type Verdict =
  | { readonly type: 'ready'; readonly provedFor: Milliseconds }
  /** Look again at `at`; null: when a sign changes. `for` completes "it did not …". */
  | { readonly type: 'waiting'; readonly at: Instant | null; readonly for: string };

export interface ReadinessPolicy {
  readonly readiness: Readiness;
  readonly expected: ExpectedSockets;
  /** How long a program that never listens must have been alive. */
  readonly minReady: Milliseconds;
}

/** A Node program whose preload has not come up by now runs without it (`--permission`, say). */
const REGISTRATION_GRACE: Milliseconds = seconds(5);

/** Whether a worker is ready. A pure function of the signs; the deadline is the worker machine's affair. */
export function judgeReadiness(
  { readiness, expected, minReady }: ReadinessPolicy,
  signs: Signs,
  now: Instant,
): Verdict {
  if (readiness.type === 'message') {
    return signs.saidReady ? { type: 'ready', provedFor: 0 } : { type: 'waiting', at: null, for: "send 'ready'" };
  }
  const observable =
    signs.registered === true || (signs.registered === false && now < signs.spawnedAt + REGISTRATION_GRACE);
  if (observable && expected.type !== 'unknown') return judgeSockets(expected, signs);
  if (signs.listening.length > 0) return { type: 'ready', provedFor: 0 };
  return judgeAge(signs, minReady, now);
}

function judgeSockets(expected: Exclude<ExpectedSockets, { type: 'unknown' }>, { listening }: Signs): Verdict {
  if (expected.type === 'any') {
    return listening.length > 0 ? { type: 'ready', provedFor: 0 } : { type: 'waiting', at: null, for: 'listen' };
  }
  const missing = expected.addresses.filter((address) => !listening.includes(address));
  return missing.length === 0
    ? { type: 'ready', provedFor: 0 }
    : { type: 'waiting', at: null, for: `listen on ${missing.join(', ')} as the workers before it` };
}

function judgeAge({ spawnedAt, registered, turned }: Signs, minReady: Milliseconds, now: Instant): Verdict {
  if (registered === false && now < spawnedAt + REGISTRATION_GRACE) {
    return { type: 'waiting', at: spawnedAt + REGISTRATION_GRACE, for: 'start' };
  }
  if (registered === true && !turned) return { type: 'waiting', at: null, for: 'reach its event loop' };
  const readyAt = spawnedAt + minReady;
  return now >= readyAt ? { type: 'ready', provedFor: minReady } : { type: 'waiting', at: readyAt, for: 'stay alive' };
}
