import { expect, onTestFinished, test, vi } from 'vitest';
import type { DaemonClient } from '../../src/client/daemon-client.ts';
import { Session } from '../../src/cli/monit/session.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { systemClock, wait } from '../../src/platform/clock.ts';
import type { EventMessage, LogLine, LogQuery, StepOutcome, StepRequest } from '../../src/protocol/control.ts';
import { DAEMON, logLine } from '../support/monit-states.ts';
import { appSpec, observedApp, observedProject, observedState } from '../support/states.ts';

const UNREACHABLE: Failure = { reason: 'daemon-unreachable', socket: '/s', cause: 'gone', log: '/l', taken: false };
const BAD_START: Failure = { reason: 'home-unusable', home: '/h', problem: 'it is full' };

const api = observedApp(appSpec({ name: 'api' }));
const web = observedApp(appSpec({ name: 'web' }));

/** A session on a daemon that a test makes die, log and answer. */
function start() {
  const world = {
    alive: true,
    looks: 0,
    apps: [api, web],
    connected: [] as string[],
    steps: [] as StepRequest[],
    answer: ok({ serving: { revision: 7, ready: 1, desired: 1 } }) as Result<StepOutcome>,
    histories: [] as string[],
    openLogs: [] as string[],
    closedLogs: [] as string[],
    logLines: [] as LogLine[],
    quits: 0,
    happen: (_message: EventMessage): void => {},
  };
  const reach = <T>(value: T): Result<T> => (world.alive ? ok(value) : err(UNREACHABLE));
  const client: Partial<DaemonClient> = {
    info: async () => reach(DAEMON),
    observe: async () => {
      world.looks += 1;
      return reach(observedState(observedProject(world.apps)));
    },
    history: async ({ app }) => {
      world.histories.push(app);
      return err(UNREACHABLE);
    },
    step: async (request) => {
      world.steps.push(request);
      return world.answer;
    },
    logs: (query, signal) => logs(query, { signal, world }),
    events: async function* (_options, signal) {
      yield ok({ type: 'recent', events: [] });
      while (!signal.aborted) {
        const next = await new Promise<EventMessage | null>((resolve) => {
          world.happen = resolve;
          signal.addEventListener('abort', () => resolve(null), { once: true });
        });
        if (next !== null) yield ok(next);
      }
    },
  };
  const session = new Session({
    context: {
      actor: async () => ({ user: 'alice', host: 'box', pid: 1 }),
      clock: systemClock,
      pause: (span, signal) => wait(span / 20, signal),
      connect: async (how) => {
        world.connected.push(how);
        return err(BAD_START);
      },
    },
    client: client as DaemonClient,
    scope: { project: null, only: null },
    size: { columns: 80, rows: 24 },
    onChange: () => {},
    onQuit: () => (world.quits += 1),
  });
  const running = session.run();
  onTestFinished(async () => {
    session.end();
    await running;
  });
  const press = (...keys: readonly string[]): void => {
    for (const character of keys) session.dispatch({ type: 'key', key: { type: 'text', character } });
  };
  return { session, world, press };
}

type World = ReturnType<typeof start>['world'];

async function* logs(query: LogQuery, { signal, world }: { readonly signal: AbortSignal; readonly world: World }) {
  const name = query.targets.map(({ app }) => app).join();
  world.openLogs.push(name);
  yield ok({ began: 0, places: {} });
  for (const line of world.logLines) yield ok({ ...line, file: '/l', end: 1 });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  world.closedLogs.push(name);
}

const until = (check: () => boolean): Promise<void> => vi.waitFor(() => expect(check()).toBe(true), { interval: 5 });

test('sees what there is, again and again, and at once when something happens', async () => {
  const { session, world } = start();
  await until(() => session.state.apps?.length === 2 && world.histories.includes('api'));
  world.apps = [api];
  world.happen({ type: 'event', event: { type: 'worker-ready', worker: 'shop/api:0#2', at: 5 } });
  await until(() => session.state.events.length === 1 && session.state.apps?.length === 1);
});

test('follows the log of what is selected, one at a time, and none of those that are only passed', async () => {
  const { session, world, press } = start();
  world.logLines = [logLine('hello')];
  await until(() => session.state.logs.lines.length === 1);
  press('j', 'k', 'j', 'k', 'j');
  world.logLines = [logLine('hi', { app: 'web' })];
  await until(() => session.state.logs.lines[0]?.message === 'hi');
  expect(world.openLogs).toEqual(['api', 'web']);
  expect(world.closedLogs).toEqual(['api']);
});

test('a log that is written faster than anyone reads is left, and read on at its end', async () => {
  const { session, world } = start();
  world.logLines = Array.from({ length: 5000 }, (_, index) => logLine(`line ${index}`));
  await until(() => session.state.logs.skipping);
  expect(session.state.logs.lines).toHaveLength(500);
  world.logLines = [logLine('quiet')];
  await until(() => world.openLogs.length > 2 && session.state.logs.lines.length === 1);
});

test('an operation is asked of the daemon, and its outcome told', async () => {
  const { session, world, press } = start();
  await until(() => session.state.apps !== null);
  press('r', 'y');
  await until(() => session.state.notice !== null);
  expect(world.steps).toMatchObject([{ project: 'shop', app: 'api', action: { type: 'restart' }, asked: 'hand' }]);
  expect(session.state.notice).toEqual({ lines: ['api: restarted (1/1 ready)'], tone: 'good' });
  world.answer = err({ reason: 'superseded', app: 'api' });
  press('R', 'y');
  await until(() => session.state.notice?.tone === 'bad' || session.state.mode.type === 'message');
  world.apps = [web];
  press('x', 's', 'y');
  const shown = () =>
    [session.state.notice, session.state.mode].flatMap((one) => (one !== null && 'lines' in one ? one.lines : []));
  await until(() => session.state.underWay.length === 0 && shown().join('').includes('api'));
  expect(world.steps).toHaveLength(2);
});

test('a daemon that cannot be reached is missed; one is started only when that is asked', async () => {
  const { session, world, press } = start();
  await until(() => session.state.apps !== null);
  world.alive = false;
  await until(() => session.state.daemon.type === 'gone');
  const { looks } = world;
  await until(() => world.looks > looks + 2);
  expect(world.connected).toEqual([]);
  press('d');
  await until(() => world.connected.length === 1);
  await until(() => session.state.notice?.tone === 'bad' || session.state.mode.type === 'message');
  world.alive = true;
  await until(() => session.state.daemon.type === 'connected');
});

test('quits, and then takes nothing more', async () => {
  const { session, world, press } = start();
  await until(() => session.state.apps !== null);
  press('q');
  expect(world.quits).toBe(1);
  session.end();
  const { state } = session;
  press('j', 'r', 'y');
  expect(session.state).toBe(state);
  expect(world.steps).toEqual([]);
});
