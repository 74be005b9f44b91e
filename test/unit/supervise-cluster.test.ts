import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { minutes, seconds } from '../../src/domain/time.ts';
import type { Result } from '../../src/domain/result.ts';
import type { ExitCause } from '../../src/domain/worker-state.ts';
import type { StepOutcome, WorkerProgress } from '../../src/protocol/control.ts';
import { newDocument, type ClusterDocument } from '../../src/supervise/cluster-document.ts';
import { Cluster } from '../../src/supervise/cluster.ts';
import type { DocumentPort } from '../../src/supervise/kept-document.ts';
import type { ConvergeRequest } from '../../src/supervise/converge-request.ts';
import type { Strategy } from '../../src/supervise/targets.ts';
import { FakeMachine, type FakeProcess } from '../support/fake-machine.ts';
import { appSpec } from '../support/states.ts';

const KEY = { project: 'shop', app: 'api' };
const CRASH: ExitCause = { type: 'exit-code', code: 3 };
const BY_FILE = { by: { user: 'ada', host: 'here', pid: 1 }, source: null, fromFile: true };
const SPEC = appSpec({ name: 'api', instances: 2, killTimeout: seconds(4) });
const EDITED: AppSpec = { ...SPEC, env: { GREETING: 'hello' } };

type Answer = Result<StepOutcome> | 'stopped';

/** An app on a machine of its own, whose programs listen at once unless told otherwise. */
class Fixture {
  readonly machine = new FakeMachine();
  readonly cluster: Cluster;
  document: ClusterDocument;
  readonly progress: (readonly WorkerProgress[])[] = [];
  /** Answered to what must be written before anything is done. */
  refusal: ReturnType<DocumentPort['saveNow']> = null;

  constructor(document: ClusterDocument = newDocument(KEY, SPEC)) {
    this.document = document;
    this.cluster = new Cluster({
      document,
      ports: this.machine.ports,
      documents: {
        save: (saved) => {
          this.document = saved;
        },
        saveNow: (saved) => {
          if (this.refusal === null) this.document = saved;
          return this.refusal;
        },
      },
    });
    this.machine.find = (id) => this.cluster.workers.find((worker) => worker.id === id);
    this.machine.onLaunch = (process) => process.listen();
  }

  converge(spec: AppSpec, strategy: Strategy): Promise<Result<StepOutcome>> {
    const onProgress: ConvergeRequest['onProgress'] = (workers) => this.progress.push(workers);
    return this.cluster.converge({ spec, strategy, onProgress, rollback: true, ...BY_FILE });
  }

  update(spec: AppSpec): Promise<Result<StepOutcome>> {
    return this.cluster.update({ spec, onProgress: () => {}, rollback: true, ...BY_FILE });
  }

  /** Lets time pass and answers what `asked` came to; fails if it is still open. */
  async within(span: number, asked: Promise<Result<StepOutcome>> | Promise<void>): Promise<Answer> {
    let answer: Answer | undefined;
    // Not awaited: whether it is open after `span` is the question.
    void (async () => {
      answer = (await asked) ?? 'stopped';
    })();
    await this.machine.clock.advance(span);
    if (answer === undefined) throw new Error(`no answer; ${this.workers.join(', ')}`);
    return answer;
  }

  async started(): Promise<this> {
    expect(await this.within(seconds(5), this.converge(SPEC, 'keep'))).toEqual(SERVES(1));
    return this;
  }

  /** `0#1 ready`: instance, start number and phase; `old` in front of those that are to go. */
  get workers(): readonly string[] {
    return this.cluster
      .observe()
      .workers.map(({ id, phase, current }) => `${current ? '' : 'old '}${id.split(':')[1]} ${phase}`);
  }

  get pids(): readonly number[] {
    return this.machine.living.map(({ pid }) => pid);
  }
}

const SERVES = (revision: number, count = 2) =>
  ({ ok: true, value: { serving: { revision, ready: count, desired: count } } }) as const;

const keepNothing: DocumentPort = { save: () => {}, saveNow: () => null };

const crashesAtOnce = (process: FakeProcess): void => process.exit(CRASH);

test('what a worker listens on is remembered though it began late: its successor is waited for', async () => {
  const app = new Fixture();
  app.machine.onLaunch = (process) => process.register();
  await app.started();
  expect(app.document.sockets).toEqual({ 0: [], 1: [] });
  for (const process of app.machine.living) process.listen();
  await app.machine.clock.advance(1);
  expect(app.document.sockets).toEqual({ 0: ['*:3000'], 1: ['*:3000'] });

  const asked = app.converge({ ...SPEC, code: { type: 'auto', digest: 'new' } }, 'rolling');
  await app.machine.clock.advance(seconds(20));
  expect(app.workers).toEqual(['old 0#0 ready', '0#2 starting', 'old 1#1 ready']);
  app.machine.onLaunch = (process) => process.listen();
  app.machine.newest.listen();
  expect(await app.within(seconds(20), asked)).toEqual(SERVES(2));
});

describe('start', () => {
  test('brings up one worker first, then the others', async () => {
    const app = new Fixture();
    const asked = app.converge(SPEC, 'keep');
    await app.machine.clock.advance(999);
    expect(app.workers).toEqual(['0#0 ready']);
    expect(await app.within(1001, asked)).toEqual(SERVES(1));
    expect(app.workers).toEqual(['0#0 ready', '1#1 ready']);
    expect(app.progress.at(-1)).toMatchObject([
      { worker: 'shop/api:0#0', phase: 'ready', current: true },
      { worker: 'shop/api:1#1', phase: 'ready', current: true },
    ]);
  });

  test('a first worker that crashes is answered with its last lines; no other is started', async () => {
    const app = new Fixture();
    app.machine.onLaunch = crashesAtOnce;
    app.machine.lastLines = (file) => (file.endsWith('err.log') ? ['Error: DATABASE_URL is not set'] : []);
    expect(await app.within(0, app.converge(SPEC, 'keep'))).toEqual({
      ok: false,
      error: {
        reason: 'rollout-failed',
        app: 'api',
        workers: [{ worker: 'shop/api:0#0', cause: CRASH, lastLines: ['Error: DATABASE_URL is not set'] }],
        serving: null,
        restored: 'nothing-stable',
      },
    });
    expect(app.machine.started).toHaveLength(1);
    expect(app.workers).toEqual(['0#0 backing-off']);
  });

  test('what failed to start is tried again, and the rest follows once it stays up', async () => {
    const app = new Fixture();
    app.machine.onLaunch = crashesAtOnce;
    await app.within(0, app.converge(SPEC, 'keep'));
    app.machine.onLaunch = (process) => process.listen();
    await app.machine.clock.advance(seconds(4));
    expect(app.workers).toEqual(['0#1 ready', '1#2 ready']);
  });

  test('the same again touches nothing', async () => {
    const app = await new Fixture().started();
    const { pids } = app;
    expect(await app.within(0, app.converge(SPEC, 'keep'))).toEqual(SERVES(1));
    await app.machine.clock.advance(minutes(1));
    expect(app.pids).toEqual(pids);
    expect(app.machine.started).toHaveLength(2);
    expect(app.machine.clock.pending()).toBe(0);
  });

  test('the same again starts a worker that failed for good', async () => {
    const app = await new Fixture().started();
    app.machine.living[0]?.exit({ type: 'exit-code', code: 125 });
    await app.machine.clock.advance(seconds(10));
    expect(app.workers).toEqual(['0#0 failed', '1#1 ready']);
    expect(await app.within(seconds(5), app.converge(SPEC, 'keep'))).toEqual(SERVES(1));
    expect(app.workers).toEqual(['0#2 ready', '1#1 ready']);
  });

  test('a start that is asked for again while it is under way is answered with the same outcome', async () => {
    const app = new Fixture();
    const first = app.converge(SPEC, 'keep');
    const second = app.converge(SPEC, 'keep');
    await app.within(seconds(5), first);
    expect(await second).toEqual(await first);
    expect(app.machine.started).toHaveLength(2);
  });

  test('a worker that never listens is late; the answer says what was missing', async () => {
    const app = new Fixture();
    app.machine.onLaunch = (process) => process.register();
    const spec: AppSpec = { ...SPEC, readiness: { type: 'message' }, readyTimeout: seconds(3) };
    const answer = await app.within(seconds(3), app.converge(spec, 'keep'));
    expect(answer).toMatchObject({
      error: { workers: [{ cause: { type: 'not-ready-in-time', timeout: 3000, waitingFor: "send 'ready'" } }] },
    });
  });
});

describe('reload', () => {
  test('never has fewer ready than desired, nor more than one above', async () => {
    const app = await new Fixture().started();
    const seen: (readonly string[])[] = [];
    app.machine.onLaunch = (process) => {
      process.listen();
      seen.push(app.workers);
    };
    app.progress.length = 0;
    expect(await app.within(seconds(30), app.converge(EDITED, 'rolling'))).toEqual(SERVES(2));
    expect(app.workers).toEqual(['0#2 ready', '1#3 ready']);
    expect(seen).toEqual([
      ['old 0#0 ready', '0#2 starting', 'old 1#1 ready'],
      ['old 0#0 draining', '0#2 ready', 'old 1#1 ready', '1#3 starting'],
    ]);
    for (const workers of app.progress) {
      expect(workers.filter(({ phase }) => phase === 'ready').length).toBeGreaterThanOrEqual(2);
    }
    expect(app.document.target).toMatchObject({ spec: EDITED, revision: 2, generation: 2 });
  });

  test('new processes get the new environment and revision', async () => {
    const app = await new Fixture().started();
    await app.within(seconds(30), app.converge(EDITED, 'rolling'));
    expect(app.machine.newest.request.env).toMatchObject({ GREETING: 'hello', ECO_REVISION: '2', ECO_INSTANCE: '1' });
  });

  test('that fails leaves the old workers, says so, and asks for nothing more', async () => {
    const app = await new Fixture().started();
    const { pids } = app;
    app.machine.onLaunch = crashesAtOnce;
    expect(await app.within(seconds(5), app.converge(EDITED, 'rolling'))).toMatchObject({
      ok: false,
      error: {
        reason: 'rollout-failed',
        workers: [{ worker: 'shop/api:0#2', cause: CRASH }],
        serving: { revision: 1, ready: 2, desired: 2 },
      },
    });
    await app.machine.clock.advance(minutes(5));
    expect(app.pids).toEqual(pids);
    expect(app.machine.started).toHaveLength(3);
    expect(app.document.target).toMatchObject({ spec: SPEC, revision: 1 });
    expect(app.machine.records.size).toBe(2);
  });

  test('that fails half-way brings the old version back to its full number', async () => {
    const app = await new Fixture().started();
    app.machine.onLaunch = (process) => (process.worker.includes(':1#3') ? crashesAtOnce(process) : process.listen());
    expect(await app.within(seconds(60), app.converge(EDITED, 'rolling'))).toMatchObject({
      error: { workers: [{ worker: 'shop/api:1#3' }], serving: { revision: 1, ready: 2, desired: 2 } },
    });
    const environments = app.machine.living.map(({ request }) => request.env['GREETING']);
    expect(environments).toEqual([undefined, undefined]);
    expect(app.workers.every((worker) => worker.endsWith('ready'))).toBe(true);
  });

  test('of something that waits for a socket: the successor counts once it listens there, too', async () => {
    const app = await new Fixture().started();
    app.machine.onLaunch = (process) => process.listen(4000);
    const code: AppSpec = { ...SPEC, code: { type: 'fixed', value: '2' } };
    expect(await app.within(seconds(40), app.converge(code, 'rolling'))).toMatchObject({
      error: { workers: [{ cause: { waitingFor: 'listen on *:3000 as the workers before it' } }] },
    });
  });

  test('a later request takes over; the first one is told', async () => {
    const app = await new Fixture().started();
    const first = app.converge(EDITED, 'rolling');
    await app.machine.clock.advance(500);
    const later: AppSpec = { ...SPEC, env: { GREETING: 'good evening' } };
    const second = app.converge(later, 'rolling');
    expect(await app.within(seconds(30), second)).toEqual(SERVES(3));
    expect(await first).toEqual({ ok: false, error: { reason: 'superseded', app: 'api' } });
    expect(app.machine.living.map(({ request }) => request.env['GREETING'])).toEqual(['good evening', 'good evening']);
  });

  test('a later request that fails goes back to what served before both', async () => {
    const app = await new Fixture().started();
    void app.converge(EDITED, 'rolling');
    await app.machine.clock.advance(500);
    app.machine.onLaunch = (process) =>
      process.request.env['GREETING'] === undefined ? process.listen() : crashesAtOnce(process);
    const later: AppSpec = { ...SPEC, env: { GREETING: 'good evening' } };
    expect(await app.within(seconds(30), app.converge(later, 'rolling'))).toMatchObject({
      error: { serving: { revision: 1, ready: 2 } },
    });
    expect(app.machine.living.map(({ request }) => request.env['GREETING'])).toEqual([undefined, undefined]);
  });

  test('without a change replaces every process, and the revision stays', async () => {
    const app = await new Fixture().started();
    expect(await app.within(seconds(30), app.converge(SPEC, 'rolling'))).toEqual(SERVES(1));
    expect(app.workers).toEqual(['0#2 ready', '1#3 ready']);
  });

  test('one that makes no progress is given up after ten minutes', async () => {
    const app = await new Fixture().started();
    app.machine.onLaunch = (process) => process.register();
    const spec: AppSpec = { ...EDITED, readiness: { type: 'message' }, readyTimeout: minutes(60) };
    const asked = app.converge(spec, 'rolling');
    await expect(app.within(minutes(10) - 1, asked)).rejects.toThrow('no answer');
    expect(await app.within(1, asked)).toMatchObject({
      error: {
        workers: [{ cause: { type: 'not-ready-in-time', timeout: minutes(10), waitingFor: "send 'ready'" } }],
        serving: { revision: 1, ready: 2 },
      },
    });
    expect(app.workers).toEqual(['0#0 ready', '1#1 ready']);
  });
});

describe('replace', () => {
  test('ends every old worker before the first new one starts', async () => {
    const app = await new Fixture().started();
    app.machine.onLaunch = (process) => {
      expect(app.machine.living.map(({ request }) => request.env['GREETING'] ?? 'old')).not.toContain('old');
      process.listen();
    };
    expect(await app.within(seconds(30), app.converge(EDITED, 'replace'))).toEqual(SERVES(2));
    expect(app.workers).toEqual(['0#2 ready', '1#3 ready']);
  });

  test('that fails goes back to what served before', async () => {
    const app = await new Fixture().started();
    app.machine.onLaunch = (process) =>
      process.request.env['GREETING'] === 'hello' ? crashesAtOnce(process) : process.listen();
    expect(await app.within(seconds(60), app.converge(EDITED, 'replace'))).toMatchObject({
      error: { reason: 'rollout-failed', serving: { revision: 1, ready: 2, desired: 2 } },
    });
    expect(app.workers).toEqual(['0#3 ready', '1#4 ready']);
  });
});

describe('scale', () => {
  test('up starts what is missing, down stops the highest', async () => {
    const app = await new Fixture().started();
    const { pids } = app;
    expect(await app.within(seconds(30), app.converge({ ...SPEC, instances: 4 }, 'keep'))).toEqual(SERVES(2, 4));
    expect(app.pids.slice(0, 2)).toEqual(pids);
    expect(app.workers).toEqual(['0#0 ready', '1#1 ready', '2#2 ready', '3#3 ready']);
    expect(await app.within(seconds(30), app.converge({ ...SPEC, instances: 1 }, 'keep'))).toEqual(SERVES(3, 1));
    expect(app.pids).toEqual(pids.slice(0, 1));
  });

  test('up that fails keeps those that serve', async () => {
    const app = await new Fixture().started();
    app.machine.onLaunch = crashesAtOnce;
    expect(await app.within(seconds(5), app.converge({ ...SPEC, instances: 3 }, 'keep'))).toMatchObject({
      error: { reason: 'rollout-failed', workers: [{ worker: 'shop/api:2#2' }], serving: { ready: 2, desired: 3 } },
    });
  });

  test('of tasks that have run: down is done at once, and what has run for numbers beyond is forgotten', async () => {
    const task = appSpec({ name: 'api', kind: 'task', instances: 2 });
    const app = new Fixture(newDocument(KEY, task));
    app.machine.onLaunch = (process) => process.exit({ type: 'exit-code', code: 0 });
    expect(await app.within(seconds(1), app.converge(task, 'keep'))).toMatchObject({ ok: true });
    expect(await app.within(seconds(1), app.converge({ ...task, instances: 1 }, 'keep'))).toMatchObject({ ok: true });
    expect(app.cluster.observe().workers.map(({ instance, phase }) => [instance, phase])).toEqual([[0, 'completed']]);
    expect(app.machine.records.size).toBe(1);
  });
});

describe('stop', () => {
  test('answers once nothing is left, and keeps the app known', async () => {
    const app = await new Fixture().started();
    const stopping = app.cluster.stop();
    expect(await app.within(seconds(10), stopping)).toBe('stopped');
    expect(app.machine.table.size).toBe(0);
    expect(app.machine.records.size).toBe(0);
    expect(app.document).toMatchObject({ goal: 'stopped', target: { spec: SPEC } });
    await app.machine.clock.advance(minutes(5));
    expect(app.machine.started).toHaveLength(2);
    expect(app.machine.clock.pending()).toBe(0);
  });

  test('waits for a process that ignores its signal', async () => {
    const app = await new Fixture().started();
    for (const process of app.machine.living) process.ignores = ['SIGTERM'];
    const stopping = app.cluster.stop();
    await expect(app.within(3900, stopping)).rejects.toThrow('no answer');
    expect(await app.within(200, stopping)).toBe('stopped');
    expect(app.machine.table.size).toBe(0);
  });

  test('in the middle of a reload ends old and new; the reload is told', async () => {
    const app = await new Fixture().started();
    const reload = app.converge(EDITED, 'rolling');
    await app.machine.clock.advance(1500);
    expect(app.pids.length).toBeGreaterThan(2);
    expect(await app.within(seconds(10), app.cluster.stop())).toBe('stopped');
    expect(await reload).toEqual({ ok: false, error: { reason: 'superseded', app: 'api' } });
    expect(app.machine.table.size).toBe(0);
    expect(app.document.target.spec).toEqual(SPEC);
  });

  test('of an app that is stopped answers at once; twice at a time, both', async () => {
    const app = await new Fixture().started();
    const [first, second] = [app.cluster.stop(), app.cluster.stop()];
    expect(await app.within(seconds(10), first)).toBe('stopped');
    expect(await app.within(0, second)).toBe('stopped');
    expect(await app.within(0, app.cluster.stop())).toBe('stopped');
  });

  test('of an app that backs off ends its attempts', async () => {
    const app = new Fixture();
    app.machine.onLaunch = crashesAtOnce;
    await app.within(0, app.converge(SPEC, 'keep'));
    expect(await app.within(0, app.cluster.stop())).toBe('stopped');
    await app.machine.clock.advance(minutes(5));
    expect(app.machine.started).toHaveLength(1);
  });

  test('is answered when a start takes over', async () => {
    const app = await new Fixture().started();
    for (const process of app.machine.living) process.ignores = ['SIGTERM'];
    const stopping = app.cluster.stop();
    await app.machine.clock.advance(100);
    const starting = app.converge(SPEC, 'keep');
    expect(await app.within(0, stopping)).toBe('stopped');
    expect(await app.within(seconds(30), starting)).toEqual(SERVES(1));
    expect(app.workers).toEqual(['0#2 ready', '1#3 ready']);
    expect(app.machine.living).toHaveLength(2);
  });

  test('lets go of the sockets', async () => {
    const app = new Fixture();
    app.machine.onLaunch = (process) => {
      process.listen();
      const address = { type: 'tcp', host: null, port: 3000 };
      setImmediate(() =>
        process.listener.onInternalMessage({ cmd: 'NODE_ECO_LISTEN', seq: 1, address, nth: 0 }, undefined),
      );
    };
    await app.started();
    expect(app.machine.vault.open).toEqual(['*:3000']);
    await app.within(seconds(10), app.cluster.stop());
    expect(app.machine.vault.open).toEqual([]);
  });
});

describe('what the next plan is compared with', () => {
  test('is what the file asked for, once it is reached', async () => {
    const app = new Fixture();
    const asked = app.converge(SPEC, 'keep');
    expect(app.document.applied).toBeNull();
    await app.within(seconds(5), asked);
    expect(app.document.applied).toEqual(SPEC);
    app.machine.onLaunch = crashesAtOnce;
    await app.within(seconds(5), app.converge(EDITED, 'rolling'));
    expect(app.document.applied).toEqual(SPEC);
  });

  test('remembers what was done by hand until a file asks again', async () => {
    const app = await new Fixture().started();
    const by = { user: 'ada', host: 'here', pid: 1 };
    app.cluster.markChangedByHand({ action: 'scale', by, at: 5 });
    expect(app.cluster.observe().manualChanges).toEqual([{ action: 'scale', by, at: 5 }]);
    await app.within(seconds(5), app.converge(SPEC, 'keep'));
    expect(app.cluster.observe().manualChanges).toEqual([]);
  });
});

describe('left alone', () => {
  test('a worker that crashes comes back by itself, its neighbour is not touched', async () => {
    const app = await new Fixture().started();
    await app.machine.clock.advance(minutes(2));
    app.machine.living[0]?.exit(CRASH);
    await app.machine.clock.advance(seconds(2));
    expect(app.workers).toEqual(['0#2 ready', '1#1 ready']);
    expect(app.cluster.observe().workers.map(({ restarts }) => restarts)).toEqual([1, 0]);
  });

  test('settings that touch no process are told to the workers', async () => {
    const app = await new Fixture().started();
    await app.update({ ...SPEC, killTimeout: seconds(1) });
    for (const process of app.machine.living) process.ignores = ['SIGTERM'];
    expect(await app.within(1100, app.cluster.stop())).toBe('stopped');
    expect(app.document.target).toMatchObject({ revision: 2, generation: 1, spec: { killTimeout: 1000 } });
  });

  test('settings that come during a rollout call it off, and are not lost', async () => {
    const app = await new Fixture().started();
    const rollout = app.converge(EDITED, 'rolling');
    await app.machine.clock.advance(500);
    const settings = { ...SPEC, killTimeout: seconds(9) };
    expect(await app.within(seconds(30), app.update(settings))).toEqual(SERVES(3));
    expect(await rollout).toEqual({ ok: false, error: { reason: 'superseded', app: 'api' } });
    expect(app.document.target.spec).toEqual(settings);
    expect(app.machine.living.map(({ request }) => request.env['GREETING'])).toEqual([undefined, undefined]);
  });

  test('settings that come while it starts hold once it has started', async () => {
    const app = new Fixture();
    void app.converge(SPEC, 'keep');
    await app.machine.clock.advance(500);
    const settings = { ...SPEC, killTimeout: seconds(9) };
    expect(await app.within(seconds(30), app.update(settings))).toEqual(SERVES(2));
    expect(app.document.target.spec).toEqual(settings);
    expect(app.machine.started).toHaveLength(2);
  });

  test('what cannot be written down is not begun', async () => {
    const app = await new Fixture().started();
    const { document, pids } = app;
    app.refusal = { reason: 'store-failed', path: '/home/eco/apps/shop/api.json', problem: 'no space' };
    const refused = { ok: false, error: app.refusal };
    expect(await app.within(0, app.converge(EDITED, 'rolling'))).toEqual(refused);
    expect(await app.within(0, app.update({ ...SPEC, killTimeout: seconds(9) }))).toEqual(refused);
    await app.machine.clock.advance(minutes(1));
    expect(app.cluster.document).toEqual(document);
    expect(app.pids).toEqual(pids);
  });

  test('the wall clock may jump: no worker comes or goes for it', async () => {
    const app = await new Fixture().started();
    const { pids } = app;
    for (const jump of [400 * 86_400_000, -800 * 86_400_000]) {
      app.machine.clock.jump(jump);
      await app.machine.clock.advance(minutes(10));
      expect(app.pids).toEqual(pids);
    }
    const reload = app.converge(EDITED, 'rolling');
    await app.machine.clock.advance(500);
    app.machine.clock.jump(400 * 86_400_000);
    expect(await app.within(seconds(20), reload)).toEqual(SERVES(2));
  });

  test('start numbers are never given twice, whenever the daemon dies', async () => {
    const app = await new Fixture().started();
    const used = app.machine.started.map(({ worker }) => worker);
    const next = new Fixture(app.document);
    next.cluster.resume([]);
    await next.machine.clock.advance(seconds(5));
    const usedLater = next.machine.started.map(({ worker }) => worker);
    expect(usedLater).toHaveLength(2);
    expect(usedLater.filter((worker) => used.includes(worker))).toEqual([]);
  });

  test('the next daemon finds the same workers and starts those that are missing', async () => {
    const app = await new Fixture().started();
    const next = new Fixture(app.document);
    next.machine.addProcess({ session: 101 });
    next.cluster.resume([...app.machine.records.values()]);
    await next.machine.clock.advance(seconds(5));
    expect(next.cluster.observe().workers).toMatchObject([
      { id: 'shop/api:0#0', pid: 101, phase: 'ready', restarts: 0 },
      { instance: 1, phase: 'ready', restarts: 1, lastExit: { type: 'unknown' } },
    ]);
  });

  test('the next daemon starts nothing beside workers of which it has not heard yet: they hold the port', async () => {
    const app = await new Fixture().started();
    const [first, second] = app.machine.living;
    const records = [...app.machine.records.values()];
    app.cluster.release();
    app.machine.orphanAll();
    second?.exit(CRASH);
    const next = new Cluster({ document: app.document, ports: app.machine.ports, documents: keepNothing });
    app.machine.find = (id) => next.workers.find((worker) => worker.id === id);
    next.resume(records);
    await app.machine.clock.advance(2900);
    expect(app.machine.started).toHaveLength(2);
    first?.register();
    await app.machine.clock.advance(50);
    expect(app.machine.started).toHaveLength(2);
    first?.listen();
    await app.machine.clock.advance(seconds(2));
    expect(app.machine.started).toHaveLength(3);
    expect(next.observe().workers.map(({ instance, phase }) => `${instance} ${phase}`)).toEqual(['0 ready', '1 ready']);
  });

  test('a worker of which the next daemon never hears holds nothing up for long', async () => {
    const app = await new Fixture().started();
    const records = [...app.machine.records.values()];
    app.cluster.release();
    app.machine.orphanAll();
    app.machine.living[1]?.exit(CRASH);
    const next = new Cluster({ document: app.document, ports: app.machine.ports, documents: keepNothing });
    app.machine.find = (id) => next.workers.find((worker) => worker.id === id);
    next.resume(records);
    await app.machine.clock.advance(seconds(4));
    expect(app.machine.started).toHaveLength(3);
  });

  test('a stopped app stays stopped under the next daemon', async () => {
    const app = await new Fixture().started();
    await app.within(seconds(10), app.cluster.stop());
    const next = new Fixture(app.document);
    next.cluster.resume([]);
    await next.machine.clock.advance(minutes(1));
    expect(next.machine.started).toEqual([]);
  });
});

describe('whatever is asked in whatever order', () => {
  type Command = 'keep' | 'rolling' | 'replace' | 'stop' | 'crash' | 'time' | 'update';
  const commands = fc.array(
    fc.tuple(
      fc.constantFrom<Command>('keep', 'rolling', 'replace', 'stop', 'crash', 'time', 'update'),
      fc.integer({ min: 1, max: 4 }),
      fc.nat({ max: 3000 }),
    ),
    { maxLength: 12 },
  );

  test('every request is answered, and the last one is what is there', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (course) => {
        const app = new Fixture();
        app.machine.onLaunch = (process) => {
          process.listen();
          process.ignores = process.pid % 3 === 0 ? ['SIGTERM'] : [];
        };
        let open = 0;
        let instances = 0;
        const answered = (): void => {
          open -= 1;
        };
        for (const [command, count, pause] of course) {
          if (command === 'crash') app.machine.living[count]?.exit(CRASH);
          else if (command === 'stop') {
            open += 1;
            instances = 0;
            void app.cluster.stop().then(answered);
          } else if (command === 'update') {
            open += 1;
            if (app.document.goal === 'running') instances = app.document.target.spec.instances;
            void app.update({ ...app.document.target.spec, killTimeout: 100 + pause }).then(answered);
          } else if (command !== 'time') {
            open += 1;
            instances = count;
            void app.converge({ ...SPEC, instances: count, env: { COUNT: String(pause) } }, command).then(answered);
          }
          await app.machine.clock.advance(pause);
        }
        await app.machine.clock.advance(minutes(5));
        expect(open).toBe(0);
        const { goal, target } = app.document;
        // A crash may have sent a rollout back to where it came from.
        const crashed = course.some(([command]) => command === 'crash');
        if (crashed && goal === 'running' && instances > 0) instances = target.spec.instances;
        expect(app.machine.living).toHaveLength(instances);
        const ready = app.cluster.observe().workers.filter(({ phase }) => phase === 'ready');
        expect(ready.map(({ instance }) => instance)).toEqual(Array.from({ length: instances }, (_, i) => i));
        expect([...app.machine.records.keys()].sort()).toEqual(app.cluster.workers.map(({ id }) => id).sort());
      }),
      { numRuns: 60 },
    );
  });
});
