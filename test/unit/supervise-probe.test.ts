import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SHORTEST_PERIOD,
  firstProbeState,
  probeDeadline,
  probeStep,
  type ProbeEvent,
  type ProbeState,
} from '../../src/supervise/probe.ts';

const NOW = 10_000;
const POLICY = { period: 1000, timeout: 400, failures: 3 };
const DUE: ProbeEvent = { type: 'deadline-reached' };
const WELL: ProbeEvent = { type: 'answered', answer: { well: true, said: 'it said 200' } };
const BAD: ProbeEvent = { type: 'answered', answer: { well: false, said: 'it said 500' } };

/** `waiting +600 (2); ask; unwell 2` */
function format(state: ProbeState, event: ProbeEvent, policy = POLICY): string {
  const next = probeStep(state, event, { policy, now: NOW });
  if (next.state === state) return '·';
  const { verdict } = next;
  const told =
    verdict?.type === 'unwell' ? `unwell${verdict.exhausted ? ', exhausted' : ''}: ${verdict.said}` : verdict?.type;
  const place = `${next.state.phase} ${probeDeadline(next.state) - NOW} (${next.state.failures})`;
  return [place, next.effect, told].filter((part) => part !== null && part !== undefined).join('; ');
}

test.for<[string, ProbeState, ProbeEvent, string]>([
  ['its turn', { phase: 'waiting', askAt: NOW, failures: 1 }, DUE, 'asking 400 (1); ask'],
  ['not its turn yet', { phase: 'waiting', askAt: NOW + 1, failures: 0 }, DUE, '·'],
  ['an answer to a question that was given up', { phase: 'waiting', askAt: NOW, failures: 1 }, WELL, '·'],
  ['well', { phase: 'asking', askedAt: NOW - 300, answerBy: NOW + 100, failures: 2 }, WELL, 'waiting 700 (0); well'],
  [
    'unwell',
    { phase: 'asking', askedAt: NOW - 300, answerBy: NOW + 100, failures: 0 },
    BAD,
    'waiting 700 (1); unwell: it said 500',
  ],
  [
    'unwell once too often',
    { phase: 'asking', askedAt: NOW - 300, answerBy: NOW + 100, failures: 2 },
    BAD,
    'waiting 700 (3); unwell, exhausted: it said 500',
  ],
  ['no answer yet', { phase: 'asking', askedAt: NOW, answerBy: NOW + 1, failures: 0 }, DUE, '·'],
  [
    'no answer in time',
    { phase: 'asking', askedAt: NOW - 400, answerBy: NOW, failures: 0 },
    DUE,
    'waiting 600 (1); give-up; unwell: nothing came within 0.4 s',
  ],
  [
    'an answer that took longer than the period',
    { phase: 'asking', askedAt: NOW - 5000, answerBy: NOW, failures: 0 },
    WELL,
    'waiting 0 (0); well',
  ],
])('%s', ([, state, event, expected]) => {
  expect(format(state, event)).toBe(expected);
});

describe('however the answers come', () => {
  const policy = fc.record({ period: fc.nat(3000), timeout: fc.nat(3000), failures: fc.integer({ min: 1, max: 5 }) });
  /** How long each answer takes, and whether it is good. */
  const answers = fc.array(fc.record({ after: fc.nat(4000), well: fc.boolean() }), { minLength: 1, maxLength: 30 });

  test('questions are a period apart, one at a time, and only failures in a row exhaust it', () => {
    fc.assert(
      fc.property(policy, answers, (policy, answers) => {
        const asked: number[] = [];
        let state = firstProbeState(NOW);
        let row = 0;
        for (const { after, well } of answers) {
          const now = probeDeadline(state);
          const question = probeStep(state, DUE, { policy, now });
          expect(question.effect).toBe('ask');
          asked.push(now);
          const inTime = after < policy.timeout;
          const event = inTime ? { type: 'answered' as const, answer: { well, said: '' } } : DUE;
          const step = probeStep(question.state, event, { policy, now: now + (inTime ? after : policy.timeout) });
          row = inTime && well ? 0 : row + 1;
          expect(step.effect).toBe(inTime ? null : 'give-up');
          expect(step.verdict).toMatchObject(
            row === 0 ? { type: 'well' } : { failures: row, exhausted: row >= policy.failures },
          );
          state = step.state;
        }
        const gaps = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
        expect(gaps.every((gap) => gap >= Math.max(policy.period, SHORTEST_PERIOD))).toBe(true);
      }),
    );
  });

  test('a deadline that is reached moves', () => {
    fc.assert(
      fc.property(policy, fc.array(fc.boolean(), { maxLength: 30 }), (policy, events) => {
        let state = firstProbeState(NOW);
        for (const answered of events) {
          const now = probeDeadline(state);
          const next = probeStep(state, answered ? BAD : DUE, { policy, now });
          if (!answered) expect(next.state).not.toBe(state);
          state = next.state;
        }
      }),
    );
  });
});
