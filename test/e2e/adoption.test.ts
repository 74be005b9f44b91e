import { join } from 'node:path';
import { httpClient } from '../../src/client/http-client.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { formatCounts, startLoad } from '../support/load.ts';
import { gone, kill } from '../support/processes.ts';

/** The long form, by hand: ECO_ADOPTION_ROUNDS=10 npm run test:e2e test/e2e/adoption.test.ts */
const rounds = Number(process.env['ECO_ADOPTION_ROUNDS'] ?? 2);
const LOAD = { protocol: 'http', keepAlive: 3, close: 1, slow: 1, pause: 20 } as const;
const NODE_APPS = 20;
const OTHER_APPS = 5;

interface Adopted {
  readonly pid: number | null;
  readonly managed: boolean;
  readonly handsOver: boolean;
  readonly memoryBytes: number | null;
}

describe('a daemon that is killed under load', () => {
  test(
    'is replaced by one that adopts everything within a second',
    { timeout: 60_000 + rounds * 60_000 },
    async ({ eco }) => {
      const ports = await startApps(eco);
      const loads = await Promise.all(ports.slice(0, 4).map((port) => startLoad({ ...LOAD, port })));
      for (let round = 0; round < rounds; round += 1) await killAndAdopt(eco, round);
      const counts = await Promise.all(loads.map(({ stop }) => stop()));
      for (const count of counts) console.log(`${rounds} daemons killed: ${formatCounts(count)}`);
      expect(counts.map(({ errors }) => errors)).toEqual([{}, {}, {}, {}]);
      expect(counts.every(({ ok }) => ok > 0)).toBe(true);
    },
  );
});

/** By turns in cluster mode with two workers and in fork mode; those under load come first. */
async function startApps(eco: EcoRig): Promise<readonly number[]> {
  await eco.copyFixture('apps/loaded', 'web');
  const ports = await Promise.all(Array.from({ length: NODE_APPS }, () => eco.port()));
  const common = { cwd: 'web', script: 'http.js', revision: 'none', kill_timeout: '10s' };
  const node = ports.map((port, i) => ({
    ...common,
    name: `node-${i}`,
    env: { PORT: port, SLOW: 300 },
    ...(i % 2 === 0 ? { exec_mode: 'cluster', instances: 2 } : {}),
  }));
  const others = Array.from({ length: OTHER_APPS }, (_, i) => {
    const tick = 'i=0; while sleep 0.2; do i=$((i+1)); echo tick $i; done';
    return { name: `other-${i}`, script: 'sh', args: ['-c', tick], interpreter: 'none', unwrap: false };
  });
  await eco.write({ 'ecosystem.json': { project: 'adopted', apps: [...node, ...others] } });
  await eco.apply();
  return ports;
}

async function killAndAdopt(eco: EcoRig, round: number): Promise<void> {
  const before = await pidsByApp(eco);
  const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
  kill(pid);
  await gone([pid], { within: 2000 });

  // Also where the next command asks at once for what needs the workers' sockets.
  const first = round % 2 === 0 ? [] : ['node-0', 'node-1'];
  const asked = performance.now();
  await eco.ok(first.length === 0 ? ['list'] : ['reload', ...first]);
  const answered = performance.now();
  await eco.eventually(async () => expect(await missing(eco)).toEqual([]), { within: 1000 });
  const [since, whole] = [answered, asked].map((from) => Math.round(performance.now() - from));
  console.log(`round ${round + 1}: all adopted ${since} ms after the command, ${whole} ms after it began`);
  for (const [name, pids] of Object.entries(await pidsByApp(eco)))
    if (!first.includes(name)) expect([name, pids]).toEqual([name, before[name]]);

  await eco.ok(['reload', 'node-2', 'node-3']);
  const reloaded = [...first, 'node-2', 'node-3'];
  await expectRestart(eco, `node-${5 + (round % 15)}`);
  await expectRestart(eco, `other-${round % OTHER_APPS}`);
  const touched = [...reloaded, `node-${5 + (round % 15)}`, `other-${round % OTHER_APPS}`];
  for (const [name, pids] of Object.entries(await pidsByApp(eco)))
    expect([name, pids.some((one) => before[name]?.includes(one))]).toEqual([
      name,
      !touched.includes(name) || (name.startsWith('node-') && pids.length > 1 && !reloaded.includes(name)),
    ]);
  // Of one that this daemon did not start.
  await expectFreshLines(eco, `other-${(round + 1) % OTHER_APPS}`);
}

/** The next daemon brings back what dies, though it did not start it. */
async function expectRestart(eco: EcoRig, name: string): Promise<void> {
  const [victim = 0] = await eco.pids(name);
  kill(victim);
  await eco.eventually(async () => {
    const { status, workers } = await eco.app(name);
    expect([status, workers.some(({ pid }) => pid === victim)]).toEqual(['ready', false]);
  });
}

async function expectFreshLines(eco: EcoRig, name: string): Promise<void> {
  const last = async (): Promise<number> => {
    const { stdout } = await eco.ok(['logs', name, '--no-follow', '--lines', '1', '--raw']);
    return Number(/^tick (\d+)$/m.exec(stdout)?.[1]);
  };
  const before = await last();
  await eco.eventually(async () => expect(await last()).toBeGreaterThan(before));
}

async function pidsByApp(eco: EcoRig): Promise<Readonly<Record<string, readonly (number | null)[]>>> {
  return Object.fromEntries((await eco.list()).map(({ name, workers }) => [name, workers.map(({ pid }) => pid)]));
}

/** The workers that the daemon does not see, or whose sockets it does not share. */
async function missing(eco: EcoRig): Promise<readonly string[]> {
  const client = httpClient({ socketPath: join(eco.home, 'daemon.sock'), log: join(eco.home, 'daemon.log') });
  const observed = await client.observe();
  if (!observed.ok) return [observed.error.reason];
  const apps = observed.value.projects.flatMap((project) => project.apps);
  const isThere = (name: string, { pid, managed, handsOver, memoryBytes }: Adopted): boolean =>
    pid !== null && (memoryBytes ?? 0) > 0 && (name.startsWith('other') || (managed && handsOver));
  return apps.flatMap(({ name, workers }) => workers.filter((one) => !isThere(name, one)).map(({ id }) => id));
}
