import { inject } from 'vitest';
import { describe, expect, test } from '../support/eco-test.ts';
import {
  loadOn,
  packageThatDoesNotDrain,
  rollOut,
  SERVERS,
  startLoadedApps,
  type LoadedApps,
  type ServerName,
} from '../support/drain-rig.ts';
import { EcoRig } from '../support/eco-rig.ts';
import { formatCounts } from '../support/load.ts';

/** `npm run test:drain` asks for the long form. */
const rounds = Number(process.env['ECO_DRAIN_ROUNDS'] ?? 1);
const long = rounds > 1;
const LOAD = long ? { keepAlive: 32, close: 16, slow: 4, pause: 100 } : { keepAlive: 8, close: 4, slow: 2, pause: 50 };
/** Longer than the reload of a worker takes. */
const SLOW = long ? 2000 : 1000;

const lines = inject('nodeLines');
const [own, ...others] = lines;
const servers = Object.keys(SERVERS) as ServerName[];
const modes = ['fork', 'cluster'] as const;

type Line = (typeof lines)[number];
interface Case extends LoadedApps {
  readonly name: string;
  readonly daemon: Line;
}

const choices = modes.flatMap((mode) => [1, 4].map((instances) => ({ mode, instances })));

/** All servers side by side, with workers of each Node line, and under a daemon of each other one. */
const cases: readonly Case[] = [
  ...choices.map((choice) => ({ workers: own, daemon: own, ...choice })),
  ...others.flatMap((workers, i) => some(i).map((choice) => ({ workers, daemon: own, ...choice }))),
  ...others.flatMap((daemon, i) => some(i + 1).map((choice) => ({ workers: lines[i] ?? own, daemon, ...choice }))),
].map(({ workers, daemon, mode, instances }) => ({
  name: `Node ${workers.line} under ${daemon.line}, ${mode}, ${instances}`,
  daemon,
  mode,
  instances,
  interpreter: workers.program,
  servers,
  slow: SLOW,
}));

/** The short form has one instance, in either mode by turns. */
function some(nth: number): typeof choices {
  return choices.filter(({ mode, instances }) => long || (instances === 1 && mode === modes[nth % 2]));
}

describe('a reload and a deploy under load lose no request', () => {
  test.for(cases)('$name', { timeout: long ? 3_600_000 : 180_000 }, async ({ name, daemon, ...apps }, { eco }) => {
    eco.node = daemon.program;
    const served = await startLoadedApps(eco, apps);
    const before = await pidsOf(eco, servers);
    const loads = await Promise.all(served.map(async (one) => ({ one, load: await loadOn(one, LOAD) })));
    await rollOut(eco, rounds);
    const after = await pidsOf(eco, servers);
    for (const { one, load } of loads) {
      const counts = await load.stop();
      console.log(`${name}, ${one.server}: ${formatCounts(counts)}`);
      expect(counts.errors).toEqual({});
      expect(counts.failed).toBe(0);
      for (const pids of [before, after]) expect(pids.some((pid) => counts.pids.includes(pid))).toBe(true);
    }
    for (const pid of after) expect(before).not.toContain(pid);
  });
});

async function pidsOf(eco: EcoRig, apps: readonly string[]): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const name of apps) pids.push(...(await eco.pids(name)));
  return pids;
}

test('the same load finds the requests that are lost without draining', async () => {
  const { folder, remove } = await packageThatDoesNotDrain(inject('ecoPackage'));
  const eco = await EcoRig.create(folder);
  try {
    const [served] = await startLoadedApps(eco, {
      servers: ['http'],
      mode: 'cluster',
      instances: 2,
      slow: SLOW,
      fields: { kill_timeout: '1s' },
    });
    if (served === undefined) throw new Error('nothing serves');
    const load = await loadOn(served, LOAD);
    await rollOut(eco, 1);
    const counts = await load.stop();
    console.log(`without draining: ${formatCounts(counts)}`);
    expect(counts.failed).toBeGreaterThan(0);
  } finally {
    await eco.dispose();
    await remove();
  }
});

test('scaling 4 → 1 → 4 under load loses no request', async ({ eco }) => {
  const [served] = await startLoadedApps(eco, { servers: ['http'], mode: 'cluster', instances: 4, slow: SLOW });
  if (served === undefined) throw new Error('nothing serves');
  const load = await loadOn(served, LOAD);
  await eco.ok(['scale', 'http', '1']);
  await eco.eventually(async () => (await eco.pids('http')).length === 1);
  await eco.ok(['scale', 'http', '4']);
  const counts = await load.stop();
  console.log(`scale 4 → 1 → 4: ${formatCounts(counts)}`);
  expect(counts.errors).toEqual({});
  expect(await eco.pids('http')).toHaveLength(4);
});
