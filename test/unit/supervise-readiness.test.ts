import { expect, test } from 'vitest';
import { formatExitCause } from '../../src/reconcile/exit-cause.ts';
import { judgeReadiness, type ExpectedSockets, type Signs } from '../../src/supervise/readiness.ts';

const UNKNOWN: ExpectedSockets = { type: 'unknown' };
const ANY: ExpectedSockets = { type: 'any' };
const ALL: ExpectedSockets = { type: 'all', addresses: ['*:3000', '*:9090'] };
/** A Node program that has begun to run; one without preload; one whose preload has not come up. */
const UP: Partial<Signs> = { registered: true, turned: true, rested: true };
const PLAIN: Partial<Signs> = { registered: null };
const UNASKED = { failLine: null, startup: null, readiness: null };
const SILENT: Partial<Signs> = { registered: false };

/** `ready for 1000`, `waits until 1000 to stay alive`, `waits to listen`; the worker was spawned at 0. */
function format(
  readiness: 'auto' | 'message',
  expected: ExpectedSockets,
  [now, signs]: [number, Partial<Signs>],
): string {
  const verdict = judgeReadiness(
    { readiness: { type: readiness }, expected, minReady: 1000 },
    {
      spawnedAt: 0,
      registered: true,
      turned: false,
      rested: false,
      saidReady: false,
      listening: [],
      ...UNASKED,
      ...signs,
    },
    now,
  );
  if (verdict.type === 'ready') return `ready for ${verdict.provedFor}`;
  if (verdict.type === 'failed') return formatExitCause(verdict.cause);
  return `waits ${verdict.at === null ? '' : `until ${verdict.at} `}to ${verdict.for}`;
}

test.for<[string, 'auto' | 'message', ExpectedSockets, [number, Partial<Signs>], string]>([
  [
    'message: nothing else counts',
    'message',
    UNKNOWN,
    [9000, { ...UP, listening: ['*:3000'] }],
    "waits to send 'ready'",
  ],
  ['message: said', 'message', UNKNOWN, [1, { saidReady: true }], 'ready for 0'],
  ['message: said, though sockets are missing', 'message', ALL, [1, { saidReady: true }], 'ready for 0'],
  ['message, without preload: it has no way to say so', 'message', UNKNOWN, [9000, PLAIN], "waits to send 'ready'"],
  ['first worker: its first socket', 'auto', UNKNOWN, [3, { ...UP, listening: ['*:1'] }], 'ready for 0'],
  [
    'first worker: saying ready is not asked for',
    'auto',
    UNKNOWN,
    [3, { ...UP, saidReady: true }],
    'waits until 1000 to stay alive',
  ],
  ['first worker: busy with its start', 'auto', UNKNOWN, [2000, { turned: false }], 'waits to reach its event loop'],
  [
    'first worker: still at its start',
    'auto',
    UNKNOWN,
    [2000, { turned: true }],
    'waits to come to rest after its start',
  ],
  ['first worker: alive, not long enough', 'auto', UNKNOWN, [999, UP], 'waits until 1000 to stay alive'],
  ['first worker: alive for a while', 'auto', UNKNOWN, [1000, UP], 'ready for 1000'],
  ['without preload: alive, not long enough', 'auto', UNKNOWN, [999, PLAIN], 'waits until 1000 to stay alive'],
  ['without preload: alive for a while', 'auto', UNKNOWN, [1000, PLAIN], 'ready for 1000'],
  [
    'below a wrapper, sockets expected: none yet',
    'auto',
    ALL,
    [1000, PLAIN],
    'waits to listen on *:3000, *:9090 as the workers before it',
  ],
  ['preload silent: it may still come', 'auto', UNKNOWN, [2000, SILENT], 'waits until 5000 to start'],
  ['preload silent: it will not come', 'auto', UNKNOWN, [5000, SILENT], 'ready for 1000'],
  ['preload silent, sockets expected: it will not come', 'auto', ALL, [5000, SILENT], 'ready for 1000'],
  ['any socket: none', 'auto', ANY, [9000, UP], 'waits to listen'],
  ['any socket: one', 'auto', ANY, [1, { ...UP, listening: ['*:4000'] }], 'ready for 0'],
  ['all sockets: none', 'auto', ALL, [9000, UP], 'waits to listen on *:3000, *:9090 as the workers before it'],
  [
    'all sockets: one',
    'auto',
    ALL,
    [9000, { ...UP, listening: ['*:3000'] }],
    'waits to listen on *:9090 as the workers before it',
  ],
  [
    'all sockets: another one',
    'auto',
    ALL,
    [9000, { ...UP, listening: ['*:1', '*:9090'] }],
    'waits to listen on *:3000 as the workers before it',
  ],
  [
    'all sockets: all of them and more',
    'auto',
    ALL,
    [1, { ...UP, listening: ['*:1', '*:3000', '*:9090'] }],
    'ready for 0',
  ],
])('%s', ([, readiness, expected, at, verdict]) => {
  expect(format(readiness, expected, at)).toBe(verdict);
});

test('a program that waits is looked at again no earlier than the verdict can change', () => {
  const policy = { readiness: { type: 'auto' }, expected: UNKNOWN, minReady: 1000 } as const;
  for (const registered of [null, false, true]) {
    const signs = {
      spawnedAt: 70,
      registered,
      turned: true,
      rested: true,
      saidReady: false,
      listening: [],
      ...UNASKED,
    };
    const first = judgeReadiness(policy, signs, 70);
    expect(first.type).toBe('waiting');
    if (first.type !== 'waiting' || first.at === null) throw new Error('it waits for nothing that time brings');
    expect(judgeReadiness(policy, signs, first.at - 1)).toEqual(first);
    expect(judgeReadiness(policy, signs, first.at).type).toBe('ready');
  }
});
