import { channel } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { httpMeter } from '../../src/preload/http-meter.ts';

const started = channel('http.server.request.start');
const finished = channel('http.server.response.finish');

/** What Node publishes for an answer that takes `latency` milliseconds. */
async function answer(statusCode: number, latency: number): Promise<void> {
  const response = { statusCode };
  started.publish({ response });
  await setTimeout(latency);
  finished.publish({ response });
}

test('answers are counted by class, with their latency, while it is open', async () => {
  const meter = httpMeter();
  expect(meter.take()).toBeNull();
  await answer(200, 0);
  meter.open();
  expect([started.hasSubscribers, finished.hasSubscribers]).toEqual([true, true]);
  await Promise.all([200, 201, 204, 301, 404, 500].map((status) => answer(status, 120)));
  const stats = meter.take();
  expect(stats?.requestsPerSecond).toBeGreaterThan(10);
  const { statusesPerSecond: of } = stats ?? { statusesPerSecond: {} as Record<string, number> };
  expect((of['2xx'] ?? 0) / (of['5xx'] ?? 1)).toBeCloseTo(3, 0);
  expect(of).toMatchObject({ '1xx': 0, '3xx': of['5xx'], '4xx': of['5xx'] });
  expect(stats?.latency?.p50).toBeGreaterThan(100);
  meter.close();
  expect([started.hasSubscribers, finished.hasSubscribers]).toEqual([false, false]);
  await answer(200, 120);
  expect(meter.take()).toEqual(stats);
});

test('once there were requests, no request is a number too', async () => {
  const meter = httpMeter();
  meter.open();
  await answer(200, 120);
  expect(meter.take()?.requestsPerSecond).toBeGreaterThan(0);
  await setTimeout(120);
  expect(meter.take()).toMatchObject({ requestsPerSecond: 0, latency: null });
  meter.close();
});

test('an answer that was begun before is counted without a latency, one of an odd status not at all', async () => {
  const meter = httpMeter();
  meter.open();
  finished.publish({ response: { statusCode: 200 } });
  finished.publish({ response: { statusCode: 999 } });
  finished.publish({});
  await setTimeout(120);
  const stats = meter.take();
  expect(stats).toMatchObject({ latency: null });
  expect(stats?.requestsPerSecond).toBe(stats?.statusesPerSecond['2xx']);
  meter.close();
});
