import { describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { minutes, seconds } from '../../src/domain/time.ts';
import type { ExitCause, WorkerState } from '../../src/domain/worker-state.ts';
import { adoptWorker } from '../../src/supervise/adopt-worker.ts';
import type { WorkerRecord } from '../../src/supervise/ports.ts';
import { Worker } from '../../src/supervise/worker.ts';
import { deferred } from '../../src/util/deferred.ts';
import { BOOT_ID, FakeMachine, type FakeProcess } from '../support/fake-machine.ts';
import { appSpec } from '../support/states.ts';

const KEY = { project: 'shop', app: 'api' };
const CRASH: ExitCause = { type: 'exit-code', code: 3 };

interface Fixture {
  readonly spec?: Partial<AppSpec>;
  readonly machine?: FakeMachine;
  readonly instance?: number;
}

function newWorker({ spec = {}, machine = new FakeMachine(), instance = 0 }: Fixture = {}) {
  let startNumber = 0;
  const changes: string[] = [];
  const worker: Worker = new Worker({
    key: KEY,
    instance,
    generation: 1,
    revision: 7,
    spec: appSpec({ name: 'api', killTimeout: seconds(5), ...spec }),
    expected: { type: 'unknown' },
    predecessor: null,
    minReady: seconds(1),
    ports: machine.ports,
    nextStartNumber: () => {
      startNumber += 1;
      return startNumber;
    },
    onChange: () => changes.push(worker.state.phase),
  });
  const findOthers = machine.find;
  machine.find = (id) => (id === worker.id ? worker : findOthers(id));
  return { machine, worker, changes };
}

/** A worker whose program has been started and does nothing yet. */
async function startedWorker(fixture: Fixture = {}) {
  const { machine, worker, changes } = newWorker(fixture);
  worker.start();
  await machine.clock.advance(0);
  return { machine, worker, changes, process: machine.newest };
}

async function readyWorker(fixture: Fixture = {}) {
  const started = await startedWorker(fixture);
  started.process.listen();
  expect(started.worker.state.phase).toBe('ready');
  return started;
}

function eventsOf({ events }: FakeMachine): readonly string[] {
  return events.map((event) => event.type);
}

describe('start', () => {
  test('is written down before the process exists, and again with the process', async () => {
    const machine = new FakeMachine();
    const launching = deferred<null>();
    machine.launching = () => launching.promise;
    const { worker } = newWorker({ machine });
    worker.start();
    await machine.clock.advance(0);
    expect(machine.records.get('shop/api:0#1')).toMatchObject({ phase: 'starting', process: null });
    launching.resolve(null);
    await machine.clock.advance(0);
    expect(machine.records.get('shop/api:0#1')).toMatchObject({
      phase: 'starting',
      process: { pid: 101, startTime: 'start of 101', bootId: BOOT_ID },
      startedAt: machine.clock.wallTime(),
    });
  });

  test('a worker that listens is ready at once, and says so once', async () => {
    const { machine, worker, process } = await readyWorker();
    process.say({ type: 'signals', handled: ['SIGTERM'] });
    await machine.clock.advance(minutes(1));
    expect(eventsOf(machine)).toEqual(['worker-started', 'worker-ready']);
    expect(worker.observe(true)).toMatchObject({
      id: 'shop/api:0#1',
      pid: 101,
      phase: 'ready',
      uptime: minutes(1),
      managed: true,
      listening: ['*:3000'],
      retryIn: null,
    });
  });

  test('a program without preload is ready once it has lived for a while', async () => {
    const { machine, worker } = await startedWorker({ spec: { interpreter: { type: 'none' } } });
    await machine.clock.advance(999);
    expect(worker.state.phase).toBe('starting');
    await machine.clock.advance(1);
    expect(worker.state.phase).toBe('ready');
    expect(worker.observe(true).managed).toBe(false);
  });

  test('a worker that rests sets no timer', async () => {
    const { machine } = await readyWorker();
    expect(machine.clock.pending()).toBe(0);
  });

  test('one that is not ready in time is ended, and tried again with the reason', async () => {
    const { machine, worker, process } = await startedWorker({
      spec: { readyTimeout: seconds(3), readiness: { type: 'message' } },
    });
    process.register();
    process.ignores = ['SIGTERM'];
    await machine.clock.advance(seconds(8));
    expect(machine.signals.slice(0, 2)).toEqual(['3000 SIGTERM -101', '8000 SIGKILL -101']);
    await machine.clock.advance(1);
    expect(worker.state).toMatchObject({
      phase: 'backing-off',
      cause: { type: 'not-ready-in-time', timeout: 3000, waitingFor: "send 'ready'" },
    });
  });

  test('a program that cannot be started is tried again', async () => {
    const machine = new FakeMachine();
    machine.launching = () => Promise.resolve({ type: 'spawn-error', message: 'spawn nodee ENOENT' });
    const { worker } = newWorker({ machine });
    worker.start();
    await machine.clock.advance(0);
    expect(worker.state).toMatchObject({ phase: 'backing-off', cause: { type: 'spawn-error' } });
    expect(worker.observe(true)).toMatchObject({ pid: null, retryIn: 1000 });
    machine.launching = () => Promise.resolve(null);
    await machine.clock.advance(seconds(1));
    expect(worker.state.phase).toBe('starting');
    expect(machine.living).toHaveLength(1);
  });
});

describe('stop', () => {
  test('a worker that ignores SIGTERM gets SIGKILL once kill_timeout is over', async () => {
    const { machine, worker, process } = await startedWorker();
    process.ignores = ['SIGTERM'];
    worker.stop({ handover: false });
    await machine.clock.advance(4999);
    expect(machine.signals).toEqual(['0 SIGTERM -101']);
    await machine.clock.advance(1);
    expect(machine.signals).toEqual(['0 SIGTERM -101', '5000 SIGKILL -101']);
    await machine.clock.advance(0);
    expect(worker.state.phase).toBe('stopped');
    expect(machine.records.size).toBe(0);
    expect(machine.clock.pending()).toBe(0);
    expect(machine.events.at(-1)).toMatchObject({ type: 'worker-exited', expected: true });
  });

  test('a worker that listens drains first, the signal comes when it has drained', async () => {
    const { machine, worker, process } = await readyWorker();
    worker.stop({ handover: true });
    expect(process.told).toEqual([{ type: 'drain', within: 3750, handover: true }]);
    expect(worker.state.phase).toBe('draining');
    await machine.clock.advance(20);
    process.say({ type: 'drained' });
    await machine.clock.advance(0);
    expect(machine.signals).toEqual(['20 SIGTERM -101']);
    expect(worker.state.phase).toBe('stopped');
  });

  test('a worker that never drains has the rest of kill_timeout for its stop signal', async () => {
    const { machine, worker, process } = await readyWorker();
    process.ignores = ['SIGTERM'];
    worker.stop({ handover: true });
    await machine.clock.advance(seconds(5));
    expect(machine.signals).toEqual(['3750 SIGTERM -101', '5000 SIGKILL -101']);
  });

  test.for<[string, readonly string[], AppSpec['stopSignal'], string]>([
    ['handles neither', [], 'auto', 'SIGTERM'],
    ['handles SIGINT only', ['SIGINT'], 'auto', 'SIGINT'],
    ['handles both', ['SIGTERM', 'SIGINT'], 'auto', 'SIGTERM'],
    ['handles SIGTERM only', ['SIGTERM'], 'auto', 'SIGTERM'],
    ['handles SIGTERM, is to get SIGUSR2', ['SIGTERM'], 'SIGUSR2', 'SIGUSR2'],
  ])('a program that %s gets the right signal', async ([, handled, stopSignal, expected]) => {
    const { machine, worker, process } = await startedWorker({ spec: { stopSignal } });
    process.register();
    process.say({ type: 'signals', handled });
    worker.stop({ handover: false });
    expect(machine.signals).toEqual([`0 ${expected} -101`]);
  });

  test('waits for what the program started, and ends it', async () => {
    const { machine, worker, process } = await startedWorker();
    const child = machine.addProcess({ session: process.pid });
    worker.stop({ handover: false });
    await machine.clock.advance(4900);
    expect(worker.state.phase).toBe('stopping');
    expect(worker.observe(true).pid).toBeNull();
    await machine.clock.advance(200);
    expect(machine.signals).toEqual(['0 SIGTERM -101', `5000 SIGKILL ${child}`]);
    expect(worker.state.phase).toBe('stopped');
  });

  test('tells what the program started when the program itself ends while it drains', async () => {
    const { machine, worker, process } = await readyWorker();
    const child = machine.addProcess({ session: process.pid });
    worker.stop({ handover: true });
    process.exit({ type: 'exit-code', code: 0 });
    await machine.clock.advance(0);
    expect(machine.signals).toEqual([`0 SIGTERM ${child}`]);
    await machine.clock.advance(5100);
    expect(machine.signals).toEqual([`0 SIGTERM ${child}`, `5000 SIGKILL ${child}`]);
    expect(worker.state.phase).toBe('stopped');
  });

  test('tells also what has left the group', async () => {
    const { machine, worker, process } = await startedWorker();
    const runaway = machine.addProcess({ session: process.pid, group: 990 });
    worker.stop({ handover: false });
    await machine.clock.advance(0);
    expect(machine.signals).toEqual(['0 SIGTERM -101', `0 SIGTERM ${runaway}`]);
  });

  test('a tree that ends by itself is noticed long before kill_timeout', async () => {
    const { machine, worker, process } = await startedWorker();
    const child = machine.addProcess({ session: process.pid });
    worker.stop({ handover: false });
    await machine.clock.advance(300);
    machine.table.delete(child);
    await machine.clock.advance(100);
    expect(worker.state.phase).toBe('stopped');
  });

  test('while it waits for its turn to start: it never starts', async () => {
    const machine = new FakeMachine({ places: 1 });
    const { process: first } = await startedWorker({ machine });
    const { worker } = newWorker({ machine, instance: 1 });
    worker.start();
    await machine.clock.advance(0);
    worker.stop({ handover: false });
    expect(worker.state.phase).toBe('stopped');
    first.register();
    await machine.clock.advance(minutes(1));
    expect(machine.started).toHaveLength(1);
    expect(machine.signals).toEqual([]);
  });

  test('while the system is starting it: it is stopped as soon as it exists', async () => {
    const machine = new FakeMachine();
    const launching = deferred<null>();
    machine.launching = () => launching.promise;
    const { worker } = newWorker({ machine });
    worker.start();
    await machine.clock.advance(10);
    worker.stop({ handover: false });
    await machine.clock.advance(10);
    expect(worker.state.phase).toBe('stopping');
    launching.resolve(null);
    await machine.clock.advance(1);
    expect(machine.signals).toEqual(['20 SIGTERM -101']);
    expect(worker.state.phase).toBe('stopped');
    expect(machine.table.size).toBe(0);
  });

  test('while the system is starting it, for longer than kill_timeout: it is killed as soon as it exists', async () => {
    const machine = new FakeMachine();
    const launching = deferred<null>();
    machine.launching = () => launching.promise;
    machine.onLaunch = (process) => {
      process.ignores = ['SIGTERM'];
    };
    const { worker } = newWorker({ machine });
    worker.start();
    worker.stop({ handover: false });
    await machine.clock.advance(seconds(7));
    launching.resolve(null);
    await machine.clock.advance(seconds(1));
    expect(worker.state.phase).toBe('stopped');
    expect(machine.table.size).toBe(0);
  });

  test('while it backs off: there is no next attempt', async () => {
    const { machine, worker, process } = await startedWorker();
    process.exit(CRASH);
    await machine.clock.advance(0);
    worker.stop({ handover: false });
    expect(worker.state.phase).toBe('stopped');
    await machine.clock.advance(minutes(2));
    expect(machine.started).toHaveLength(1);
  });
});

describe('crash', () => {
  test('is answered by another process with a new id, after a while that grows', async () => {
    const { machine, worker, changes } = await startedWorker();
    const waited: number[] = [];
    for (let crashes = 0; crashes < 4; crashes += 1) {
      const before = worker.id;
      machine.newest.exit(CRASH);
      await machine.clock.advance(0);
      const { retryIn, lastExit, restarts } = worker.observe(true);
      expect({ lastExit, restarts }).toEqual({ lastExit: CRASH, restarts: crashes + 1 });
      waited.push(retryIn ?? 0);
      await machine.clock.advance(retryIn ?? 0);
      expect(worker.state.phase).toBe('starting');
      expect(worker.id).not.toBe(before);
      expect([...machine.records.keys()]).toEqual([worker.id]);
    }
    expect(waited).toEqual([1000, 1000, 2000, 4000]);
    expect(machine.started.map((process) => process.worker)).toEqual([1, 2, 3, 4, 5].map((n) => `shop/api:0#${n}`));
    expect(changes).toContain('backing-off');
  });

  test('a worker that served is back at once', async () => {
    const { machine, worker, process } = await readyWorker();
    await machine.clock.advance(minutes(2));
    process.exit(CRASH);
    await machine.clock.advance(100);
    expect(worker.state).toMatchObject({ phase: 'starting', restarts: { total: 1, inSeries: 1 } });
    expect(machine.living).toHaveLength(1);
  });

  test('what it leaves behind is gone before the next attempt', async () => {
    const { machine, process } = await readyWorker();
    const child = machine.addProcess({ session: process.pid });
    process.exit(CRASH);
    await machine.clock.advance(0);
    expect(machine.signals).toEqual([`0 SIGKILL ${child}`]);
    await machine.clock.advance(100);
    expect([...machine.table.keys()]).toEqual([machine.newest.pid]);
  });

  test('programs that crash before their event loop turns block nobody', async () => {
    const machine = new FakeMachine({ places: 1 });
    machine.onLaunch = (process) => {
      if (process.worker.includes(':0#')) process.exit(CRASH);
    };
    await startedWorker({ machine });
    await machine.clock.advance(0);
    const { worker } = newWorker({ machine, instance: 1 });
    worker.start();
    await machine.clock.advance(0);
    expect(machine.living.map((process) => process.worker)).toEqual(['shop/api:1#1']);
  });

  test('the news of an end that belongs to an earlier process is dropped', async () => {
    const { machine, worker, process } = await startedWorker();
    process.exit(CRASH);
    await machine.clock.advance(seconds(1));
    expect(worker.id).toBe('shop/api:0#2');
    const before = worker.state;
    process.listener.onExit({ type: 'exit-code', code: 99 });
    process.say({ type: 'ready' });
    process.listener.onInternalMessage(
      { cmd: 'NODE_ECO_LISTEN', seq: 1, address: { type: 'tcp', host: null, port: 1 }, nth: 0 },
      undefined,
    );
    await machine.clock.advance(0);
    expect(worker.state).toEqual(before);
    expect(worker.observe(true).lastExit).toEqual(CRASH);
    expect(machine.vault.open).toEqual([]);
  });

  test('tells the last lines of the process that crashed, not those of earlier ones', async () => {
    const machine = new FakeMachine();
    const asked: string[] = [];
    machine.lastLines = (file, count) => {
      asked.push(`${file} ${count}`);
      return file.endsWith('out.log') ? ['a', 'b'] : ['c', 'd'];
    };
    const { worker } = await startedWorker({ machine });
    expect(worker.lastLines(3)).toEqual(['b', 'c', 'd']);
    expect(asked).toEqual(['/home/eco/logs/shop/api-0.out.log 3', '/home/eco/logs/shop/api-0.err.log 3']);
  });

  test('settings that are changed hold from the next event on', async () => {
    const { machine, worker, process } = await readyWorker();
    worker.update({ ...worker.spec, autorestart: false });
    process.exit(CRASH);
    await machine.clock.advance(0);
    expect(worker.state).toMatchObject({ phase: 'failed', cause: CRASH });
  });
});

describe('task', () => {
  test('runs for as long as it likes, is never ready, and completes', async () => {
    const { machine, worker, process } = await startedWorker({ spec: { kind: 'task' } });
    process.listen();
    await machine.clock.advance(minutes(600));
    expect(worker.state.phase).toBe('starting');
    process.exit({ type: 'exit-code', code: 0 });
    await machine.clock.advance(0);
    expect(worker.state.phase).toBe('completed');
    expect(machine.records.get(worker.id)).toMatchObject({ phase: 'completed', process: null });
  });
});

describe('sockets', () => {
  const address = { type: 'tcp', host: null, port: 3000 } as const;
  const ask = (process: FakeProcess, seq: number, port = 3000) =>
    process.listener.onInternalMessage(
      { cmd: 'NODE_ECO_LISTEN', seq, address: { ...address, port }, nth: 0 },
      undefined,
    );

  test('workers that ask for an address get the same one, a port that is taken is refused by name', async () => {
    const machine = new FakeMachine();
    machine.vault.taken.push('*:80');
    const { process: first } = await startedWorker({ machine });
    const { process: second } = await startedWorker({ machine, instance: 1 });
    ask(first, 1);
    ask(second, 5);
    ask(second, 6, 80);
    const given = { cmd: 'NODE_ECO_HANDLE', errorCode: null, slot: null };
    expect(first.sent).toEqual([{ message: { ...given, seq: 1 }, handle: 'handle of *:3000' }]);
    expect(second.sent).toEqual([
      { message: { ...given, seq: 5 }, handle: 'handle of *:3000' },
      { message: { ...given, seq: 6, errorCode: 'EADDRINUSE' }, handle: undefined },
    ]);
  });

  test('the next process inherits what the one before got', async () => {
    const { machine, process } = await startedWorker();
    ask(process, 1);
    process.exit(CRASH);
    await machine.clock.advance(seconds(1));
    const { inherit, env } = machine.newest.request;
    expect(inherit).toEqual([21]);
    expect(JSON.parse(env['ECO_PRELOAD'] ?? '')).toMatchObject({ sockets: [{ address, fd: 4 }] });
  });

  test('whatever else a process says is not for eco', async () => {
    const { process, machine } = await startedWorker();
    for (const message of [null, 'x', 7, {}, { cmd: 'NODE_HANDLE' }, { cmd: 'NODE_ECO_DEPOSIT' }]) {
      process.listener.onInternalMessage(message, undefined);
    }
    expect(process.sent).toEqual([]);
    expect(machine.vault.open).toEqual([]);
  });
});

describe('limits', () => {
  const limits = { memory: 512, cpu: null, pids: null };

  test('each process has a cgroup of its own, until it has ended', async () => {
    const { machine, worker, process } = await readyWorker({ spec: { limits } });
    expect([...machine.cgroups]).toEqual(['shop%2Fapi%3A0%231']);
    expect(worker.observe(true).unlimited).toBeNull();
    process.exit(CRASH);
    await machine.clock.advance(seconds(1));
    expect([...machine.cgroups]).toEqual(['shop%2Fapi%3A0%232']);
  });

  test('that do not hold are told, and written down for the next daemon', async () => {
    const machine = new FakeMachine();
    machine.cgroupProblem = 'this machine has no cgroup v2';
    const { worker } = await readyWorker({ spec: { limits }, machine });
    expect(worker.unlimited).toBe('this machine has no cgroup v2');
    expect(machine.records.get(worker.id)?.unlimited).toBe('this machine has no cgroup v2');
  });
});

describe('adopted', () => {
  function record(pid: number, fields: Partial<WorkerRecord> = {}): WorkerRecord {
    return {
      id: 'shop/api:0#9',
      key: KEY,
      instance: 0,
      generation: 1,
      phase: 'ready',
      restarts: 4,
      process: { pid, startTime: `start of ${pid}`, bootId: BOOT_ID },
      startedAt: 86_400_000 - 5000,
      lastExit: null,
      ...fields,
    };
  }

  /** A worker whose process an earlier daemon started. */
  function adopted(fields: Partial<WorkerRecord> = {}, spec: Partial<AppSpec> = {}) {
    const { machine, worker } = newWorker({ spec });
    const pid = machine.addProcess({ session: 101 });
    adoptWorker(worker, record(pid, fields), machine.ports);
    return { machine, worker, pid };
  }

  const summary = ({ worker }: { readonly worker: Worker }): WorkerState['phase'] => worker.state.phase;

  test('a process that lives is what it was', () => {
    const { machine, worker, pid } = adopted();
    expect(worker.observe(true)).toMatchObject({ id: 'shop/api:0#9', pid, phase: 'ready', restarts: 4, uptime: 5000 });
    expect(worker.state).toMatchObject({ since: -5000 });
    expect(machine.signals).toEqual([]);
    expect(eventsOf(machine)).toEqual(['worker-adopted']);
  });

  test('its death is noticed, and answered as that of a child', async () => {
    const { machine, worker, pid } = adopted();
    machine.table.delete(pid);
    await machine.clock.advance(seconds(1));
    expect(worker.state.phase).toBe('starting');
    expect(worker.observe(true)).toMatchObject({ restarts: 5, lastExit: { type: 'unknown' } });
    expect(machine.living).toHaveLength(1);
  });

  test('its exit code is what its preload wrote last', async () => {
    const { machine, worker, pid } = adopted();
    machine.exitCodes.set(worker.id, 7);
    machine.table.delete(pid);
    worker.linkClosed();
    await machine.clock.advance(0);
    expect(worker.observe(true).lastExit).toEqual({ type: 'exit-code', code: 7 });
  });

  test('it is stopped like a child', async () => {
    const { machine, worker, pid } = adopted();
    worker.stop({ handover: false });
    machine.table.delete(pid);
    await machine.clock.advance(seconds(1));
    expect(machine.signals).toEqual(['0 SIGTERM -101']);
    expect(worker.state.phase).toBe('stopped');
  });

  test('a process that died in between gets its restart policy', async () => {
    const { machine, worker } = newWorker();
    adoptWorker(worker, record(4711), machine.ports);
    await machine.clock.advance(seconds(1));
    expect(machine.living).toHaveLength(1);
    expect(machine.signals).toEqual([]);
    expect(worker.observe(true)).toMatchObject({ restarts: 5, phase: 'starting' });
  });

  test.for<[string, Partial<WorkerRecord>]>([
    ['another start time: the number went to a stranger', { process: { pid: 101, startTime: 'x', bootId: BOOT_ID } }],
    ['another boot', { process: { pid: 101, startTime: 'start of 101', bootId: 'an earlier boot' } }],
  ])('a process with %s is neither adopted nor touched', async ([, fields]) => {
    const { machine, worker } = adopted(fields);
    await machine.clock.advance(seconds(2));
    expect(worker.observe(true).pid).toBe(102);
    expect(machine.table.has(101)).toBe(true);
    expect(machine.signals).toEqual([]);
  });

  test('what a daemon was about to start, or what ran before the machine went down, is started at once', async () => {
    for (const process of [null, { pid: 101, startTime: 'start of 101', bootId: 'an earlier boot' }]) {
      const { machine, worker } = adopted({ phase: process === null ? 'starting' : 'ready', process });
      await machine.clock.advance(0);
      expect(worker.observe(true)).toMatchObject({ phase: 'starting', pid: 102, restarts: 4, lastExit: null });
      expect(worker.id).not.toBe('shop/api:0#9');
    }
  });

  test('one that wrote of its end before the daemon wrote of its start has crashed', () => {
    const { machine, worker } = newWorker();
    machine.exitCodes.set('shop/api:0#9', 3);
    adoptWorker(worker, record(0, { phase: 'starting', process: null }), machine.ports);
    expect(worker.state).toMatchObject({ phase: 'backing-off', cause: { type: 'exit-code', code: 3 } });
  });

  test('one that drains goes on with it, and is asked to stop once', async () => {
    const { machine, worker, pid } = adopted({ phase: 'draining' });
    expect(machine.signals).toEqual([]);
    worker.receive({ type: 'drained' });
    await machine.clock.advance(0);
    expect(machine.signals).toEqual(['0 SIGTERM -101']);
    machine.table.delete(pid);
    await machine.clock.advance(seconds(1));
    expect(worker.state.phase).toBe('stopped');
  });

  test.for<[WorkerRecord['phase'], WorkerState['phase']]>([
    ['failed', 'failed'],
    ['completed', 'completed'],
    ['stopped', 'stopped'],
    ['stopping', 'stopped'],
    ['draining', 'stopped'],
    ['backing-off', 'backing-off'],
    ['starting', 'starting'],
    ['ready', 'starting'],
  ])('a record of a worker without process that was %s gives one that is %s', ([phase, expected]) => {
    expect(summary(adopted({ phase, process: null }))).toBe(expected);
  });

  test.for<[WorkerRecord['phase'], WorkerState['phase']]>([
    ['starting', 'starting'],
    ['ready', 'ready'],
    ['stopping', 'stopping'],
    ['draining', 'draining'],
  ])('a living process that was %s is %s', ([phase, expected]) => {
    expect(summary(adopted({ phase }))).toBe(expected);
  });

  test('what a worker left behind that was being stopped is ended still', async () => {
    const { machine, worker } = newWorker();
    const pid = machine.addProcess({ session: 101 });
    const child = machine.addProcess({ session: 101 });
    machine.table.delete(pid);
    adoptWorker(worker, record(pid, { phase: 'stopping' }), machine.ports);
    expect(worker.state.phase).toBe('stopping');
    await machine.clock.advance(seconds(6));
    expect(machine.signals).toEqual([`0 SIGTERM ${child}`, `5000 SIGKILL ${child}`]);
    expect(machine.table.has(child)).toBe(false);
    expect(worker.state.phase).toBe('stopped');
  });

  test('after another boot a group of the same number belongs to a stranger', async () => {
    const { machine, worker } = newWorker();
    const stranger = machine.addProcess({ session: 4711 });
    const process = { pid: 4711, startTime: 'start of 4711', bootId: 'an earlier boot' };
    adoptWorker(worker, record(4711, { process }), machine.ports);
    await machine.clock.advance(minutes(1));
    expect(machine.table.has(stranger)).toBe(true);
    expect(machine.signals).toEqual([]);
  });

  test('one that waited for its next attempt tries at once', async () => {
    const { machine, worker } = adopted({ phase: 'backing-off', process: null, lastExit: CRASH });
    await machine.clock.advance(0);
    expect(worker.state.phase).toBe('starting');
    expect(machine.living).toHaveLength(1);
  });

  test('letting go touches nothing and leaves no timer', async () => {
    const { machine, worker, pid } = adopted();
    worker.release();
    await machine.clock.advance(minutes(1));
    expect(machine.clock.pending()).toBe(0);
    expect(machine.signals).toEqual([]);
    expect(machine.table.has(pid)).toBe(true);
    expect(machine.records.get('shop/api:0#9')).toMatchObject({ process: { pid } });
  });
});
