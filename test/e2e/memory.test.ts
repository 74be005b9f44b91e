import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedEvent } from '../../src/domain/event.ts';
import { expect, test } from '../support/eco-test.ts';
import { startLoad } from '../support/load.ts';

const LIMIT = 100 << 20;

test('a worker of a cluster that leaks 300 MB is replaced within 5 s, and no request fails', async ({ eco }) => {
  const port = await eco.port();
  await eco.write({
    'ecosystem.json': {
      project: 'shop',
      apps: [
        {
          name: 'api',
          script: eco.worker('leaks-on-request'),
          instances: 2,
          max_memory_restart: '100M',
          env: { PORT: port },
        },
      ],
    },
  });
  await eco.apply();
  const before = await eco.pids('api');
  const load = await startLoad({ protocol: 'http', port, keepAlive: 8, close: 4, slow: 0, pause: 5 });

  const { pid: leaking } = (await eco.get(port, '/leak')).body;
  const leaked = Date.now();
  await eco.eventually(async () => {
    const { ready, workers } = await eco.app('api');
    return ready === 2 && workers.length === 2 && workers.every(({ pid }) => pid !== leaking);
  });
  const counts = await load.stop();
  const events = (await readFile(join(eco.home, 'events.jsonl'), 'utf8')).trim().split('\n');
  const ready = events.map((line) => JSON.parse(line) as RecordedEvent).findLast(({ type }) => type === 'worker-ready');
  const within = (ready?.at ?? Number.POSITIVE_INFINITY) - leaked;
  console.log(`a successor after ${within} ms; under load ${counts.ok} answered, ${counts.failed} failed`);
  expect(counts).toMatchObject({ failed: 0, errors: {} });
  expect(within).toBeLessThan(5000);

  const { workers, status, restarts } = await eco.app('api');
  expect({ status, restarts }).toEqual({ status: 'ready', restarts: 1 });
  expect(before.filter((pid) => workers.some((worker) => worker.pid === pid))).toHaveLength(1);
  const replaced = workers.find(({ pid }) => !before.includes(pid ?? 0));
  expect(replaced).toMatchObject({ restarts: 1, last_exit: { type: 'over-memory', limit: LIMIT } });
  expect((await eco.ok(['describe', 'api'])).stdout).toContain('above max_memory_restart (100.0 MiB)');
  expect((await eco.ok(['plan'])).stdout).toContain('No changes');
});
