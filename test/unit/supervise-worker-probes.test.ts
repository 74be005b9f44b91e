import { describe, expect, test } from 'vitest';
import type { AppSpec, Probe } from '../../src/domain/app-spec.ts';
import { seconds } from '../../src/domain/time.ts';
import type { ProbeAnswer, ProbeQuestion } from '../../src/platform/probes.ts';
import { adoptWorker } from '../../src/supervise/adopt-worker.ts';
import { Worker } from '../../src/supervise/worker.ts';
import { FakeMachine } from '../support/fake-machine.ts';
import { appSpec } from '../support/states.ts';

const KEY = { project: 'shop', app: 'api' };
const EXEC: Probe = { target: { type: 'exec', command: './check' }, period: 1000, timeout: 400, failures: 3 };
const HTTP: Probe = { ...EXEC, target: { type: 'http', host: 'localhost', port: null, path: '/health' } };
const TCP: Probe = { ...EXEC, target: { type: 'tcp', host: 'localhost', port: null } };
const LOG: Probe = { ...EXEC, target: { type: 'log', pattern: 'ready \\d' } };

/** A worker whose probes are answered by `answers`, in turn, the last one again and again. */
function probedWorker(spec: Partial<AppSpec>, answers: readonly (ProbeAnswer | 'silence')[] = [BAD]) {
  const machine = new FakeMachine();
  const asked: { readonly at: number; readonly question: ProbeQuestion; readonly signal: AbortSignal }[] = [];
  machine.probe = (question, signal) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? 'silence';
    asked.push({ at: machine.clock.now(), question, signal });
    return answer === 'silence' ? new Promise(() => {}) : Promise.resolve(answer);
  };
  return { machine, asked, worker: newWorker(machine, spec) };
}

function newWorker(machine: FakeMachine, spec: Partial<AppSpec>): Worker {
  let startNumber = 0;
  const worker: Worker = new Worker({
    key: KEY,
    instance: 0,
    generation: 1,
    revision: 7,
    spec: appSpec({ name: 'api', killTimeout: seconds(5), ...spec }),
    expected: { type: 'unknown' },
    predecessor: null,
    minReady: seconds(1),
    ports: machine.ports,
    nextStartNumber: () => (startNumber += 1),
    onChange: () => {},
  });
  machine.find = (id) => (id === worker.id ? worker : undefined);
  return worker;
}

const WELL: ProbeAnswer = { well: true, said: 'it said 200' };
const BAD: ProbeAnswer = { well: false, said: 'exit code 1' };

describe('before a worker is ready', () => {
  test('its own sign comes first, then the readiness probe, at once and once a period', async () => {
    const { machine, asked, worker } = probedWorker({ readinessProbe: EXEC }, [BAD, BAD, WELL]);
    worker.start();
    await machine.clock.advance(300);
    machine.newest.register();
    expect(asked).toEqual([]);
    machine.newest.listen();
    await machine.clock.advance(1999);
    expect(worker.state.phase).toBe('starting');
    expect(worker.waitingFor).toBe('pass the check "./check": exit code 1');
    await machine.clock.advance(1);
    expect(asked.map(({ at }) => at)).toEqual([300, 1300, 2300]);
    expect(worker.state).toMatchObject({ phase: 'ready', since: 2300 });
    await machine.clock.advance(seconds(60));
    expect(asked).toHaveLength(3);
    expect(machine.clock.pending()).toBe(0);
  });

  test('the start-up probe comes before everything; when it is over the others follow', async () => {
    const { machine, asked, worker } = probedWorker(
      { startupProbe: EXEC, readinessProbe: { ...EXEC, target: { type: 'exec', command: './second' } } },
      [BAD, WELL],
    );
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    await machine.clock.advance(1000);
    expect(asked.map(({ question }) => 'command' in question && question.command)).toEqual([
      './check',
      './check',
      './second',
    ]);
    expect(worker.state.phase).toBe('ready');
  });

  test('a readiness probe never ends it: its time does, and the last answer is told', async () => {
    const { machine, worker } = probedWorker({ readinessProbe: EXEC, readyTimeout: seconds(10) });
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    await machine.clock.advance(9999);
    expect(worker.state.phase).toBe('starting');
    await machine.clock.advance(1);
    const cause = { type: 'not-ready-in-time', waitingFor: 'pass the check "./check": exit code 1' };
    expect(worker.state).toMatchObject({ phase: 'draining', afterwards: { type: 'count-as-crash', cause } });
    machine.newest.say({ type: 'drained' });
    await machine.clock.advance(0);
    expect(worker.state).toMatchObject({ phase: 'backing-off', cause });
  });

  test('a check runs in the folder and environment of the worker, without what is for its preload', async () => {
    const { machine, asked, worker } = probedWorker({ readinessProbe: EXEC, env: { LEVEL: '3' } });
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    await machine.clock.advance(0);
    expect(asked[0]?.question).toMatchObject({
      cwd: '/srv/shop',
      env: { LEVEL: '3', ECO_APP: 'api', ECO_REVISION: '7' },
    });
    expect(machine.newest.request.env).toHaveProperty('ECO_PRELOAD');
    expect(asked[0]?.question).not.toHaveProperty('env.ECO_PRELOAD');
  });

  test('an HTTP server is asked within the worker; a bad answer is told', async () => {
    const { machine, asked, worker } = probedWorker({ readinessProbe: HTTP });
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen(3000);
    await machine.clock.advance(0);
    const question = { type: 'ask', host: 'localhost', port: 3000, path: '/health' };
    expect(machine.newest.told).toMatchObject([question]);
    machine.newest.say({ type: 'answered', seq: 1, status: 500, problem: null });
    await machine.clock.advance(1000);
    expect(worker.waitingFor).toBe('answer GET http://localhost:3000/health with 200 to 399: it said 500');
    machine.newest.say({ type: 'answered', seq: 1, status: 200, problem: null });
    await machine.clock.advance(0);
    expect(worker.state.phase).toBe('starting');
    machine.newest.say({ type: 'answered', seq: 2, status: 204, problem: null });
    await machine.clock.advance(0);
    expect(worker.state.phase).toBe('ready');
    expect(asked).toEqual([]);
  });

  test.for<[string, Probe]>([
    ['of another host', { ...HTTP, target: { type: 'http', host: '10.0.0.7', port: 3000, path: '/' } }],
    ['that it does not listen on', { ...HTTP, target: { type: 'http', host: 'localhost', port: 9, path: '/' } }],
    ['over TCP', TCP],
  ])('a port %s is asked over the network', async ([, readinessProbe]) => {
    const { machine, asked, worker } = probedWorker({ readinessProbe });
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen(3000);
    await machine.clock.advance(0);
    expect(machine.newest.told).toEqual([]);
    expect(asked[0]?.question).toEqual({
      ...readinessProbe.target,
      port: readinessProbe === TCP ? 3000 : expect.anything(),
    });
  });

  test('a server that is none of HTTP is asked over the network', async () => {
    const { machine, asked, worker } = probedWorker({ readinessProbe: HTTP }, [WELL]);
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen(3000);
    await machine.clock.advance(0);
    machine.newest.say({ type: 'answered', seq: 1, status: null, problem: 'no-http-server' });
    await machine.clock.advance(0);
    expect(asked.map(({ question }) => question)).toEqual([
      { type: 'http', host: 'localhost', port: 3000, path: '/health' },
    ]);
    expect(worker.state.phase).toBe('ready');
  });

  test('a line of output may be what is waited for', async () => {
    const { machine, worker } = probedWorker({ startupProbe: LOG });
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    machine.written.push('nearly ready');
    await machine.clock.advance(500);
    expect(worker.waitingFor).toBe('write a line that matches /ready \\d/');
    machine.written.push('ready 7');
    await machine.clock.advance(100);
    expect(worker.state.phase).toBe('ready');
  });

  test('fail_when is seen before the sign that would make it ready', async () => {
    const { machine, worker } = probedWorker({ failWhen: 'EADDR' });
    worker.start();
    await machine.clock.advance(0);
    machine.written.push('  Error: EADDRINUSE ');
    machine.newest.listen();
    await machine.clock.advance(0);
    const cause = { type: 'matched-fail-when', line: 'Error: EADDRINUSE' };
    expect(worker.state).toMatchObject({ phase: 'backing-off', cause });
    expect(worker.observe(true).lastExit).toEqual(cause);
  });
});

describe('a ready worker', () => {
  test('is ended when it fails its liveness probe too often in a row, and that is a crash', async () => {
    const { machine, asked, worker } = probedWorker({ livenessProbe: EXEC }, [BAD, BAD, WELL, BAD, 'silence', BAD]);
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    await machine.clock.advance(4999);
    expect(worker.state.phase).toBe('ready');
    await machine.clock.advance(1);
    expect(machine.signals).toEqual(['5000 SIGTERM -101']);
    // It had been ready: the first crash is answered soon.
    expect(worker.state).toMatchObject({ phase: 'backing-off', retryAt: 5010, restarts: { total: 1 } });
    const cause = { type: 'liveness-failed', failures: 3, lastAnswer: 'exit code 1' };
    expect(worker.observe(true).lastExit).toEqual(cause);
    await machine.clock.advance(99);
    expect(asked).toHaveLength(6);
  });

  test('that ignores its stop signal gets SIGKILL', async () => {
    const { machine, worker } = probedWorker({ livenessProbe: { ...EXEC, failures: 1 } });
    worker.start();
    await machine.clock.advance(0);
    machine.newest.ignores = ['SIGTERM'];
    machine.newest.listen();
    await machine.clock.advance(5000);
    expect(machine.signals).toEqual(['0 SIGTERM -101', '5000 SIGKILL -101']);
  });

  test.for<[string, (worker: Worker, machine: FakeMachine) => void]>([
    ['stopped', (worker) => worker.stop({ handover: false })],
    ['let go', (worker) => worker.release()],
    ['gone', (_worker, machine) => machine.newest.exit({ type: 'exit-code', code: 1 })],
  ])('that is %s leaves no question open', async ([, end]) => {
    const { machine, asked, worker } = probedWorker({ livenessProbe: EXEC, autorestart: false }, ['silence']);
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    await machine.clock.advance(100);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([false]);
    end(worker, machine);
    await machine.clock.advance(seconds(60));
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(machine.clock.pending()).toBe(0);
  });

  test('goes by a changed probe from then on; by one that did not change as before', async () => {
    const { machine, asked, worker } = probedWorker({}, [BAD]);
    worker.start();
    await machine.clock.advance(0);
    machine.newest.listen();
    await machine.clock.advance(100);
    worker.update({ ...worker.spec, livenessProbe: EXEC });
    await machine.clock.advance(1000);
    worker.update({ ...worker.spec, killTimeout: 7 });
    await machine.clock.advance(999);
    expect(asked.map(({ at }) => at)).toEqual([100, 1100]);
    expect(worker.state.phase).toBe('ready');
    worker.update({ ...worker.spec, livenessProbe: null });
    await machine.clock.advance(seconds(60));
    expect(asked).toHaveLength(2);
    expect(worker.state.phase).toBe('ready');
  });
});

describe('under the next daemon', () => {
  async function adopted(phase: 'starting' | 'ready', spec: Partial<AppSpec>) {
    const { machine, asked, worker: before } = probedWorker(spec);
    before.start();
    await machine.clock.advance(0);
    if (phase === 'ready') machine.newest.listen();
    const [record] = machine.records.values();
    if (record === undefined) throw new Error('nothing was written down');
    before.release();
    const worker = newWorker(machine, spec);
    adoptWorker(worker, record, machine.ports);
    return { machine, asked, worker, record };
  }

  test('a ready worker is asked on, once it had the time to find that daemon', async () => {
    const { machine, asked, worker } = await adopted('ready', { livenessProbe: { ...EXEC, failures: 1 } });
    const before = asked.length;
    await machine.clock.advance(9999);
    expect(asked).toHaveLength(before);
    await machine.clock.advance(1);
    expect(asked).toHaveLength(before + 1);
    // It is no child of this daemon, which looks now and then whether it lives.
    await machine.clock.advance(500);
    expect(machine.signals).toEqual(['10000 SIGTERM -101']);
    expect(worker.observe(true).lastExit).toMatchObject({ type: 'liveness-failed' });
  });

  test('a worker that starts is still waited for', async () => {
    const { machine, worker, record } = await adopted('starting', { readinessProbe: EXEC });
    expect(record.logStart).toEqual({ out: 0, error: 0 });
    machine.newest.listen();
    await machine.clock.advance(0);
    expect(worker.state.phase).toBe('starting');
    machine.probe = () => Promise.resolve(WELL);
    await machine.clock.advance(seconds(2));
    expect(worker.state.phase).toBe('ready');
  });
});
