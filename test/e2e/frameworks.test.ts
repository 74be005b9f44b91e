import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { rollOut } from '../support/drain-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { FRAMEWORK_NAMES, startFrameworks, type FrameworkApps } from '../support/framework-apps.ts';
import { formatCounts, startLoad, type LoadCounts } from '../support/load.ts';

const LOAD = { protocol: 'http', keepAlive: 8, close: 4, slow: 2, pause: 10 } as const;
/** Longer than the reload of a worker takes. */
const SLOW = 1000;
const NOTHING: LoadCounts = { ok: 0, failed: 0, connections: 0, pids: [], errors: {} };

describe('a reload and a deploy under load lose no request', () => {
  test.for([
    { mode: 'fork', instances: 1 },
    { mode: 'cluster', instances: 2 },
  ] as const)('$mode, $instances', { timeout: 300_000 }, async ({ mode, instances }, { eco }) => {
    const served = await startFrameworks(eco, FRAMEWORK_NAMES, { mode, instances, slow: SLOW });
    const pids = () => Promise.all(served.map(({ framework }) => eco.pids(framework)));
    expect((await eco.list()).flatMap(({ workers }) => workers.map(({ managed }) => managed))).not.toContain(false);
    const before = await pids();
    const loads = await Promise.all(served.map(({ port }) => startLoad({ ...LOAD, port })));
    await rollOut(
      eco,
      1,
      served.map(({ version }) => version),
    );
    const counts = await Promise.all(loads.map((load) => load.stop()));
    const after = await pids();
    served.forEach(({ framework }, i) =>
      console.log(`${framework} ${mode} ${instances}: ${formatCounts(counts[i] ?? NOTHING)}`),
    );
    served.forEach(({ framework }, i) => {
      const { errors, failed, pids: answered } = counts[i] ?? NOTHING;
      expect({ framework, failed, errors }).toEqual({ framework, failed: 0, errors: {} });
      for (const pid of after[i] ?? []) expect(before[i]).not.toContain(pid);
      for (const some of [before[i], after[i]]) expect(some?.some((pid) => answered.includes(pid))).toBe(true);
    });
  });
});

describe('clients of socket.io', () => {
  interface Client {
    readonly socket: Socket;
    /** The pids of the workers that greeted it. */
    readonly greetedBy: number[];
    /** Why it lost its connection: the reason, and the status of an answer that was the cause. */
    readonly ends: string[];
  }

  async function startSocketIo(eco: EcoRig, apps: Omit<FrameworkApps, 'slow'>): Promise<number> {
    const [served] = await startFrameworks(eco, ['socket.io'], { ...apps, slow: SLOW });
    return served?.port ?? 0;
  }

  async function connect(port: number, transport: 'websocket' | 'polling', count: number): Promise<readonly Client[]> {
    const clients = Array.from({ length: count }, () => {
      const socket = io(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true, reconnectionDelay: 50 });
      const client: Client = { socket, greetedBy: [], ends: [] };
      socket.on('hello', (pid: number) => client.greetedBy.push(pid));
      socket.on('disconnect', (reason, details) => {
        // Declared as an error, and a number where there was an answer.
        const status: unknown = details !== undefined && 'description' in details ? details.description : undefined;
        client.ends.push(typeof status === 'number' ? `${reason} ${status}` : reason);
      });
      return client;
    });
    await Promise.all(clients.map(({ socket }) => once(socket as Socket & NodeJS.EventEmitter, 'hello')));
    return clients;
  }

  /** Once it is served by one of `pids`, what it asks is answered by that. */
  async function isServedBy(eco: EcoRig, pids: readonly number[], { socket, greetedBy }: Client): Promise<void> {
    await eco.eventually(() => socket.connected && pids.includes(greetedBy.at(-1) ?? 0));
    expect(await socket.timeout(5000).emitWithAck('echo', 'x')).toEqual({ text: 'x', pid: greetedBy.at(-1) });
  }

  test.for(['fork', 'cluster'] as const)(
    'over WebSocket are told to come again, and do (%s)',
    async (mode, { eco }) => {
      const instances = mode === 'fork' ? 1 : 2;
      const port = await startSocketIo(eco, { mode, instances });
      const before = await eco.pids('socket.io');
      const clients = await connect(port, 'websocket', 10);
      await eco.ok(['reload', 'socket.io']);
      const after = await eco.pids('socket.io');
      for (const client of clients) {
        await isServedBy(eco, after, client);
        expect(before).toContain(client.greetedBy[0]);
        // Who comes again while there is an old worker left may come to that one.
        expect(client.ends.length).toBeLessThanOrEqual(instances);
        expect(new Set(client.ends)).toEqual(new Set(['transport close']));
        client.socket.disconnect();
      }
    },
  );

  test('over polling have each request answered, and begin a new session with the new worker', async ({ eco }) => {
    const port = await startSocketIo(eco, { mode: 'fork', instances: 1 });
    const clients = await connect(port, 'polling', 10);
    await eco.ok(['reload', 'socket.io']);
    const after = await eco.pids('socket.io');
    for (const client of clients) {
      await isServedBy(eco, after, client);
      // The session is known to the worker that began it, and to no other.
      expect(new Set(client.ends)).toEqual(new Set(['transport error 400']));
      client.socket.disconnect();
    }
  });
});
