import { beforeEach, describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { Result } from '../../src/domain/result.ts';
import { minutes, seconds } from '../../src/domain/time.ts';
import type { ExitCause } from '../../src/domain/worker-state.ts';
import type { StepOutcome, StepRequest } from '../../src/protocol/control.ts';
import type { ClusterDocument } from '../../src/supervise/cluster-document.ts';
import { Supervisor } from '../../src/supervise/supervisor.ts';
import { FakeMachine, type FakeProcess, fakeApps } from '../support/fake-machine.ts';
import { appSpec } from '../support/states.ts';

const BY = { user: 'ada', host: 'here', pid: 1 };
const SOURCE = { commit: 'c0ffee', author: 'Ada', dirty: false };
const KEY = { project: 'shop', app: 'api' };
const CRASH: ExitCause = { type: 'exit-code', code: 3 };
const BLUE = appSpec({ name: 'api', instances: 2, env: { COLOUR: 'blue' } });
const RED: AppSpec = { ...BLUE, env: { COLOUR: 'red' } };
const GREEN: AppSpec = { ...BLUE, env: { COLOUR: 'green' } };

let machine: FakeMachine;
let supervisor: Supervisor;
let document: ClusterDocument;

beforeEach(() => {
  machine = new FakeMachine();
  machine.onLaunch = redCrashes;
  supervisor = newSupervisor();
});

function newSupervisor(): Supervisor {
  const save = (saved: ClusterDocument): void => {
    document = saved;
  };
  const created = new Supervisor({ ports: machine.ports, apps: fakeApps({ save, remove: () => {} }) });
  machine.find = (id) => created.findWorker(id);
  return created;
}

function redCrashes(process: FakeProcess): void {
  if (process.request.env['COLOUR'] === 'red') process.exit(CRASH);
  else process.listen();
}

type Fields = Partial<Pick<StepRequest, 'asked' | 'source' | 'rollback'>>;

function ask(action: StepRequest['action'], fields: Fields = {}): Promise<Result<StepOutcome>> {
  return supervisor.perform({ ...KEY, action, by: BY, asked: 'file', manifest: null, ...fields }, () => {});
}

async function perform(action: StepRequest['action'], fields: Fields = {}): Promise<Result<StepOutcome>> {
  const outcome = ask(action, fields);
  await machine.clock.advance(minutes(2));
  return outcome;
}

const start = (spec: AppSpec) => ({ type: 'start', spec }) as const;
const reload = (spec: AppSpec) => ({ type: 'reload', spec }) as const;
const replace = (spec: AppSpec) => ({ type: 'replace', spec, because: 'it cannot hand over its port' }) as const;
const colours = () => machine.living.map(({ request }) => request.env['COLOUR']);
const restored = (how: string) => ({ ok: false, error: { reason: 'rollout-failed', restored: how } });

function entries(): readonly string[] {
  const history = supervisor.history(KEY);
  if (!history.ok) throw new Error('no such app');
  return history.value.entries.map(({ revision, result, stable }) => {
    return `${revision} ${result.type}${stable ? ', stable' : ''}`;
  });
}

describe('a rollout that fails', () => {
  test('leaves old workers that serve as they are', async () => {
    await perform(start(BLUE));
    const pids = machine.living.map(({ pid }) => pid);
    expect(await perform(reload(RED))).toMatchObject(restored('untouched'));
    expect(machine.living.map(({ pid }) => pid)).toEqual(pids);
    expect(entries()).toEqual(['1 succeeded, stable', '2 failed']);
    expect(document.history[1]?.result).toEqual({ type: 'failed', reason: 'rollout-failed', cause: CRASH });
  });

  test('goes back to the last stable revision where the old workers went first', async () => {
    await perform(start(BLUE));
    expect(await perform(replace(RED))).toMatchObject({
      error: { restored: 'rolled-back', serving: { revision: 1, ready: 2, desired: 2 } },
    });
    expect(colours()).toEqual(['blue', 'blue']);
    expect(supervisor.observe()).toMatchObject([{ revision: 1, spec: BLUE, applied: BLUE, appliedRevision: 1 }]);
  });

  test('goes back where the old workers died meanwhile', async () => {
    await perform(start(BLUE));
    machine.onLaunch = (process) => {
      if (process.request.env['COLOUR'] !== 'red') return process.listen();
      for (const old of machine.living) if (old.request.env['COLOUR'] === 'blue') old.exit(CRASH);
      return process.exit(CRASH);
    };
    expect(await perform(reload(RED))).toMatchObject(restored('rolled-back'));
    expect(colours()).toEqual(['blue', 'blue']);
  });

  test('goes back to the last one that came up, not to the one with the highest number', async () => {
    await perform(start(BLUE));
    await perform(reload(GREEN));
    await perform({ type: 'rollback', revision: 1, as: 'reload' }, { asked: 'hand' });
    await perform({ type: 'stop', workers: 2 });
    expect(await perform(start(RED))).toMatchObject(restored('rolled-back'));
    expect(colours()).toEqual(['blue', 'blue']);
    expect(entries()).toEqual(['1 succeeded, stable', '2 succeeded, stable', '3 failed']);
  });

  test.each([
    ['for one run', RED, { rollback: 'off' }],
    ['in its file', { ...RED, rollout: { ...RED.rollout, rollback: false } }, {}],
  ] as const)('is tried on where rollback is switched off %s', async (_, spec, fields) => {
    await perform(start(BLUE));
    expect(await perform(replace(spec), fields)).toMatchObject({ error: { restored: 'off', serving: null } });
    machine.onLaunch = (process) => process.listen();
    await machine.clock.advance(minutes(2));
    expect(colours()).toEqual(['red', 'red']);
    expect(entries()).toEqual(['1 succeeded, stable', '2 succeeded, stable']);
  });

  test('does not pretend to bring back code', async () => {
    const code = (value: string): AppSpec => ({ ...BLUE, code: { type: 'fixed', value } });
    await perform(start(code('1')));
    machine.onLaunch = (process) => process.exit(CRASH);
    expect(await perform(replace(code('2')))).toMatchObject({
      error: { restored: 'code-cannot-be-rolled-back', serving: null },
    });
    expect(supervisor.observe()).toMatchObject([{ spec: code('2') }]);
  });

  test('of which only the code is new keeps the old workers that survive', async () => {
    const code = (value: string): AppSpec => ({ ...BLUE, code: { type: 'fixed', value } });
    await perform(start(code('1')));
    const [, survivor] = machine.living;
    machine.onLaunch = (process) => (process.worker.includes(':1#') ? process.exit(CRASH) : process.listen());
    expect(await perform(reload(code('2')))).toMatchObject(restored('code-cannot-be-rolled-back'));
    expect(machine.living).toContain(survivor);
    expect(supervisor.observe()).toMatchObject([{ revision: 1, spec: code('1') }]);
  });

  test('says so when the way back fails, too, and goes on trying', async () => {
    await perform(start(BLUE));
    machine.onLaunch = (process) => process.exit(CRASH);
    expect(await perform(replace(RED))).toMatchObject(restored('rollback-failed'));
    machine.onLaunch = redCrashes;
    await machine.clock.advance(minutes(2));
    expect(colours()).toEqual(['blue', 'blue']);
  });

  test('on its way back gives way to a later request', async () => {
    await perform(start(BLUE));
    machine.onLaunch = (process) =>
      process.request.env['COLOUR'] === 'blue' ? process.register() : redCrashes(process);
    const bad = ask(replace(RED));
    // Two blue ones, a red one, and the first of those on the way back.
    while (machine.started.length < 4) await machine.clock.advance(seconds(1));
    expect(colours()).toEqual(['blue']);
    expect(await perform(reload(GREEN))).toMatchObject({ ok: true, value: { serving: { revision: 3, ready: 2 } } });
    expect(await bad).toEqual({ ok: false, error: { reason: 'superseded', app: 'api' } });
    expect(colours()).toEqual(['green', 'green']);
    expect(entries()).toEqual(['1 succeeded, stable', '2 failed', '3 succeeded, stable']);
  });

  test('of a first start has nothing to go back to', async () => {
    expect(await perform(start(RED))).toMatchObject({ error: { restored: 'nothing-stable', serving: null } });
    expect(entries()).toEqual(['1 failed']);
  });
});

test('a good version that overtakes a bad one ends with nothing else running', async () => {
  await perform(start(BLUE));
  machine.onLaunch = (process) => (process.request.env['COLOUR'] === 'red' ? process.register() : process.listen());
  const bad = ask(reload({ ...RED, readiness: { type: 'message' } }));
  await machine.clock.advance(seconds(2));
  expect(colours()).toEqual(['blue', 'blue', 'red']);
  expect(await perform(reload(GREEN))).toMatchObject({ ok: true });
  expect(await bad).toMatchObject({ error: { reason: 'superseded' } });
  expect(colours()).toEqual(['green', 'green']);
  expect(entries()).toEqual(['1 succeeded, stable', '2 superseded', '3 succeeded, stable']);
});

describe('the history', () => {
  test('tells who asked for what, from which commit; settings count, the same again does not', async () => {
    await perform(start(BLUE), { source: SOURCE });
    await perform({ type: 'update', spec: { ...BLUE, killTimeout: seconds(1) } });
    await perform(reload({ ...BLUE, killTimeout: seconds(1) }));
    expect(document.history).toMatchObject([
      { revision: 1, spec: BLUE, source: SOURCE, by: BY, stable: true },
      { revision: 2, spec: { killTimeout: 1000 }, source: null, by: BY, stable: true },
    ]);
    expect(supervisor.observe()).toMatchObject([{ revision: 2, appliedRevision: 2 }]);
  });

  test('has ten revisions, and the last stable one however old', async () => {
    await perform(start(BLUE));
    for (let number = 0; number < 12; number++) await perform(reload({ ...RED, args: [`${number}`] }));
    expect(document.history.map(({ revision }) => revision)).toEqual([1, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(document.history[0]?.stable).toBe(true);
  });

  test('is kept by the next daemon, for which what was under way is interrupted', async () => {
    await perform(start(BLUE));
    void ask(reload(GREEN));
    await machine.clock.advance(100);
    const next = newSupervisor();
    next.resume([document], []);
    expect(next.history(KEY)).toMatchObject({
      value: { revision: 1, entries: [{ result: { type: 'succeeded' } }, { result: { type: 'interrupted' } }] },
    });
  });

  test('counts as stable what came up in the end, though nobody waited', async () => {
    machine.onLaunch = (process) => process.exit(CRASH);
    const failed = ask(start(BLUE));
    await machine.clock.advance(100);
    expect(await failed).toMatchObject({ ok: false });
    expect(entries()).toEqual(['1 failed']);
    machine.onLaunch = redCrashes;
    await machine.clock.advance(minutes(2));
    expect(entries()).toEqual(['1 succeeded, stable']);
  });
});

describe('a rollback by hand', () => {
  test('brings the revision back under its number, and is recorded', async () => {
    await perform(start(BLUE));
    await perform(reload(GREEN));
    const outcome = await perform({ type: 'rollback', revision: 1, as: 'reload' }, { asked: 'hand' });
    expect(outcome).toMatchObject({ value: { serving: { revision: 1, ready: 2 } } });
    expect(colours()).toEqual(['blue', 'blue']);
    expect(supervisor.observe()).toMatchObject([
      { revision: 1, spec: BLUE, applied: GREEN, appliedRevision: 2, manualChanges: [{ action: 'rollback', by: BY }] },
    ]);
    await perform(reload(GREEN));
    expect(supervisor.observe()).toMatchObject([{ revision: 3, appliedRevision: 3, manualChanges: [] }]);
  });

  test('of settings touches no process', async () => {
    await perform(start(BLUE));
    const pids = machine.living.map(({ pid }) => pid);
    await perform({ type: 'update', spec: { ...BLUE, killTimeout: seconds(1) } });
    expect(await perform({ type: 'rollback', revision: 1, as: 'update' }, { asked: 'hand' })).toMatchObject({
      ok: true,
    });
    expect(machine.living.map(({ pid }) => pid)).toEqual(pids);
    expect(supervisor.observe()).toMatchObject([{ revision: 1, spec: { killTimeout: BLUE.killTimeout } }]);
  });

  test('to a revision that is not there changes nothing, and names those that are', async () => {
    await perform(start(BLUE));
    expect(await perform({ type: 'rollback', revision: 9, as: 'reload' }, { asked: 'hand' })).toEqual({
      ok: false,
      error: {
        reason: 'no-such-revision',
        app: 'api',
        revision: 9,
        present: 1,
        known: [{ revision: 1, stable: true }],
      },
    });
    expect(supervisor.observe()).toMatchObject([{ revision: 1, manualChanges: [] }]);
  });
});
