import { describe, expect, test } from '../support/eco-test.ts';

/** A busy machine gives a program its 150 MB when it can. */
const PATIENCE = { within: 60_000 };

describe('what workers use and do', () => {
  test('is in list and describe, and of the whole process tree', async ({ eco }) => {
    const port = await eco.port();
    await eco.write({
      'server.js': `
        const { spawn } = require('node:child_process');
        spawn(process.execPath, ['-e', 'const kept = Buffer.alloc(150 << 20, 1); setInterval(() => kept[0], 1e9)'], { stdio: 'ignore' });
        require('node:http').createServer((_, response) => response.end('{}')).listen(process.env.PORT);`,
      'ecosystem.json': {
        project: 'shop',
        apps: [
          { name: 'api', script: 'server.js', env: { PORT: port } },
          { name: 'sleeper', script: 'sleep', args: '1000', interpreter: 'none' },
        ],
      },
    });
    await eco.apply();
    const { workers } = await eco.eventually(async () => {
      await eco.get(port);
      const app = await eco.app('api');
      const [worker] = app.workers;
      const served = (worker?.stats?.http?.requests_per_second ?? 0) > 0;
      return served && (worker?.memory_bytes ?? 0) > 150 << 20 && app;
    }, PATIENCE);
    expect(workers[0]).toMatchObject({
      cpu_percent: expect.any(Number),
      retiring: null,
      last_exit: null,
      restarts_in_row: 0,
      retry_in_ms: null,
      stats: {
        event_loop_utilization: expect.any(Number),
        heap_used_bytes: expect.any(Number),
        heap_total_bytes: expect.any(Number),
        active_handles: expect.any(Number),
        http: { statuses_per_second: { '5xx': 0 }, latency_ms: { p50: expect.any(Number) } },
      },
    });
    const [sleeper] = (await eco.app('sleeper')).workers;
    expect(sleeper).toMatchObject({ cpu_percent: expect.any(Number), memory_bytes: expect.any(Number), stats: null });

    const { stdout } = await eco.ok(['describe', 'api']);
    expect(stdout).toMatch(/Statistics\n {2}instance {2}event loop .* p99\n {2}0 .* % busy .* MiB of .* MiB /);
    expect((await eco.ok(['describe', 'sleeper'])).stdout).not.toContain('Statistics');
  });
});

describe('a crash loop', () => {
  test('is seen in list and describe, with its cause and what follows', async ({ eco }) => {
    await eco.write({
      'ecosystem.json': {
        project: 'shop',
        apps: [
          { name: 'loop', script: eco.worker('crashes-at-once'), restart: { delay: 100, max_delay: '1h' } },
          { name: 'once', script: eco.worker('crashes-at-once'), max_restarts: 0 },
        ],
      },
    });
    expect((await eco.run(['apply'])).exitCode).toBe(9);
    const loop = await eco.eventually(async () => {
      const app = await eco.app('loop');
      return (app.workers[0]?.restarts_in_row ?? 0) >= 3 && app.status === 'backing-off' && app;
    });
    expect(loop.workers[0]).toMatchObject({ pid: null, last_exit: { type: 'exit-code', code: 3 } });
    expect(loop.workers[0]?.retry_in_ms).toBeGreaterThan(0);
    expect(await eco.app('once')).toMatchObject({ status: 'failed', restarts: 0 });

    const { stdout } = await eco.ok(['list']);
    expect(stdout).toMatch(/^once:0 {2}exit code 3, not started again$/m);
    const line = await eco.eventually(async () => /^loop:0 .*$/m.exec((await eco.ok(['list'])).stdout)?.[0] ?? false);
    expect(line).toMatch(/^loop:0 {2}exit code 3, \d+ restarts in a row, next attempt in \S+/);
    expect((await eco.ok(['describe', 'once'])).stdout).toContain('not started again, last end: exit code 3');
  });
});
