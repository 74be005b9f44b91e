import type { Probe } from '../domain/app-spec.ts';
import { after, type Instant, type Milliseconds } from '../domain/time.ts';
import type { ProbeAnswer } from '../platform/probes.ts';
import { unreachable } from '../util/unreachable.ts';

/**
 * One probe of one process: when it asks, and what the answers amount to. Pure: `probe-run` asks.
 *
 * ```
 *            askAt                    answered, or answerBy
 *   waiting ──────► asking ─────────────────────────────────► waiting, `period` after it asked
 * ```
 */
export type ProbeState =
  | { readonly phase: 'waiting'; readonly askAt: Instant; readonly failures: number }
  | { readonly phase: 'asking'; readonly askedAt: Instant; readonly answerBy: Instant; readonly failures: number };

export type ProbeEvent =
  | { readonly type: 'deadline-reached' }
  | { readonly type: 'answered'; readonly answer: ProbeAnswer };

export interface ProbeStep {
  readonly state: ProbeState;
  readonly effect: 'ask' | 'give-up' | null;
  /** null while there is no new one. */
  readonly verdict: ProbeVerdict | null;
}

export type ProbeVerdict =
  | { readonly type: 'well' }
  /** `failures` in a row so far; `exhausted`: as many as the probe allows. */
  | { readonly type: 'unwell'; readonly failures: number; readonly exhausted: boolean; readonly said: string };

export type ProbePolicy = Pick<Probe, 'period' | 'timeout' | 'failures'>;

/** A period of nothing would leave no time for anything else. */
export const SHORTEST_PERIOD: Milliseconds = 50;

export function firstProbeState(askAt: Instant): ProbeState {
  return { phase: 'waiting', askAt, failures: 0 };
}

export function probeDeadline(state: ProbeState): Instant {
  return state.phase === 'waiting' ? state.askAt : state.answerBy;
}

export function probeStep(
  state: ProbeState,
  event: ProbeEvent,
  { policy, now }: { readonly policy: ProbePolicy; readonly now: Instant },
): ProbeStep {
  if (event.type === 'deadline-reached' && now < probeDeadline(state)) return { state, effect: null, verdict: null };
  switch (state.phase) {
    case 'waiting': {
      if (event.type === 'answered') return { state, effect: null, verdict: null };
      const answerBy = after(now, policy.timeout);
      return {
        state: { phase: 'asking', askedAt: now, answerBy, failures: state.failures },
        effect: 'ask',
        verdict: null,
      };
    }
    case 'asking': {
      if (event.type === 'answered') return { ...judge(state, event.answer, { policy, now }), effect: null };
      const said = `nothing came within ${policy.timeout / 1000} s`;
      return { ...judge(state, { well: false, said }, { policy, now }), effect: 'give-up' };
    }
    default:
      return unreachable(state);
  }
}

/** Questions are `period` apart, however long the answers take; one that is late is followed at once by the next. */
function judge(
  { askedAt, failures: before }: Extract<ProbeState, { phase: 'asking' }>,
  { well, said }: ProbeAnswer,
  { policy, now }: { readonly policy: ProbePolicy; readonly now: Instant },
): Pick<ProbeStep, 'state' | 'verdict'> {
  const askAt = Math.max(now, after(askedAt, Math.max(policy.period, SHORTEST_PERIOD)));
  const failures = well ? 0 : before + 1;
  const verdict: ProbeVerdict = well
    ? { type: 'well' }
    : { type: 'unwell', failures, exhausted: failures >= policy.failures, said };
  return { state: { phase: 'waiting', askAt, failures }, verdict };
}
