import { expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { DEFAULTS } from '../../src/domain/policies.ts';
import { seconds } from '../../src/domain/time.ts';
import { newDocument, type ClusterDocument } from '../../src/supervise/cluster-document.ts';
import { Cluster } from '../../src/supervise/cluster.ts';
import type { Worker } from '../../src/supervise/worker.ts';
import { FakeMachine } from '../support/fake-machine.ts';
import { appSpec } from '../support/states.ts';

const KEY = { project: 'shop', app: 'api' };
const LIMIT = 100;
const SPEC = appSpec({ name: 'api', instances: 2, maxMemoryRestart: LIMIT, killTimeout: seconds(4) });
const OVER = { type: 'over-memory', memoryBytes: 150, limit: LIMIT } as const;

function clusterOn(machine: FakeMachine, document: ClusterDocument): Cluster {
  const cluster = new Cluster({ document, ports: machine.ports, documents: { save: () => {}, saveNow: () => null } });
  machine.find = (id) => cluster.workers.find((worker) => worker.id === id);
  return cluster;
}

/** An app that has served for `served` milliseconds, long enough for any series of restarts to be over unless told. */
async function running(fields: Partial<AppSpec> = {}, { listens = true, served = DEFAULTS.minUptime } = {}) {
  const machine = new FakeMachine();
  const spec = { ...SPEC, ...fields };
  const cluster = clusterOn(machine, newDocument(KEY, spec));
  machine.onLaunch = (process) => (listens ? process.listen() : undefined);
  const by = { user: 'ada', host: 'here', pid: 1 };
  void cluster.converge({
    spec,
    strategy: 'keep',
    by,
    source: null,
    fromFile: true,
    rollback: true,
    onProgress: () => {},
  });
  await machine.clock.advance(seconds(3));
  await machine.clock.advance(served);
  return { machine, cluster };
}

/** Two samples in a row, as the sampler takes them. */
async function uses(machine: FakeMachine, worker: Worker | undefined, memoryBytes: number): Promise<void> {
  const member = { pid: worker?.meterRoot?.pid ?? 0, memoryBytes, cpuMs: 0 };
  worker?.measured([member]);
  await machine.clock.advance(seconds(1));
  worker?.measured([member]);
}

/** `0#1 ready 0`: instance, start number, phase and restarts; `going` in front of one that makes room. */
function seen(cluster: Cluster): readonly string[] {
  return cluster.observe().workers.map(({ id, phase, retiring, restarts }) => {
    return `${retiring === null ? '' : 'going '}${id.split(':')[1]} ${phase} ${restarts}`;
  });
}

test('a worker above its limit is replaced, its successor first, and the successor knows why', async () => {
  const { machine, cluster } = await running();
  expect(seen(cluster)).toEqual(['0#0 ready 0', '1#1 ready 0']);
  await uses(machine, cluster.workers[0], 150);
  await machine.clock.advance(0);
  expect(seen(cluster)).toEqual(['going 0#0 ready 0', '0#2 ready 1', '1#1 ready 0']);
  expect(machine.signals).toEqual([]);
  expect(machine.events).toContainEqual({ type: 'worker-retired', worker: 'shop/api:0#0', cause: OVER });

  await machine.clock.advance(seconds(1));
  expect(seen(cluster)).toEqual(['going 0#0 draining 0', '0#2 ready 1', '1#1 ready 0']);
  machine.started[0]?.say({ type: 'drained' });
  await machine.clock.advance(0);
  expect(seen(cluster)).toEqual(['0#2 ready 1', '1#1 ready 0']);
  expect(cluster.observe().workers[0]).toMatchObject({ current: true, lastExit: OVER });
});

test('one sample above the limit changes nothing', async () => {
  const { machine, cluster } = await running();
  await uses(machine, cluster.workers[0], LIMIT);
  cluster.workers[0]?.measured([{ pid: 101, memoryBytes: 150, cpuMs: 0 }]);
  await machine.clock.advance(seconds(5));
  expect(seen(cluster)).toEqual(['0#0 ready 0', '1#1 ready 0']);
});

test('while its successor does not come up, it serves on', async () => {
  const { machine, cluster } = await running();
  machine.onLaunch = (process) => process.exit({ type: 'exit-code', code: 1 });
  await uses(machine, cluster.workers[0], 150);
  await machine.clock.advance(seconds(20));
  expect(seen(cluster)).toEqual(['going 0#0 ready 0', expect.stringMatching(/^0#\d+ backing-off \d$/), '1#1 ready 0']);
  machine.onLaunch = (process) => process.listen();
  await machine.clock.advance(seconds(60));
  machine.started[0]?.say({ type: 'drained' });
  await machine.clock.advance(0);
  expect(seen(cluster)).toEqual([expect.stringMatching(/^0#\d+ ready \d$/), '1#1 ready 0']);
});

test.for<[string, Partial<AppSpec>, { readonly listens?: boolean }]>([
  [
    'max_surge is 0',
    {
      instances: 1,
      rollout: {
        ...DEFAULTS.rollout,
        maxSurge: { type: 'count', value: 0 },
        maxUnavailable: { type: 'count', value: 1 },
      },
    },
    {},
  ],
  ['nobody knows what it listens on', { instances: 1, interpreter: { type: 'none' } }, { listens: false }],
])('where %s, it goes before its successor comes', async ([, fields, how]) => {
  const { machine, cluster } = await running(fields, how);
  expect(seen(cluster)).toEqual(['0#0 ready 0']);
  await uses(machine, cluster.workers[0], 150);
  await machine.clock.advance(0);
  machine.started[0]?.say({ type: 'drained' });
  await machine.clock.advance(seconds(2));
  expect(machine.living).toHaveLength(1);
  expect(seen(cluster)).toEqual(['0#1 ready 1']);
  expect(cluster.observe().workers[0]?.lastExit).toEqual(OVER);
});

test('one that is above its limit again and again is replaced ever more slowly', async () => {
  const { machine, cluster } = await running({ instances: 1 });
  const replacedAfter: number[] = [];
  while (replacedAfter.length < 5) {
    const since = machine.clock.now();
    while (cluster.workers[0]?.retirement === null) await uses(machine, cluster.workers[0], 150);
    replacedAfter.push(Math.round((machine.clock.now() - since) / 1000));
    await machine.clock.advance(seconds(1));
    machine.started.at(-2)?.say({ type: 'drained' });
    await machine.clock.advance(0);
  }
  expect(replacedAfter).toEqual([1, 1, 1, 3, 7]);
});

test('a task above its limit is ended, and has failed', async () => {
  const { machine, cluster } = await running({ instances: 1, kind: 'task' }, { listens: false });
  await uses(machine, cluster.workers[0], 150);
  await machine.clock.advance(0);
  expect(machine.signals).toEqual([expect.stringContaining('SIGTERM')]);
  expect(cluster.observe().workers[0]).toMatchObject({ phase: 'failed', lastExit: OVER });
});

test('a daemon that dies in the middle of it leaves the replacement to the next one', async () => {
  const { machine, cluster } = await running();
  await uses(machine, cluster.workers[0], 150);
  await machine.clock.advance(0);
  const records = [...machine.records.values()];
  expect(records.map(({ id, retiring }) => [id, retiring])).toContainEqual(['shop/api:0#0', OVER]);
  cluster.release();

  const next = clusterOn(machine, cluster.document);
  next.resume(records);
  for (const process of machine.living) process.listen();
  await machine.clock.advance(seconds(2));
  machine.started[0]?.say({ type: 'drained' });
  await machine.clock.advance(seconds(1));
  expect(next.observe().workers.map(({ instance, phase }) => `${instance} ${phase}`)).toEqual(['0 ready', '1 ready']);
  expect(machine.living.map(({ worker }) => worker)).toEqual(['shop/api:1#1', 'shop/api:0#2']);
});
