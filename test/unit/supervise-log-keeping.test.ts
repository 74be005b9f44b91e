import { describe, expect, test } from 'vitest';
import { timeOf, withMark, type LogMark } from '../../src/domain/log-times.ts';
import {
  alarmedInterval,
  alarmingLoss,
  growsFast,
  planRotation,
  restingInterval,
} from '../../src/supervise/rotation-plan.ts';

const TEN = { maxSize: 10, keep: 5, compress: false };

describe('a rotation', () => {
  test.each([
    [0, TEN, null],
    [10, TEN, null],
    [11, TEN, { dropped: 0, archived: 1, kept: 4 }],
    [15, TEN, { dropped: 0, archived: 1, kept: 4 }],
    [25, TEN, { dropped: 0, archived: 2, kept: 2 }],
    [35, TEN, { dropped: 0, archived: 3, kept: 0 }],
    [59, TEN, { dropped: 0, archived: 1, kept: 0 }],
    [75, TEN, { dropped: 2, archived: 1, kept: 0 }],
    [35, { ...TEN, keep: 0 }, { dropped: 3, archived: 0, kept: 0 }],
  ])('of %i bytes: %j → %j', (held, rotation, plan) => {
    expect(planRotation({ held, during: 0 }, rotation)).toEqual(plan);
  });

  test('file, archives and copy together stay within the cap and one rotation, as long as the file does', () => {
    for (let held = 11; held <= 50; held += 1) {
      for (const during of [0, 3, 6]) {
        const { archived, kept } = planRotation({ held, during }, TEN) ?? { archived: 0, kept: 0 };
        expect(held + during + 10 * (archived + kept)).toBeLessThanOrEqual(70);
      }
    }
  });

  test('is looked for often where a file grows, and seldom where there are many, but for when the disk fills', () => {
    expect([0, 1, 40, 400, 100_000].map(restingInterval)).toEqual([1000, 100, 600, 6000, 10_000]);
    expect([0, 400, 10_000].map(alarmedInterval)).toEqual([100, 120, 3000]);
    expect([growsFast(1, { ...TEN, maxSize: 640 }), growsFast(11, { ...TEN, maxSize: 640 })]).toEqual([false, true]);
  });

  test('becomes urgent once a quarter of the smallest file is gone from the disk, but not for less than a megabyte', () => {
    const rotations = [40, 8, 16].map((megabytes) => ({ ...TEN, maxSize: megabytes << 20 }));
    expect(alarmingLoss(rotations)).toBe(2 << 20);
    expect(alarmingLoss([TEN])).toBe(1 << 20);
    expect(alarmingLoss([])).toBe(Infinity);
  });
});

describe('when a line was written', () => {
  const marks = [
    { end: 100, at: 1000, watched: false },
    { end: 200, at: 2000, watched: true },
    { end: 250, at: 3000, watched: true },
  ].reduce<readonly LogMark[]>(withMark, []);

  test.each([
    [0, { at: 1000, exact: false }],
    [99, { at: 1000, exact: false }],
    [100, { at: 2000, exact: true }],
    [249, { at: 3000, exact: true }],
    [250, null],
  ])('at position %i: %j', (position, expected) => {
    expect(timeOf(marks, position)).toEqual(expected);
  });

  test('a log that did not grow has no new mark', () => {
    expect(withMark(marks, { end: 250, at: 9000, watched: true })).toBe(marks);
  });

  test('many marks become coarser, and each line keeps a time that is not too early', () => {
    const all = Array.from({ length: 5000 }, (_, i) => ({ end: i + 1, at: i, watched: true }));
    const kept = all.reduce<readonly LogMark[]>(withMark, []);
    expect(kept.length).toBeLessThanOrEqual(256);
    expect(kept.at(-1)).toEqual(all.at(-1));
    for (const position of [0, 1234, 4999]) expect(timeOf(kept, position)?.at).toBeGreaterThanOrEqual(position);
  });
});
