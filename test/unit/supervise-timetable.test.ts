import { Cron } from 'croner';
import { beforeEach, expect, test } from 'vitest';
import { cronOptions, nextTime } from '../../src/platform/cron.ts';
import { Timetable, type Appointment } from '../../src/supervise/timetable.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

const MINUTE = 60_000;
const HOURLY = { cron: '0 * * * *', timezone: 'UTC' };

let clock: FakeClock;
let timetable: Timetable;
let kept: string[];

beforeEach(() => {
  clock = fakeClock();
  timetable = new Timetable({ clock, nextTime: async ({ cron, timezone }, from) => at(cron, timezone, from) });
  kept = [];
});

/** Without the turns that it takes to load the package. */
function at(cron: string, timezone: string | null, from: number): number | null {
  return new Cron(cron, cronOptions(timezone)).nextRun(new Date(from))?.getTime() ?? null;
}

function appointment(id: string, fields: Partial<Appointment> = {}): Appointment {
  const keep = (due: number): void => void kept.push(`${id} ${new Date(due).toISOString().slice(11, 16)}`);
  return { id, times: HOURLY, from: clock.wallTime(), keep, ...fields };
}

test('each is kept at its times, however often the timetable is told of it', async () => {
  timetable.refresh([appointment('a'), appointment('b', { times: { cron: '30 * * * *', timezone: 'UTC' } })]);
  for (let minute = 0; minute < 150; minute += 1) {
    await clock.advance(MINUTE);
    timetable.refresh([appointment('a'), appointment('b', { times: { cron: '30 * * * *', timezone: 'UTC' } })]);
  }
  expect(kept).toEqual(['b 00:30', 'a 01:00', 'b 01:30', 'a 02:00', 'b 02:30']);
});

test('what is taken away, or gets other times, is not kept at the old ones', async () => {
  timetable.refresh([appointment('a'), appointment('b')]);
  await clock.advance(MINUTE);
  timetable.refresh([appointment('b', { times: { cron: '10 * * * *', timezone: 'UTC' } })]);
  await clock.advance(65 * MINUTE);
  expect(kept).toEqual(['b 00:10']);
  timetable.close();
  await clock.advance(120 * MINUTE);
  expect(kept).toEqual(['b 00:10']);
  expect(clock.pending()).toBe(0);
});

test('times that were missed are one, however many', async () => {
  timetable.refresh([appointment('a', { from: clock.wallTime() - 300 * MINUTE })]);
  await clock.advance(MINUTE);
  expect(kept).toEqual(['a 20:00']);
  await clock.advance(60 * MINUTE);
  expect(kept).toEqual(['a 20:00', 'a 01:00']);
});

test('a clock that is set, or a machine that slept, is noticed within a minute', async () => {
  timetable.refresh([appointment('a')]);
  await clock.advance(MINUTE);
  clock.jump(3 * 60 * MINUTE);
  await clock.advance(MINUTE);
  expect(kept).toEqual(['a 01:00']);
  await clock.advance(58 * MINUTE);
  expect(kept).toEqual(['a 01:00', 'a 04:00']);
});

test('a time zone with summer time has its own hours', async () => {
  const from = Date.UTC(2026, 2, 28, 12);
  const berlin = { cron: '0 7 * * *', timezone: 'Europe/Berlin' };
  const first = (await nextTime(berlin, from)) ?? 0;
  expect(new Date(first).toISOString()).toBe('2026-03-29T05:00:00.000Z');
  const winter = (await nextTime(berlin, Date.UTC(2026, 10, 1))) ?? 0;
  expect(new Date(winter).toISOString()).toBe('2026-11-01T06:00:00.000Z');
});
