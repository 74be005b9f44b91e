import { seconds, type Instant, type Milliseconds } from '../domain/time.ts';
import type { Readiness } from '../domain/app-spec.ts';
import type { ExitCause } from '../domain/worker-state.ts';

/** What is known of a worker that has been spawned and is not ready yet. */
export interface Signs {
  readonly spawnedAt: Instant;
  /** Its preload has registered; null for a program that has none, or that need not come to have one. */
  readonly registered: boolean | null;
  readonly turned: boolean;
  readonly rested: boolean;
  readonly saidReady: boolean;
  /** The addresses that its servers asked for, as `formatSocketAddress` writes them. */
  readonly listening: readonly string[];
  /** What it wrote that `fail_when` names; null: nothing. */
  readonly failLine: string | null;
  /** null: the app has no such probe. */
  readonly startup: ProbeSign | null;
  readonly readiness: ProbeSign | null;
}

/** How one probe stands. */
export interface ProbeSign {
  readonly succeeded: boolean;
  /** Completes "it did not …". */
  readonly asks: string;
  /** `it said 500`; null while there is none. */
  readonly lastAnswer: string | null;
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
  /** Look again at `at`; null: when a sign changes. `for` completes "it did not …". `ask`: the probe whose turn it is. */
  | {
      readonly type: 'waiting';
      readonly at: Instant | null;
      readonly for: string;
      readonly ask?: 'startup' | 'readiness';
    }
  /** It need not be waited for. */
  | { readonly type: 'failed'; readonly cause: ExitCause };

export interface ReadinessPolicy {
  readonly readiness: Readiness;
  readonly expected: ExpectedSockets;
  /** How long a program that never listens must have been alive. */
  readonly minReady: Milliseconds;
}

/** A Node program whose preload has not come up by now runs without it (`--permission`, say). */
const REGISTRATION_GRACE: Milliseconds = seconds(5);

/**
 * Whether a worker is ready. A pure function of the signs; the deadline is the worker machine's affair. In this order: what
 * makes it fail, its start-up probe, its own sign of readiness, its readiness probe.
 */
export function judgeReadiness(policy: ReadinessPolicy, signs: Signs, now: Instant): Verdict {
  const { failLine, startup, readiness } = signs;
  if (failLine !== null) return { type: 'failed', cause: { type: 'matched-fail-when', line: failLine } };
  if (startup?.succeeded === false) return { ...waitForProbe(startup), ask: 'startup' };
  const own = judgeOwnSign(policy, signs, now);
  if (own.type !== 'ready' || readiness === null) return own;
  return readiness.succeeded ? { type: 'ready', provedFor: 0 } : { ...waitForProbe(readiness), ask: 'readiness' };
}

function waitForProbe({ asks, lastAnswer }: ProbeSign): Extract<Verdict, { type: 'waiting' }> {
  return { type: 'waiting', at: null, for: lastAnswer === null ? asks : `${asks}: ${lastAnswer}` };
}

function judgeOwnSign({ readiness, expected, minReady }: ReadinessPolicy, signs: Signs, now: Instant): Verdict {
  if (readiness.type === 'message') {
    return signs.saidReady ? { type: 'ready', provedFor: 0 } : { type: 'waiting', at: null, for: "send 'ready'" };
  }
  if (readiness.type === 'listening')
    return judgeSockets(expected.type === 'unknown' ? { type: 'any' } : expected, signs);
  const observable = signs.registered !== false || now < signs.spawnedAt + REGISTRATION_GRACE;
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

/** A server that is still loading, or that the machine has no time for, has not begun to listen: it is not judged by its age. */
function judgeAge({ spawnedAt, registered, turned, rested }: Signs, minReady: Milliseconds, now: Instant): Verdict {
  if (registered === false && now < spawnedAt + REGISTRATION_GRACE) {
    return { type: 'waiting', at: spawnedAt + REGISTRATION_GRACE, for: 'start' };
  }
  if (registered === true && !turned) return { type: 'waiting', at: null, for: 'reach its event loop' };
  if (registered === true && !rested) return { type: 'waiting', at: null, for: 'come to rest after its start' };
  const readyAt = spawnedAt + minReady;
  return now >= readyAt ? { type: 'ready', provedFor: minReady } : { type: 'waiting', at: readyAt, for: 'stay alive' };
}
