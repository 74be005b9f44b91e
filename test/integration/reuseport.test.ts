import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { DEFAULTS } from '../../src/domain/policies.ts';
import { get, type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { formatCounts, startLoad, type LoadCounts } from '../support/load.ts';
import type { NodeLine } from '../support/node-lines.ts';
import { kill } from '../support/processes.ts';

const lines = inject('nodeLines');
/** The lines whose Node can make the sockets; workers may be of any. */
const daemons = lines.filter(({ line }) => Number(line) >= 22);
const LOAD = { protocol: 'http', keepAlive: 8, close: 8, slow: 2, pause: 2 } as const;
const CLIENTS = LOAD.keepAlive + LOAD.close + LOAD.slow;
const SERVER = fileURLToPath(new URL('../../fixtures/apps/loaded/http.js', import.meta.url));
/** Serves at once when it is the first of its instance, and when it follows a crash once there is a file named `go`. */
const SLOW_SUCCESSOR = `
const { existsSync, writeFileSync } = require('node:fs');
const answer = require(${JSON.stringify(fileURLToPath(new URL('../../fixtures/apps/loaded/answer.js', import.meta.url)))});
const mark = 'started-' + process.env.NODE_APP_INSTANCE;
const server = require('node:http').createServer(async (request, response) => {
  response.end(JSON.stringify(await answer(request, request)));
});
const listen = () => server.listen(process.env.PORT);
const wait = () => (existsSync('go') ? listen() : setTimeout(wait, 20));
if (existsSync(mark)) wait();
else listen();
writeFileSync(mark, '');
`;

interface Case {
  readonly daemonLine: string;
  readonly workerLine: string;
  /** The programs. */
  readonly daemon: string;
  readonly worker: string;
  readonly execMode: AppSpec['execMode'];
}

/** Every line of one with every line of the other, both modes with each. */
const everyPair: readonly Case[] = daemons.flatMap((daemon, i) =>
  lines.map((worker, j) => ({
    daemonLine: daemon.line,
    workerLine: worker.line,
    daemon: daemon.program,
    worker: worker.program,
    execMode: (i + j) % 2 === 0 ? 'cluster' : 'fork',
  })),
);
/** Every line of each at least once. */
const somePairs = everyPair.filter((_, i) => i % 3 === 0);
const NAME = 'daemon on Node $daemonLine, workers on $workerLine, $execMode';

async function start(rig: DaemonRig, { daemon, worker, execMode }: Case, fields: Partial<AppSpec> = {}) {
  rig.node = daemon;
  await rig.startDaemon();
  const port = await freePort();
  const spec = rig.spec(SERVER, {
    interpreter: { type: 'program', path: worker },
    execMode,
    balance: 'reuseport',
    instances: 4,
    killTimeout: 10_000,
    rollout: { ...DEFAULTS.rollout, minReady: 100 },
    ...fields,
    env: { PORT: String(port), SLOW: '700', ...fields.env },
  });
  await rig.ok({ type: 'start', spec });
  return { port, spec };
}

/** The listening sockets of a port, of whatever process. */
function listeningSockets(port: number): number {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n'));
  return rows.filter((row) => row.includes(hex) && / 0A /.test(row)).length;
}

/** How many of so many connections each process answered. */
async function spread(port: number, connections: number): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  const client = async (): Promise<void> => {
    while (connections > 0) {
      connections -= 1;
      const { pid } = JSON.parse(await get(port)) as { readonly pid: number };
      counts.set(pid, (counts.get(pid) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  return counts;
}

async function underLoad(what: string, port: number, action: () => Promise<void>): Promise<LoadCounts> {
  const load = await startLoad({ ...LOAD, port });
  try {
    await action();
  } catch (error) {
    await load.stop();
    throw error;
  }
  const counts = await load.stop();
  console.log(`${what}: ${formatCounts(counts)}`);
  return counts;
}

const changed = (spec: AppSpec, value: string): AppSpec => ({ ...spec, env: { ...spec.env, GREETING: value } });

describe('each worker has a socket of its own', () => {
  test.for(everyPair)(
    `connections are shared out evenly, and a reload and a scale lose none: ${NAME}`,
    async (pair, { rig }) => {
      const { port, spec } = await start(rig, pair);
      expect(listeningSockets(port)).toBe(4);
      const counts = await spread(port, 400);
      expect(new Set(counts.keys())).toEqual(new Set(await rig.pids()));
      // By the port of each client: 100 each, with a deviation of less than 9.
      for (const count of counts.values()) expect(count).toBeGreaterThan(50);

      const old = await rig.pids();
      const load = await underLoad(`${pair.daemonLine} ${pair.workerLine} ${pair.execMode}`, port, async () => {
        await rig.ok({ type: 'reload', spec: changed(spec, 'hello') });
        await rig.ok({ type: 'scale', spec: { ...changed(spec, 'hello'), instances: 1 }, from: 4, to: 1 });
        expect(new Set((await spread(port, 100)).keys())).toEqual(new Set(await rig.pids()));
        await rig.ok({ type: 'scale', spec: changed(spec, 'hello'), from: 1, to: 4 });
      });
      expect(load.errors).toEqual({});
      expect((await rig.pids()).filter((pid) => old.includes(pid))).toEqual([]);
      expect((await spread(port, 400)).size).toBe(4);
      expect(listeningSockets(port)).toBe(4);
    },
  );

  test.for(somePairs)(
    `a worker that is killed fails what it had, and its siblings take its connections: ${NAME}`,
    async (pair, { rig }) => {
      const { port } = await start(rig, pair, { script: await rig.write('app.cjs', SLOW_SUCCESSOR) });
      const [victim = 0, ...siblings] = await rig.pids();
      const load = await underLoad(`kill -9 ${pair.daemonLine} ${pair.workerLine} ${pair.execMode}`, port, async () => {
        kill(victim);
        await eventually(async () => !(await rig.pids()).includes(victim));
        // Its successor does not listen yet, and nobody waits for it.
        expect(new Set((await spread(port, 200)).keys())).toEqual(new Set(siblings));
        await rig.write('go', '');
        await eventually(async () => (await rig.observe()).workers.every(({ phase }) => phase === 'ready'));
      });
      // Each client had at most one request with it, on a connection that was made.
      expect(load.failed).toBeLessThanOrEqual(CLIENTS);
      expect(Object.keys(load.errors).filter((error) => /^connect|no answer/.test(error))).toEqual([]);
      await eventually(async () => (await spread(port, 100)).size === 4);
      expect(listeningSockets(port)).toBe(4);
    },
  );

  test.for(somePairs)(
    `the next daemon keeps the sockets apart, and the orphans served: ${NAME}`,
    async (pair, { rig }) => {
      const { port, spec } = await start(rig, pair);
      await rig.ok({ type: 'scale', spec: { ...spec, instances: 3 }, from: 4, to: 3 });
      await spread(port, 100);
      const load = await underLoad(`adopted ${pair.daemonLine} ${pair.workerLine} ${pair.execMode}`, port, async () => {
        await rig.killDaemon();
        await rig.startDaemon();
        await eventually(async () =>
          (await rig.observe()).workers.every(({ handsOver, managed }) => managed && handsOver),
        );
        await rig.ok({ type: 'reload', spec: changed({ ...spec, instances: 3 }, 'hello') });
        await rig.ok({ type: 'scale', spec: changed(spec, 'hello'), from: 3, to: 4 });
      });
      expect(load.errors).toEqual({});
      expect((await spread(port, 400)).size).toBe(4);
      expect(listeningSockets(port)).toBe(4);
    },
  );

  test.for(somePairs)(
    `workers of an earlier daemon take the connections of one that is killed: ${NAME}`,
    async (pair, { rig }) => {
      const { port } = await start(rig, pair, { script: await rig.write('app.cjs', SLOW_SUCCESSOR) });
      await rig.killDaemon();
      await rig.startDaemon();
      await eventually(async () =>
        (await rig.observe()).workers.every(({ handsOver, managed }) => managed && handsOver),
      );
      const [victim = 0, ...siblings] = await rig.pids();
      kill(victim);
      await eventually(async () => !(await rig.pids()).includes(victim));
      expect(new Set((await spread(port, 100)).keys())).toEqual(new Set(siblings));
      await rig.write('go', '');
      await eventually(async () => (await rig.observe()).workers.every(({ phase }) => phase === 'ready'));
      await eventually(async () => (await spread(port, 100)).size === 4);
    },
  );
});

const [newest = lines[0]] = daemons.toReversed();
/** Those whose Node cannot make the sockets, as far as they are there. */
const older = lines.filter((line) => !daemons.includes(line));
const pairOf = (daemon: NodeLine | undefined, execMode: AppSpec['execMode'] = 'cluster'): Case => ({
  daemonLine: daemon?.line ?? '',
  workerLine: newest?.line ?? '',
  daemon: daemon?.program ?? '',
  worker: newest?.program ?? '',
  execMode,
});

test('a change of the kind of sockets lets go of the old ones before it asks for new ones', async ({ rig }) => {
  const { port, spec } = await start(rig, pairOf(newest), { balance: 'shared' });
  expect(listeningSockets(port)).toBe(1);
  await rig.ok({ type: 'replace', spec: { ...spec, balance: 'reuseport' }, because: 'balance changed' });
  expect(listeningSockets(port)).toBe(4);
  expect((await spread(port, 400)).size).toBe(4);
  await rig.ok({ type: 'replace', spec, because: 'balance changed' });
  expect(listeningSockets(port)).toBe(1);
  await rig.ok({ type: 'stop', workers: 4 });
  expect(listeningSockets(port)).toBe(0);
});

test.for(older)('a daemon that has no such sockets lets the workers share one, and says so', async (line, { rig }) => {
  const { port, spec } = await start(rig, pairOf(line));
  expect(await rig.client.info()).toMatchObject({ value: { reusePort: 'needs-newer-node' } });
  expect(listeningSockets(port)).toBe(1);
  await rig.ok({ type: 'reload', spec: changed(spec, 'hello') });
  expect([...(await spread(port, 20)).keys()].every((pid) => pid > 0)).toBe(true);
});

test.for(older)(
  'sockets that an older Node cannot make more of are shared under its daemon',
  async ({ program }, { rig }) => {
    const { port, spec } = await start(rig, pairOf(newest), { instances: 2 });
    await rig.killDaemon();
    rig.node = program;
    await rig.startDaemon();
    await eventually(async () => (await rig.observe()).workers.every(({ handsOver, managed }) => managed && handsOver));
    const load = await underLoad('an older daemon', port, async () => {
      await rig.ok({ type: 'scale', spec: { ...spec, instances: 3 }, from: 2, to: 3 });
      await rig.ok({ type: 'reload', spec: changed({ ...spec, instances: 3 }, 'hello') });
    });
    expect(load.errors).toEqual({});
    expect(listeningSockets(port)).toBe(2);
    expect((await rig.observe()).workers.every(({ handsOver }) => handsOver)).toBe(true);
  },
);

test.for(['cluster', 'fork'] as const)(
  'a port that another app has is refused, not joined (%s)',
  async (execMode, { rig }) => {
    const { port, spec } = await start(rig, pairOf(newest, execMode), { instances: 1 });
    // It is refused after it has asked: until then it may well have run for `min_ready`.
    const other: AppSpec = { ...spec, name: 'other', maxRestarts: 0, readiness: { type: 'listening' } };
    const outcome = await rig.step({ type: 'start', spec: other });
    expect(outcome.ok).toBe(false);
    expect(JSON.stringify(outcome)).toContain('EADDRINUSE');
    await rig.ok({ type: 'reload', spec: changed(spec, 'hello') });
    expect(new Set((await spread(port, 40)).keys())).toEqual(new Set(await rig.pids()));
  },
);

test.for(['cluster', 'fork'] as const)(
  'names, unix paths and ports that the system chooses work as ever (%s)',
  async (execMode, { rig }) => {
    const script = await rig.write(
      'app.cjs',
      `const http = require('node:http');
     const listen = (...where) => http.createServer((request, response) => response.end(JSON.stringify({ pid: process.pid }))).listen(...where);
     listen({ port: Number(process.env.PORT), host: 'localhost', exclusive: true });
     listen(require('node:path').resolve('app' + (process.env.NODE_APP_INSTANCE % 2) + '.sock'));
     listen(0);`,
    );
    const { port, spec } = await start(rig, pairOf(newest, execMode), { script, instances: 2 });
    expect((await spread(port, 100)).size).toBe(2);
    const ports = await rig.ports();
    expect(ports.filter((other) => other > 0 && other !== port)).toHaveLength(execMode === 'cluster' ? 1 : 2);
    expect((await rig.observe()).workers.every(({ handsOver }) => handsOver)).toBe(true);
    await rig.ok({ type: 'reload', spec: changed(spec, 'hello') });
    await rig.ok({ type: 'scale', spec: changed({ ...spec, instances: 1 }, 'hello'), from: 2, to: 1 });
    expect((await spread(port, 100)).size).toBe(1);
  },
);
