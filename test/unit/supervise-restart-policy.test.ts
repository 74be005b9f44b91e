import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../src/domain/policies.ts';
import { minutes, seconds } from '../../src/domain/time.ts';
import type { ExitCause, RestartCount } from '../../src/domain/worker-state.ts';
import { afterExit, type AfterExit, type EndOfRun, type RestartPolicy } from '../../src/supervise/restart-policy.ts';

const SERVICE: RestartPolicy = {
  kind: 'service',
  autorestart: true,
  maxRestarts: null,
  minUptime: minutes(1),
  restartDelay: null,
  expBackoffRestartDelay: null,
  stopExitCodes: [],
  restart: DEFAULTS.restart,
};
const EXIT = (code: number): ExitCause => ({ type: 'exit-code', code });
const KILLED: ExitCause = { type: 'signal', signal: 'SIGKILL' };
const NO_PROGRAM: ExitCause = { type: 'spawn-error', message: 'ENOENT' };

/** `retry in 10 (1/1)`: the delay and the restarts, in all and in the series. */
function format(policy: Partial<RestartPolicy>, end: Partial<EndOfRun>): string {
  const next = afterExit(
    { ...SERVICE, ...policy },
    { cause: EXIT(1), readyFor: null, restarts: { total: 0, inSeries: 0 }, now: 0, random: 0.5, ...end },
  );
  return next.type === 'retry'
    ? `retry in ${next.delay} (${next.restarts.total}/${next.restarts.inSeries})`
    : next.type;
}

describe('what follows the end of a process', () => {
  test.for<[string, Partial<RestartPolicy>, Partial<EndOfRun>, string]>([
    ['a task that exits with 0 is complete', { kind: 'task' }, { cause: EXIT(0) }, 'completed'],
    ['a task that exits with 1 has failed', { kind: 'task' }, { cause: EXIT(1) }, 'failed'],
    ['a task that is killed has failed', { kind: 'task' }, { cause: KILLED }, 'failed'],
    ['a task whose program is missing has failed', { kind: 'task' }, { cause: NO_PROGRAM }, 'failed'],
    ['without autorestart, 0 is success', { autorestart: false }, { cause: EXIT(0) }, 'completed'],
    ['without autorestart, 1 is failure', { autorestart: false }, { cause: EXIT(1) }, 'failed'],
    ['a service that exits with 0 is started again', {}, { cause: EXIT(0), readyFor: 5 }, 'retry in 10 (1/1)'],
    ['a service that exits with 125 wants no restart', {}, { cause: EXIT(125), readyFor: 5 }, 'failed'],
    [
      'a signal numbered 125 is not that',
      {},
      { cause: { type: 'signal', signal: '125' }, readyFor: 5 },
      'retry in 10 (1/1)',
    ],
    ['max_restarts 0 allows none', { maxRestarts: 0 }, {}, 'failed'],
    ['max_restarts 0 allows none after a good run either', { maxRestarts: 0 }, { readyFor: minutes(9) }, 'failed'],
    [
      'max_restarts 2 allows the second',
      { maxRestarts: 2 },
      { restarts: { total: 7, inSeries: 1 } },
      'retry in 1000 (8/2)',
    ],
    ['max_restarts 2 allows no third', { maxRestarts: 2 }, { restarts: { total: 7, inSeries: 2 } }, 'failed'],
    [
      'a run below min_uptime continues the series',
      { maxRestarts: 2 },
      { readyFor: minutes(1) - 1, restarts: { total: 7, inSeries: 2 } },
      'failed',
    ],
    [
      'a run of min_uptime begins a new one',
      { maxRestarts: 2 },
      { readyFor: minutes(1), restarts: { total: 7, inSeries: 2 } },
      'retry in 10 (8/1)',
    ],
    [
      'restart_delay is taken as it is',
      { restartDelay: 5 },
      { random: 0.9, restarts: { total: 9, inSeries: 9 } },
      'retry in 5 (10/10)',
    ],
    [
      'however short, from the sixteenth restart in a row on it is a second',
      { restartDelay: 5 },
      { restarts: { total: 40, inSeries: 16 } },
      'retry in 1000 (41/17)',
    ],
    [
      'a longer one is left as it is',
      { restartDelay: 5000 },
      { restarts: { total: 40, inSeries: 16 } },
      'retry in 5000 (41/17)',
    ],
    ['restart_delay 0 is one', { restartDelay: 0 }, {}, 'retry in 0 (1/1)'],
    ['restart_delay holds after a good run, too', { restartDelay: 7 }, { readyFor: minutes(9) }, 'retry in 7 (1/1)'],
    ['a first start that fails waits a second', {}, { cause: NO_PROGRAM }, 'retry in 1000 (1/1)'],
    ['the first crash of a worker that served is answered at once', {}, { readyFor: 0 }, 'retry in 10 (1/1)'],
    ['a first delay of its own', { restart: { ...DEFAULTS.restart, delay: 5 } }, {}, 'retry in 10 (1/1)'],
    [
      'a longest delay of its own',
      { restart: { ...DEFAULTS.restart, maxDelay: 3000 } },
      { restarts: { total: 9, inSeries: 9 } },
      'retry in 3000 (10/10)',
    ],
    [
      'exp_backoff_restart_delay is the first delay',
      { expBackoffRestartDelay: 100 },
      { readyFor: 5 },
      'retry in 100 (1/1)',
    ],
    [
      'it counts before restart_delay',
      { expBackoffRestartDelay: 100, restartDelay: 7 },
      { restarts: { total: 3, inSeries: 3 } },
      'retry in 337 (4/4)',
    ],
    [
      'it ends at 15 s',
      { expBackoffRestartDelay: 100 },
      { restarts: { total: 5000, inSeries: 5000 } },
      'retry in 15000 (5001/5001)',
    ],
    [
      'or where it began',
      { expBackoffRestartDelay: seconds(20) },
      { restarts: { total: 9, inSeries: 9 } },
      'retry in 20000 (10/10)',
    ],
    [
      'a stop exit code of a worker that served ends it',
      { stopExitCodes: [3] },
      { cause: EXIT(3), readyFor: 5 },
      'completed',
    ],
    ['of a start that fails it is a failure', { stopExitCodes: [3] }, { cause: EXIT(3) }, 'failed'],
    ['unless it is 0', { stopExitCodes: [0] }, { cause: EXIT(0) }, 'completed'],
    [
      'another code is no stop exit code',
      { stopExitCodes: [0, 3] },
      { cause: EXIT(4), readyFor: 5 },
      'retry in 10 (1/1)',
    ],
    ['nor is a signal', { stopExitCodes: [0, 9] }, { cause: KILLED, readyFor: 5 }, 'retry in 10 (1/1)'],
    ['125 may be one', { stopExitCodes: [125] }, { cause: EXIT(125), readyFor: 5 }, 'completed'],
    [
      'a stop exit code counts without autorestart, too',
      { stopExitCodes: [3], autorestart: false },
      { cause: EXIT(3), readyFor: 5 },
      'completed',
    ],
    ['it makes no success of a task', { stopExitCodes: [3], kind: 'task' }, { cause: EXIT(3) }, 'failed'],
    ['the second one is not', {}, { readyFor: 0, restarts: { total: 1, inSeries: 1 } }, 'retry in 1000 (2/2)'],
  ])('%s', ([, policy, end, expected]) => {
    expect(format(policy, end)).toBe(expected);
  });

  test.for([
    [0, [750, 750, 1500, 3000, 6000, 12_000, 24_000, 45_000, 45_000]],
    [0.5, [1000, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]],
    [0.999, [1250, 1250, 2499, 4998, 9996, 19_992, 39_984, 74_970, 74_970]],
  ] as const)('starts that fail one after the other wait ever longer; random number %d', ([random, delays]) => {
    const waited = delays.map((_, crashes) => {
      const next = afterExit(SERVICE, {
        cause: EXIT(1),
        readyFor: null,
        restarts: { total: crashes, inSeries: crashes },
        now: 0,
        random,
      });
      return next.type === 'retry' ? next.delay : next.type;
    });
    expect(waited).toEqual(delays);
  });

  test('a long series neither overflows nor waits longer than the longest delay', () => {
    expect(format({}, { restarts: { total: 5000, inSeries: 5000 } })).toBe(`retry in ${seconds(60)} (5001/5001)`);
  });

  test('restart.give_up counts restarts within its window, however well the worker ran in between', () => {
    const policy = { ...SERVICE, restart: { ...DEFAULTS.restart, giveUp: { count: 2, window: 1000 } } };
    const crashAt = (now: number, restarts: RestartCount): AfterExit =>
      afterExit(policy, { cause: EXIT(1), readyFor: minutes(9), restarts, now, random: 0.5 });
    const crashesAt = (times: readonly number[]): string => {
      let restarts: RestartCount = { total: 0, inSeries: 0 };
      for (const now of times) {
        const next = crashAt(now, restarts);
        if (next.type !== 'retry') return `${next.type} at ${now}`;
        restarts = next.restarts;
      }
      return `goes on, and remembers ${restarts.recent?.join(' ')}`;
    };
    expect(crashesAt([0, 400, 900])).toBe('failed at 900');
    expect(crashesAt([0, 400, 1001, 1400, 2001])).toBe('goes on, and remembers 1400 2001');
  });
});
