import type { WorkerStats } from '../../src/domain/worker-stats.ts';
import { get, type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';

const SERVER = `
const http = require('node:http');
const kept = Buffer.alloc(1 << 20);
http.createServer((request, response) => {
  response.statusCode = request.url === '/broken' ? 500 : 200;
  setTimeout(() => response.end(String(kept.length)), request.url === '/slow' ? 100 : 0);
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** What its first worker says; whoever looks is answered with something fresh within a second or two. */
async function stats(rig: DaemonRig): Promise<WorkerStats> {
  const said = (await rig.observe()).workers[0]?.stats;
  if (said === null || said === undefined) throw new Error('it has said nothing');
  return said;
}

describe.for(inject('nodeLines'))('Node $line', { concurrent: true }, ({ program }) => {
  test('a worker tells its event loop, heap, handles and requests; to the next daemon as well', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write('app.cjs', SERVER);
    const interpreter = { type: 'program', path: program } as const;
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter, env: { PORT: String(port) } }) });
    const idle = await eventually(() => stats(rig));
    expect(idle.http).toBeNull();
    expect(idle.heapUsedBytes).toBeGreaterThan(1 << 20);
    expect(idle.heapTotalBytes).toBeGreaterThanOrEqual(idle.heapUsedBytes);
    expect(idle.activeHandles).toBeGreaterThan(0);

    const seen = await eventually(async () => {
      await Promise.all(['/', '/slow', '/broken'].map((path) => get(port, path)));
      const { http } = await stats(rig);
      return http !== null && http.statusesPerSecond['5xx'] > 0 && http.latency !== null && http;
    });
    expect(seen.requestsPerSecond).toBeGreaterThan(seen.statusesPerSecond['5xx']);
    expect(seen.latency?.p99).toBeGreaterThan(80);
    expect((await stats(rig)).eventLoopUtilization).toBeLessThan(1);

    await rig.killDaemon();
    await rig.startDaemon();
    expect((await eventually(() => stats(rig))).http).not.toBeNull();
  });
});

test('a program without a preload says nothing, and what it uses is known', async ({ rig }) => {
  await rig.startDaemon();
  await rig.ok({ type: 'start', spec: rig.spec('/bin/sleep', { interpreter: { type: 'none' }, args: ['60'] }) });
  const [worker] = (await rig.observe()).workers;
  expect(worker?.stats).toBeNull();
  expect(worker?.memoryBytes).toBeGreaterThan(100_000);
  expect(worker?.cpuPercent).toBeLessThan(50);
});
