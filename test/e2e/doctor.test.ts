import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '../support/eco-test.ts';
import { gone, kill } from '../support/processes.ts';

interface Findings {
  readonly healthy: boolean;
  readonly findings: readonly { readonly check: string; readonly status: string; readonly text: string }[];
}

const SERVER = `require('node:http').createServer((_request, response) => response.end('ok')).listen(process.env.PORT);`;

test('a machine in order, one without its daemon, a stray, and a port that another program has', async ({ eco }) => {
  const bad = async (): Promise<readonly string[]> => {
    const { exitCode, stdout } = await eco.run(['doctor', '--json']);
    const { healthy, findings } = JSON.parse(stdout) as Findings;
    expect(exitCode).toBe(healthy ? 0 : 1);
    return findings.filter(({ status }) => status === 'bad').map(({ check, text }) => `${check}: ${text}`);
  };
  const PORT = await eco.port();
  const web = { name: 'web', script: './server.js', env: { PORT } };
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [web] }, 'server.js': SERVER });
  await eco.apply();
  expect(await bad()).toEqual([]);

  const { pid: daemon } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
  kill(daemon);
  await gone([daemon], { within: 5000 });
  expect(await bad()).toEqual([
    'daemon: no daemon runs: nothing restarts the apps',
    'strays: 1 worker runs without a daemon',
  ]);
  await eco.ok(['daemon', 'start']);
  expect(await bad()).toEqual([]);

  const stray = spawn('sleep', ['100'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, ECO_ID: `${eco.home} shop/lost:0#999` },
  });
  try {
    await once(stray, 'spawn');
    expect(await bad()).toEqual([
      `strays: process ${stray.pid} was started as shop/lost:0#999, and the daemon does not keep it`,
    ]);
  } finally {
    kill(stray.pid ?? 0);
  }

  await eco.ok(['stop', 'web']);
  const other = createServer().listen(PORT);
  await once(other, 'listening');
  await eco.run(['start', 'web']);
  expect((await bad()).at(-1)).toBe(`ports: port ${PORT}, which web is told to use, belongs to another program`);
  other.close();
});
