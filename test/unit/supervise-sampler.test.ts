import { expect, test } from 'vitest';
import type { MeterRoot, ProcessUse } from '../../src/platform/process-meter.ts';
import { Sampler, type SampledWorker } from '../../src/supervise/sampler.ts';
import { fakeClock } from '../support/fake-clock.ts';

interface FakeWorker {
  meterRoot: MeterRoot | null;
  memoryWatch: SampledWorker['memoryWatch'];
}

function rig(...workers: FakeWorker[]) {
  const clock = fakeClock();
  const rounds: number[] = [];
  const measured: string[] = [];
  const asked: number[] = [];
  const sampler = new Sampler({
    clock,
    meter: {
      measure: (roots) => {
        rounds.push(clock.now());
        return new Map(roots.map(({ pid }) => [pid, [{ pid, memoryBytes: pid, cpuMs: 0 }]]));
      },
    },
    workers: () =>
      workers.map((worker) => ({
        ...worker,
        measured: (uses: readonly ProcessUse[]) => void measured.push(uses.map(({ pid }) => pid).join()),
        askForStats: () => void asked.push(clock.now()),
      })),
  });
  return { clock, rounds, measured, asked, sampler, workers };
}

const running = (memoryWatch: FakeWorker['memoryWatch'] = 'none'): FakeWorker => ({
  meterRoot: { pid: 7, startTime: 'then' },
  memoryWatch,
});

test.for([
  ['every ten seconds while nothing depends on it', 'none', [0, 10_000, 20_000]],
  ['every two seconds while a worker has a limit of memory', 'limited', [0, 2000, 4000, 6000, 8000, 10_000]],
  ['every second while one is above it', 'above', [0, 1000, 2000, 3000, 4000, 5000]],
] as const)('it measures %s', async ([, watch, expected]) => {
  const { clock, rounds, sampler } = rig(running(watch));
  sampler.start();
  await clock.advance(20_000);
  expect(rounds.slice(0, expected.length)).toEqual(expected);
});

test('a limit that an app gets meanwhile is seen within two seconds', async () => {
  const { clock, rounds, sampler, workers } = rig(running());
  sampler.start();
  await clock.advance(3000);
  for (const worker of workers) worker.memoryWatch = 'limited';
  await clock.advance(3000);
  expect(rounds).toEqual([0, 4000, 6000]);
});

test('who looks finds numbers at most a second old, and fresh ones for a while', async () => {
  const { clock, rounds, asked, sampler } = rig(running());
  sampler.start();
  await clock.advance(500);
  sampler.look();
  await clock.advance(2400);
  sampler.look();
  await clock.advance(20_000);
  expect(rounds).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 17_000]);
  // Only then do workers have to say what they do.
  expect(asked).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000]);
});

test('somebody who stays is served every second, until he goes', async () => {
  const { clock, rounds, sampler } = rig(running());
  const watching = new AbortController();
  sampler.start();
  sampler.watch(watching.signal);
  await clock.advance(3000);
  watching.abort();
  await clock.advance(12_000);
  expect(rounds).toEqual([0, 1000, 2000, 3000, 13_000]);
});

test('a worker without a process is told nothing, and a stopped sampler sets no timer', async () => {
  const { clock, measured, sampler } = rig(running(), { meterRoot: null, memoryWatch: 'limited' });
  sampler.start();
  expect(measured).toEqual(['7']);
  sampler.stop();
  expect(clock.pending()).toBe(0);
  await clock.advance(20_000);
  expect(measured).toEqual(['7']);
});
