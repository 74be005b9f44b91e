import { beforeEach, describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { minutes, seconds } from '../../src/domain/time.ts';
import type { Result } from '../../src/domain/result.ts';
import type { StepOutcome, StepRequest } from '../../src/protocol/control.ts';
import type { ClusterDocument } from '../../src/supervise/cluster-document.ts';
import type { WorkerRecord } from '../../src/supervise/ports.ts';
import type { StartedProcess } from '../../src/platform/process-table.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { Supervisor } from '../../src/supervise/supervisor.ts';
import { BOOT_ID, FakeMachine, fakeApps } from '../support/fake-machine.ts';
import { APPLY_OPTIONS, appSpec, desiredState, observedProject, observedState } from '../support/states.ts';

const BY = { user: 'ada', host: 'here', pid: 1 };
const API = appSpec({ name: 'api', killTimeout: seconds(4) });
const TASK = appSpec({ name: 'task', kind: 'task' });

let machine: FakeMachine;
let documents: Map<string, ClusterDocument>;
let supervisor: Supervisor;

beforeEach(() => {
  machine = new FakeMachine();
  documents = new Map();
  supervisor = newSupervisor();
  machine.onLaunch = (process) =>
    process.request.env['ECO_APP'] === 'task' ? process.exit({ type: 'exit-code', code: 0 }) : process.listen();
});

function newSupervisor(): Supervisor {
  const created = new Supervisor({
    ports: machine.ports,
    apps: fakeApps({
      save: (document) => void documents.set(`${document.key.project}/${document.key.app}`, document),
      remove: ({ project, app }) => void documents.delete(`${project}/${app}`),
    }),
  });
  machine.find = (id) => created.findWorker(id);
  return created;
}

interface Asked {
  readonly project?: string;
  readonly app?: string;
  readonly asked?: StepRequest['asked'];
}

function ask(action: StepRequest['action'], { project = 'shop', app, asked = 'file' }: Asked = {}) {
  const name = app ?? ('spec' in action ? action.spec.name : 'api');
  return supervisor.perform({ project, app: name, action, by: BY, asked, manifest: null }, () => {});
}

/** Carries out a step within a minute. */
async function perform(action: StepRequest['action'], asked: Asked = {}): Promise<Result<StepOutcome>> {
  const outcome = ask(action, asked);
  await machine.clock.advance(minutes(1));
  return outcome;
}

function recordOf(pid: number): WorkerRecord {
  return {
    id: 'shop/api:0#1',
    key: { project: 'shop', app: 'api' },
    instance: 0,
    generation: 1,
    phase: 'ready',
    restarts: 0,
    process: { pid, startTime: `start of ${pid}`, bootId: BOOT_ID },
    startedAt: 0,
    lastExit: null,
  };
}

/** What the system would tell of the processes that live. */
function carriersOf({ living, table }: FakeMachine): readonly StartedProcess[] {
  return living.flatMap(({ pid, request }) => {
    const info = table.get(pid);
    return info === undefined ? [] : [{ info, age: 60_000, variables: request.env }];
  });
}

const start = (spec: AppSpec) => ({ type: 'start', spec }) as const;
const workers = () =>
  supervisor.observe().map(({ project, name, workers: [worker] }) => `${project}/${name} ${worker?.phase ?? 'none'}`);

test('apps are shown by project and name; two projects may have apps of one name', async () => {
  await perform(start(API), { project: 'shop' });
  await perform(start(API), { project: 'blog' });
  await perform(start(TASK), { project: 'blog' });
  expect(workers()).toEqual(['blog/api ready', 'blog/task completed', 'shop/api ready']);
  expect(supervisor.observe('shop').map(({ project }) => project)).toEqual(['shop']);
  expect([supervisor.countApps(), supervisor.workers().length]).toEqual([3, 3]);
});

describe('a service that becomes a task with a schedule', () => {
  const schedule = { cron: '0 7 * * *', timezone: null, overlap: false, missed: 'skip' } as const;
  const NIGHTLY = { ...API, kind: 'task', schedule } as const;
  const replace = { type: 'replace', spec: NIGHTLY, because: 'kind changed' } as const;

  test('ends, and is not run before its time', async () => {
    await perform(start(API));
    expect(await perform(replace)).toMatchObject({ ok: true });
    expect(machine.living).toEqual([]);
    expect(machine.started).toHaveLength(1);
    expect(documents.get('shop/api')).toMatchObject({ goal: 'running', applied: NIGHTLY, target: { spec: NIGHTLY } });
    expect(supervisor.observe()).toMatchObject([{ nextRun: expect.any(Number) as number }]);
  });

  test('and is asked to be a service again while it ends, stays one', async () => {
    await perform(start(API));
    for (const process of machine.living) process.ignores = ['SIGTERM'];
    const scheduled = ask(replace);
    await machine.clock.advance(100);
    const again = perform(start({ ...API, args: ['again'] }));
    expect(await scheduled).toMatchObject({ ok: false, error: { reason: 'superseded' } });
    expect(await again).toMatchObject({ ok: true });
    expect(documents.get('shop/api')).toMatchObject({ goal: 'running', target: { spec: { kind: 'service' } } });
  });
});

describe('delete', () => {
  test('forgets the app and all of its workers, also those that have no process', async () => {
    await perform(start(API));
    await perform(start(TASK));
    expect(await perform({ type: 'delete', workers: 1 }, { app: 'api' })).toEqual({
      ok: true,
      value: { serving: null },
    });
    expect(await perform({ type: 'delete', workers: 1 }, { app: 'task' })).toEqual({
      ok: true,
      value: { serving: null },
    });
    expect(supervisor.observe()).toEqual([]);
    expect(documents.size).toBe(0);
    expect([...machine.records.keys()]).toEqual([]);
    expect(machine.table.size).toBe(0);
  });

  test('of an app that is not there has nothing to do', async () => {
    expect(await perform({ type: 'delete', workers: 1 })).toEqual({ ok: true, value: { serving: null } });
  });

  test('while it starts ends the start', async () => {
    machine.onLaunch = (process) => process.register();
    const starting = ask(start({ ...API, readiness: { type: 'message' } }));
    await machine.clock.advance(500);
    expect(await perform({ type: 'delete', workers: 1 })).toMatchObject({ ok: true });
    expect(await starting).toEqual({ ok: false, error: { reason: 'superseded', app: 'api' } });
    expect(machine.table.size).toBe(0);
    expect(supervisor.observe()).toEqual([]);
  });

  test('that is overtaken by a start does not forget the app', async () => {
    await perform(start(API));
    for (const process of machine.living) process.ignores = ['SIGTERM'];
    const deleting = ask({ type: 'delete', workers: 1 });
    await machine.clock.advance(100);
    expect(await perform(start(API))).toMatchObject({ ok: true });
    expect(await deleting).toEqual({ ok: false, error: { reason: 'superseded', app: 'api' } });
    expect(workers()).toEqual(['shop/api ready']);
    expect(documents.size).toBe(1);
  });
});

describe('start', () => {
  test('of a task that has run runs it again', async () => {
    await perform(start(TASK));
    await perform(start(TASK));
    expect(machine.started.map(({ worker }) => worker)).toEqual(['shop/task:0#0', 'shop/task:0#1']);
    expect([...machine.records.keys()]).toEqual(['shop/task:0#1']);
  });

  test('of a service that runs what is asked touches nothing', async () => {
    await perform(start(API));
    await perform(start(API));
    expect(machine.started).toHaveLength(1);
  });

  test('of a service that runs something else replaces it', async () => {
    await perform(start(API));
    await perform(start({ ...API, args: ['x'] }));
    expect(machine.living.map(({ request }) => request.args.at(-1))).toEqual(['x']);
  });

  test('of an app whose task failed says which worker, and how', async () => {
    machine.onLaunch = (process) => process.exit({ type: 'exit-code', code: 6 });
    expect(await perform(start(TASK))).toMatchObject({
      error: { reason: 'task-failed', workers: [{ worker: 'shop/task:0#0', cause: { code: 6 } }] },
    });
  });
});

describe('what needs an app that is there', () => {
  test.for(['restart', 'update'] as const)('%s', async (type) => {
    const action = type === 'update' ? { type, spec: API } : { type };
    expect(await perform(action)).toMatchObject({ error: { reason: 'no-such-app', target: 'api' } });
  });
});

test('another number of workers that are told their number replaces them all', async () => {
  const shards = { ...API, args: ['{{instance}}/{{instances}}'], instances: 2 };
  await perform({ type: 'start', spec: shards });
  await perform({ type: 'scale', spec: { ...shards, instances: 3 }, from: 2, to: 3 });
  const last = machine.living.map(({ request }) => String(request.args.at(-1)));
  expect(last.sort()).toEqual(['0/3', '1/3', '2/3']);
});

test('restart ends every worker and starts it again', async () => {
  await perform(start(API));
  expect(await perform({ type: 'restart' })).toMatchObject({ ok: true });
  expect(machine.started).toHaveLength(2);
  expect(machine.living).toHaveLength(1);
});

test('what is done by hand is remembered as such, what a file asks is what is compared', async () => {
  await perform(start(API));
  const scaled = { ...API, instances: 2 };
  await perform({ type: 'scale', spec: scaled, from: 1, to: 2 }, { asked: 'hand' });
  const [app] = supervisor.observe();
  expect(app).toMatchObject({ applied: API, spec: scaled, manualChanges: [{ action: 'scale', by: BY }] });
});

describe('the next daemon', () => {
  test('ends what belongs to an app that nobody knows', async () => {
    const pid = machine.addProcess({ session: 101 });
    const child = machine.addProcess({ session: 101 });
    const record = recordOf(pid);
    machine.records.set(record.id, record);
    supervisor.resume([], [record]);
    await machine.clock.advance(seconds(4));
    expect([...machine.records.keys()]).toEqual([record.id]);
    await machine.clock.advance(seconds(2));
    expect(machine.signals).toContain(`0 SIGTERM -${pid}`);
    expect([machine.table.has(pid), machine.table.has(child)]).toEqual([false, false]);
    expect([...machine.records.keys()]).toEqual([]);
  });

  test('starts an app of that name only once what was left of it is gone', async () => {
    const pid = machine.addProcess({ session: 101 });
    supervisor.resume([], [recordOf(pid)]);
    machine.onLaunch = (process) => {
      expect(machine.table.has(pid)).toBe(false);
      process.listen();
    };
    expect(await perform(start(API))).toMatchObject({ ok: true });
    expect(machine.newest.worker).toBe('shop/api:0#2');
  });

  test('goes on with a deletion', async () => {
    await perform(start(API));
    machine.newest.ignores = ['SIGTERM'];
    void ask({ type: 'delete', workers: 1 });
    await machine.clock.advance(seconds(1));
    supervisor.release();
    machine.orphanAll();
    const records = [...machine.records.values()];
    supervisor = newSupervisor();
    supervisor.resume([...documents.values()], records);
    await machine.clock.advance(seconds(10));
    expect([machine.table.size, documents.size, machine.records.size]).toEqual([0, 0, 0]);
    expect(supervisor.observe()).toEqual([]);
  });

  test('takes over what was started and not written down', async () => {
    await perform(start({ ...API, instances: 2 }));
    const carriers = carriersOf(machine);
    const [first] = machine.records.values();
    if (first === undefined) throw new Error('nothing was written down');
    const pids = machine.living.map(({ pid }) => pid);
    supervisor.release();
    machine.orphanAll();
    machine.carriers = carriers;
    supervisor = newSupervisor();
    supervisor.resume([...documents.values()], [{ ...first, phase: 'starting', process: null, startedAt: null }]);
    for (const process of machine.living) process.listen();
    await machine.clock.advance(minutes(1));
    expect(machine.living.map(({ pid }) => pid)).toEqual(pids);
    expect(supervisor.observe()[0]?.workers.map(({ pid, phase }) => `${pid} ${phase}`)).toEqual(
      pids.map((pid) => `${pid} ready`),
    );
  });

  test('ends what was started and not written down of an app that is gone, and no other process', async () => {
    await perform(start(API));
    const [leader] = carriersOf(machine);
    if (leader === undefined) throw new Error('nothing was started');
    supervisor.release();
    machine.orphanAll();
    const variables = { ...leader.variables, ECO_ID: '/home/another shop/api:0#0' };
    const another = machine.addProcess({ session: 102 });
    const info = machine.table.get(another);
    machine.carriers = [leader, ...(info === undefined ? [] : [{ info, age: 0, variables }])];
    supervisor = newSupervisor();
    supervisor.resume([], []);
    await machine.clock.advance(seconds(10));
    expect([...machine.table.keys()]).toEqual([another]);
  });

  test('keeps what was stopped by shutting down with all apps', async () => {
    await perform(start(API));
    const stopping = supervisor.stopAll();
    await machine.clock.advance(seconds(10));
    await stopping;
    expect(machine.table.size).toBe(0);
    expect(workers()).toEqual(['shop/api none']);
  });

  test('touches nothing when it lets go', async () => {
    await perform(start(API));
    supervisor.release();
    await machine.clock.advance(minutes(1));
    expect(machine.signals).toEqual([]);
    expect(machine.living).toHaveLength(1);
    expect(machine.clock.pending()).toBe(0);
  });
});

test('no start number is given twice, whatever is deleted', async () => {
  await perform(start(API));
  await perform({ type: 'delete', workers: 1 });
  await perform(start(API));
  const ids = machine.started.map(({ worker }) => worker);
  expect(new Set(ids).size).toBe(2);
});

test('an app that cannot be written down is not started, and not known', async () => {
  const refusal = { reason: 'store-failed', path: '/home/eco/apps/shop/api.json', problem: 'no space' } as const;
  supervisor = new Supervisor({
    ports: machine.ports,
    apps: { ...fakeApps({ save: () => {}, remove: () => {} }), saveNow: () => refusal },
  });
  expect(await perform(start(API))).toEqual({ ok: false, error: refusal });
  expect(machine.started).toEqual([]);
  expect(supervisor.observe()).toEqual([]);
});

describe('after a boot', () => {
  const DB = appSpec({ name: 'db' });
  const MIGRATE = appSpec({ name: 'migrate', kind: 'task', dependsOn: { db: 'ready' } });
  const WEB = appSpec({ name: 'web', instances: 2, dependsOn: { db: 'ready', migrate: 'completed' } });
  const CACHE = appSpec({ name: 'cache', dependsOn: { web: 'started' } });

  /** What the store holds after these have run, on a machine where none of their processes is left. */
  async function reboot(specs: readonly AppSpec[]): Promise<void> {
    machine.onLaunch = (process) =>
      process.request.env['ECO_APP'] === 'migrate' ? process.exit({ type: 'exit-code', code: 0 }) : process.listen();
    for (const spec of specs) await perform(start(spec));
    supervisor.release();
    const kept = [...documents.values()];
    const records = [...machine.records.values()].map((record) => ({
      ...record,
      process: record.process && { ...record.process, bootId: 'an earlier boot' },
    }));
    const { onLaunch } = machine;
    machine = new FakeMachine();
    machine.onLaunch = onLaunch;
    supervisor = newSupervisor();
    supervisor.resume(kept, records, { rebooted: true });
  }
  const apps = () => machine.started.map(({ request }) => request.env['ECO_APP']);
  const newest = (app: string) => machine.started.findLast(({ request }) => request.env['ECO_APP'] === app);

  test('every app is started after what it depends on, and none counts as crashed', async () => {
    await reboot([DB, MIGRATE, WEB, CACHE]);
    machine.onLaunch = () => {};
    await machine.clock.advance(seconds(5));
    expect(apps()).toEqual(['db']);
    newest('db')?.listen();
    await machine.clock.advance(seconds(2));
    expect(apps()).toEqual(['db', 'web', 'cache']);
    machine.onLaunch = (process) => process.listen();
    newest('web')?.listen();
    newest('cache')?.listen();
    await machine.clock.advance(seconds(10));
    expect(workers()).toEqual(['shop/cache ready', 'shop/db ready', 'shop/migrate completed', 'shop/web ready']);
    const observed = supervisor.observe().flatMap(({ workers }) => workers);
    expect(observed.map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0, 0]);
  });

  test('a dependency that does not come up keeps nobody waiting for ever', async () => {
    await reboot([DB, WEB]);
    machine.onLaunch = (process) => {
      if (process.request.env['ECO_APP'] === 'db') process.exit({ type: 'exit-code', code: 1 });
      else process.listen();
    };
    await machine.clock.advance(minutes(1));
    expect(workers()).toEqual(['shop/db backing-off', 'shop/web ready']);
  });

  test('what was stopped stays stopped, and nobody waits for it', async () => {
    await perform(start(DB));
    await perform({ type: 'stop', workers: 1 }, { app: 'db' });
    await reboot([WEB]);
    await machine.clock.advance(seconds(10));
    expect(workers()).toEqual(['shop/db none', 'shop/web ready']);
  });

  test('apps that depend on each other, or on what is not there, start all the same', async () => {
    const first = appSpec({ name: 'first', dependsOn: { second: 'ready', gone: 'ready' } });
    await reboot([first, appSpec({ name: 'second', dependsOn: { first: 'ready' } })]);
    await machine.clock.advance(seconds(10));
    expect(workers()).toEqual(['shop/first ready', 'shop/second ready']);
  });

  test('a request does not wait: whoever asks knows the order', async () => {
    await reboot([DB, WEB]);
    machine.onLaunch = (process) => {
      if (process.request.env['ECO_APP'] === 'web') process.listen();
    };
    expect(await perform(start(WEB))).toMatchObject({ ok: true });
    expect(workers()).toEqual(['shop/db starting', 'shop/web ready']);
  });

  test('one that had given up is tried again', async () => {
    const broken = appSpec({ name: 'broken', autorestart: false });
    await perform(start(broken));
    machine.newest.exit({ type: 'exit-code', code: 1 });
    await machine.clock.advance(seconds(1));
    expect(workers()).toEqual(['shop/broken failed']);
    await reboot([]);
    await machine.clock.advance(seconds(10));
    expect(workers()).toEqual(['shop/broken ready']);
  });

  test('all of them stop in the opposite order', async () => {
    await reboot([DB, MIGRATE, WEB, CACHE]);
    await machine.clock.advance(seconds(10));
    const app = (pid: number) => machine.started.find((process) => process.pid === pid)?.request.env['ECO_APP'];
    for (const process of machine.living) process.register();
    machine.signals.splice(0);
    const stopping = supervisor.stopAll();
    await machine.clock.advance(minutes(2));
    await stopping;
    const stopped = machine.signals
      .filter((line) => line.includes('SIGTERM'))
      .map((line) => app(-Number(line.split(' ')[2])));
    expect(stopped).toEqual(['cache', 'web', 'web', 'db']);
  });
});

describe('control links', () => {
  test('what is no message, or of a worker that nobody knows, is dropped', async () => {
    await perform(start(API));
    const before = supervisor.observe();
    const connection = { send: () => {}, close: () => {} };
    const lines = [
      '',
      'x',
      'null',
      '7',
      '[]',
      '{}',
      '{"type":7}',
      '{"type":"register","worker":"shop/api:0#99","pid":1,"node":"x"}',
    ];
    for (const line of lines) machine.links.listener.onLine(connection, line);
    machine.links.listener.onLine(connection, '{"type":"ready"}');
    machine.links.listener.onClose(connection);
    expect(supervisor.observe()).toEqual(before);
  });

  /** One more connection that says it is of that worker. */
  function connect(worker: string, pid: number) {
    const told: string[] = [];
    const closed: string[] = [];
    const connection = { send: (line: string) => void told.push(line), close: () => void closed.push('closed') };
    machine.links.listener.onLine(connection, JSON.stringify({ type: 'register', worker, pid, node: '' }));
    return { connection, told, closed };
  }
  const DRAIN = { type: 'drain', within: 1, handover: true } as const;

  test('the older of two links of one process ends without a word', async () => {
    await perform(start(API));
    const { worker, pid } = machine.newest;
    const second = connect(worker, pid);
    machine.links.listener.onClose({ send: () => {}, close: () => {} });
    machine.links.tell(worker, DRAIN);
    expect(second.told).toHaveLength(1);
  });

  test('of two processes the first is believed; once it is gone the other is asked to come again', async () => {
    await perform(start(API));
    const { worker } = machine.newest;
    machine.newest.register();
    const [second, third] = [connect(worker, 1), connect(worker, 2)];
    const say = (one: typeof second, message: object) =>
      machine.links.listener.onLine(one.connection, JSON.stringify(message));
    const address = { type: 'tcp', host: null, port: 9999 };
    say(second, { type: 'listening', requested: address, bound: address });
    expect(JSON.stringify(supervisor.observe())).not.toContain('9999');
    machine.links.tell(worker, DRAIN);
    expect([...second.told, ...third.told]).toEqual([]);

    machine.links.listener.onClose(third.connection);
    machine.newest.unlink();
    expect([second.closed, third.closed]).toEqual([['closed'], []]);
    machine.links.listener.onClose(second.connection);
    const again = connect(worker, 1);
    say(again, { type: 'listening', requested: address, bound: address });
    expect(JSON.stringify(supervisor.observe())).toContain('9999');
    machine.links.tell(worker, DRAIN);
    expect(again.told).toHaveLength(1);
  });
});

describe('an app whose files change again and again', () => {
  const watched = appSpec({
    name: 'api',
    killTimeout: 100,
    watch: { enabled: true, paths: null, ignore: [], delay: 0, options: {} },
  });
  const reloads = () =>
    machine.events.flatMap((event) => (event.type === 'app-triggered' ? [event.trigger.detail] : []));
  const brakes = () => machine.events.flatMap((event) => (event.type === 'watch-braked' ? [event] : []));
  const change = async (file: string) => {
    machine.watchers[0]?.onChange([file]);
    await machine.clock.advance(seconds(2));
  };

  test('is reloaded ten times within a minute; the change that comes last then waits for its time, and is not lost', async () => {
    await perform(start(watched));
    for (let round = 1; round <= 13; round++) await change(`${round}.js`);
    expect(reloads()).toEqual(Array.from({ length: 10 }, (_, index) => `${index + 1}.js`));
    expect(brakes()).toMatchObject([{ app: 'api', detail: '11.js', wait: seconds(40) }]);
    await machine.clock.advance(seconds(33));
    expect(reloads()).toHaveLength(10);
    await machine.clock.advance(seconds(2));
    expect(reloads().slice(10)).toEqual(['13.js']);
  });

  test('is not reloaded for what waited once it is stopped', async () => {
    await perform(start(watched));
    for (let round = 1; round <= 11; round++) await change(`${round}.js`);
    expect(brakes()).toHaveLength(1);
    await perform({ type: 'stop', workers: 1 });
    expect(reloads()).toHaveLength(10);
  });
});

describe('an app that is about to become something else', () => {
  const before = appSpec({
    name: 'api',
    killTimeout: seconds(1),
    env: { V: '1' },
    rollout: { ...API.rollout, minReady: seconds(30) },
  });
  const after = { ...before, env: { V: '2' } };
  const planFor = (spec: AppSpec) => {
    const observed = observedState(observedProject(supervisor.observe('shop')));
    const plan = reconcile(desiredState([spec]), observed, APPLY_OPTIONS);
    if (!plan.ok) throw new Error(plan.error.reason);
    return plan.value.steps;
  };

  test('is taken back by a plan for what it is still said to be, though its old workers have left', async () => {
    await perform(start(before));
    // Whoever asked for it has gone.
    void ask({ type: 'replace', spec: after, because: 'of a test' });
    await machine.clock.advance(seconds(10));
    expect(supervisor.observe().map(({ spec, towards }) => [spec.env['V'], towards?.env['V']])).toEqual([['1', '2']]);
    expect(machine.living.map(({ request }) => request.env['V'])).toEqual(['2']);

    const [step] = planFor(before);
    expect(step).toMatchObject({ app: 'api', action: { type: 'start' }, cause: 'about to become something else' });
    if (step === undefined) throw new Error('there is no step');
    expect(await perform(step.action)).toMatchObject({ ok: true });
    await machine.clock.advance(minutes(2));
    expect(machine.living.map(({ request }) => request.env['V'])).toEqual(['1']);
    expect(supervisor.observe()[0]).not.toHaveProperty('towards');
    expect(planFor(before)).toEqual([]);
  });

  test('goes on to it by a plan that asks for that', async () => {
    await perform(start(before));
    void ask({ type: 'replace', spec: after, because: 'of a test' });
    await machine.clock.advance(seconds(10));
    const [step] = planFor(after);
    if (step === undefined) throw new Error('there is no step');
    const started = machine.started.length;
    expect(await perform(step.action)).toMatchObject({ ok: true });
    expect([machine.started.length, machine.living.map(({ request }) => request.env['V'])]).toEqual([started, ['2']]);
  });
});
