import { describe, expect, test } from 'vitest';
import { nextUse, overMemory, type MemberUse, type TreeUse } from '../../src/supervise/tree-use.ts';

const use = (pid: number, cpuMs: number, memoryBytes = 10): MemberUse => ({ pid, cpuMs, memoryBytes });

/** `at` in milliseconds since the worker was started. */
function sampled(...samples: readonly [at: number, ...members: readonly MemberUse[]][]): TreeUse {
  let last: TreeUse | null = null;
  for (const [now, ...members] of samples) last = nextUse(last, members, { now, runningFor: now, limit: 100 });
  if (last === null) throw new Error('no sample');
  return last;
}

describe('what the processes of a worker use', () => {
  test.for<[string, readonly [number, ...MemberUse[]][], number | null]>([
    [
      'between two samples',
      [
        [1000, use(1, 500)],
        [3000, use(1, 1500)],
      ],
      50,
    ],
    ['since its start if there is one sample', [[1000, use(1, 250)]], 25],
    ['nothing yet just after its start', [[100, use(1, 100)]], null],
    [
      'as before where two samples are too near',
      [
        [1000, use(1, 250)],
        [1100, use(1, 350)],
      ],
      25,
    ],
    [
      'of all its processes',
      [
        [1000, use(1, 0), use(2, 0)],
        [2000, use(1, 900), use(2, 800)],
      ],
      170,
    ],
    [
      'of one that has come meanwhile',
      [
        [1000, use(1, 0)],
        [2000, use(1, 0), use(2, 300)],
      ],
      30,
    ],
    [
      'not of one that has gone',
      [
        [1000, use(1, 0), use(2, 5000)],
        [2000, use(1, 100)],
      ],
      10,
    ],
    [
      'never less than nothing, though a number is reused',
      [
        [1000, use(1, 0), use(2, 5000)],
        [2000, use(1, 0), use(2, 10)],
      ],
      0,
    ],
  ])('CPU %s', ([, samples, expected]) => {
    expect(sampled(...samples).cpuPercent).toBe(expected);
  });

  test('its memory is that of all its processes', () => {
    expect(sampled([1000, use(1, 0, 30), use(2, 0, 40)]).memoryBytes).toBe(70);
  });
});

describe('a limit of memory', () => {
  test.for<[string, readonly [number, ...MemberUse[]][], boolean]>([
    ['one sample above it is a moment', [[1000, use(1, 0, 101)]], false],
    [
      'two in a row are too much',
      [
        [1000, use(1, 0, 101)],
        [2000, use(1, 0, 101)],
      ],
      true,
    ],
    [
      'two at once are one',
      [
        [1000, use(1, 0, 101)],
        [1010, use(1, 0, 101)],
      ],
      false,
    ],
    [
      'with one below between them it is no row',
      [
        [1000, use(1, 0, 101)],
        [2000, use(1, 0, 9)],
        [3000, use(1, 0, 101)],
      ],
      false,
    ],
    [
      'as much as the limit is not above it',
      [
        [1000, use(1, 0, 100)],
        [2000, use(1, 0, 100)],
      ],
      false,
    ],
    [
      'all processes count',
      [
        [1000, use(1, 0, 60), use(2, 0, 60)],
        [2000, use(1, 0, 60), use(2, 0, 60)],
      ],
      true,
    ],
  ])('%s', ([, samples, expected]) => {
    expect(overMemory(sampled(...samples), 100) !== null).toBe(expected);
  });

  test('the cause names what it used and what it might', () => {
    const over = sampled([1000, use(1, 0, 101)], [2000, use(1, 0, 150)]);
    expect(overMemory(over, 100)).toEqual({ type: 'over-memory', memoryBytes: 150, limit: 100 });
    expect(overMemory(over, null)).toBeNull();
  });
});
