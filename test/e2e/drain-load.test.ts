import { inject } from 'vitest';
import { describe, expect, test } from '../support/eco-test.ts';
import {
  loadOn,
  packageThatDoesNotDrain,
  rollOut,
  SERVERS,
  startLoadedApp,
  type LoadedApp,
  type ServerName,
} from '../support/drain-rig.ts';
import { EcoRig } from '../support/eco-rig.ts';
import { formatCounts } from '../support/load.ts';

/** `npm run test:drain` asks for the long form. */
const rounds = Number(process.env['ECO_DRAIN_ROUNDS'] ?? 1);
const long = rounds > 1;
const LOAD = long ? { keepAlive: 32, close: 16, slow: 4, pause: 5 } : { keepAlive: 8, close: 4, slow: 2, pause: 10 };
/** Longer than the reload of a worker takes. */
const SLOW = long ? 2000 : 1000;

const [own, ...others] = inject('nodeLines');
const servers = Object.keys(SERVERS) as ServerName[];
const modes = ['fork', 'cluster'] as const;

interface Case extends LoadedApp {
  readonly line: string;
}

const choices = modes.flatMap((mode) => [1, 4].map((instances) => ({ mode, instances })));

/** The short form has for each server two cases on the daemon's own Node, and one on each other line. */
const cases: readonly Case[] = [
  ...servers.flatMap((server, i) =>
    choices
      .filter(({ mode, instances }) => long || (mode === 'fork') === ((instances === 1) === (i % 2 === 0)))
      .map((choice) => ({ ...choice, line: own?.line ?? '', server, slow: SLOW })),
  ),
  ...others.flatMap(({ line, program }, i) =>
    servers.flatMap((server, j) =>
      choices
        .filter(({ mode, instances }) => long || (instances === 1 && (mode === 'fork') === ((i + j) % 2 === 0)))
        .map((choice) => ({ ...choice, line, interpreter: program, server, slow: SLOW })),
    ),
  ),
];

describe('a reload and a deploy under load lose no request', () => {
  test.for(cases)(
    'Node $line, $server, $mode, $instances',
    { timeout: long ? 1_800_000 : 120_000 },
    async (app, { eco }) => {
      const port = await startLoadedApp(eco, app);
      const before = await eco.pids('web');
      const load = await loadOn(app.server, { ...LOAD, port });
      await rollOut(eco, rounds);
      const counts = await load.stop();
      console.log(`Node ${app.line} ${app.server} ${app.mode} ${app.instances}: ${formatCounts(counts)}`);
      expect(counts.errors).toEqual({});
      expect(counts.failed).toBe(0);
      const after = await eco.pids('web');
      for (const pid of after) expect(before).not.toContain(pid);
      for (const some of [before, after]) expect(some.some((pid) => counts.pids.includes(pid))).toBe(true);
    },
  );
});

test('the same load finds the requests that are lost without draining', async () => {
  const { folder, remove } = await packageThatDoesNotDrain(inject('ecoPackage'));
  const eco = await EcoRig.create(folder);
  try {
    const port = await startLoadedApp(eco, { server: 'http', mode: 'cluster', instances: 2, slow: SLOW });
    await eco.edit('ecosystem.json', '"10s"', '"1s"');
    await eco.apply();
    const load = await loadOn('http', { ...LOAD, port });
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
  const port = await startLoadedApp(eco, { server: 'http', mode: 'cluster', instances: 4, slow: SLOW });
  const load = await loadOn('http', { ...LOAD, port });
  await eco.ok(['scale', 'web', '1']);
  await eco.eventually(async () => (await eco.pids('web')).length === 1);
  await eco.ok(['scale', 'web', '4']);
  const counts = await load.stop();
  console.log(`scale 4 → 1 → 4: ${formatCounts(counts)}`);
  expect(counts.errors).toEqual({});
  expect(await eco.pids('web')).toHaveLength(4);
});
