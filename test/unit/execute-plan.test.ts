import { expect, test } from 'vitest';
import type { Serving } from '../../src/domain/failure.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import type { ClusterControl, StepResult } from '../../src/execute/cluster-control.ts';
import { executePlan, type ExecutionEvent, type StopReason } from '../../src/execute/execute-plan.ts';
import { deferred, type Deferred } from '../../src/util/deferred.ts';
import { appSpec } from '../support/states.ts';

const SERVING: Serving = { revision: 1, ready: 1, desired: 1 };
const FAILED = { reason: 'superseded', app: 'x' } as const;

function plan(...steps: readonly (readonly [string, ...string[]])[]): Plan {
  return {
    project: 'shop',
    file: '/srv/shop/ecosystem.yaml',
    serial: 1,
    lineage: null,
    drift: [],
    notices: [],
    unchanged: 0,
    steps: steps.map(([app, ...needs]): Step => ({
      id: app,
      app,
      action: { type: 'start', spec: appSpec({ name: app }) },
      cause: 'not running yet',
      fromFile: true,
      fields: [],
      needs: needs.map((step) => ({ step, condition: 'ready' })),
    })),
  };
}

/** Starts the execution; each step settles when the test says so. */
function execution(what: Plan, concurrency = 10) {
  const [stop, abandon, log] = [new AbortController(), new AbortController(), [] as string[]];
  const running = new Map<string, Deferred<Result<StepResult>>>();
  const control: ClusterControl = {
    perform: ({ app }, { onProgress }) => {
      const answer = deferred<Result<StepResult>>();
      running.set(app, answer);
      onProgress({ app, workers: [{ instance: 0, phase: 'starting', current: true }] });
      return answer.promise;
    },
  };
  const onEvent = (event: ExecutionEvent) => log.push(`${event.type.replace('step_', '')} ${event.step.app}`);
  const report = executePlan(what, control, { concurrency, signal: stop.signal, abandon: abandon.signal, onEvent });
  return {
    report,
    log,
    running: () => [...running.keys()],
    settle: async (app: string, result: Result<StepResult>) => {
      running.get(app)?.resolve(result);
      await settled();
    },
    stop: (reason?: StopReason) => stop.abort(reason),
    abandon: (reason?: StopReason) => abandon.abort(reason),
  };
}

/** All promises that wait for nothing but each other are through. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

test('a step begins once all that it needs have succeeded', async () => {
  const { report, running, settle, log } = execution(plan(['a'], ['b'], ['c', 'a', 'b']));
  await settled();
  expect(running()).toEqual(['a', 'b']);
  await settle('a', ok({ serving: SERVING }));
  expect(running()).toEqual(['a', 'b']);
  await settle('b', ok({ serving: null }));
  expect(running()).toEqual(['a', 'b', 'c']);
  await settle('c', ok({ serving: null }));
  expect((await report).outcomes.map(({ status, step }) => `${step.app} ${status}`)).toEqual([
    'a succeeded',
    'b succeeded',
    'c succeeded',
  ]);
  expect(log.join(', ')).toBe(
    'started a, progress a, started b, progress b, succeeded a, succeeded b, started c, progress c, succeeded c',
  );
});

test('no more steps are under way than asked, and they begin in the order of the plan', async () => {
  const { report, running, settle } = execution(plan(['a'], ['b'], ['c'], ['d']), 2);
  await settled();
  expect(running()).toEqual(['a', 'b']);
  await settle('b', ok({ serving: null }));
  expect(running()).toEqual(['a', 'b', 'c']);
  await settle('a', ok({ serving: null }));
  await settle('c', ok({ serving: null }));
  await settle('d', ok({ serving: null }));
  expect((await report).outcomes).toHaveLength(4);
});

test('what needs a failed step is skipped, and so is what needs that; other branches go on', async () => {
  const { report, settle, running, log } = execution(plan(['a'], ['b', 'a'], ['c', 'b'], ['d']));
  await settled();
  await settle('a', err(FAILED));
  expect(log).toContain('skipped c');
  await settle('d', ok({ serving: null }));
  expect(running()).toEqual(['a', 'd']);
  expect((await report).outcomes).toMatchObject([
    { status: 'failed', failure: FAILED },
    { status: 'skipped', failure: { reason: 'skipped', app: 'b', need: 'a' } },
    { status: 'skipped', failure: { reason: 'skipped', app: 'c', need: 'b' } },
    { status: 'succeeded' },
  ]);
});

test('once interrupted no step begins, and those under way are waited for', async () => {
  const { report, settle, stop, running } = execution(plan(['a'], ['b', 'a'], ['c', 'b'], ['d']), 1);
  await settled();
  stop('SIGTERM');
  await settle('a', ok({ serving: SERVING }));
  expect(running()).toEqual(['a']);
  const interrupted = { status: 'skipped', failure: { reason: 'interrupted', signal: 'SIGTERM' } };
  expect((await report).outcomes).toMatchObject([
    { status: 'succeeded', serving: SERVING },
    interrupted,
    interrupted,
    interrupted,
  ]);
});

test('once abandoned nothing is waited for', async () => {
  const { report, stop, abandon } = execution(plan(['a'], ['b', 'a']));
  await settled();
  stop('SIGINT');
  abandon('SIGINT');
  expect((await report).outcomes).toMatchObject([
    { status: 'failed', failure: { reason: 'interrupted', signal: 'SIGINT' } },
    { status: 'skipped', failure: { reason: 'skipped', need: 'a' } },
  ]);
});

test('a timeout tells each step that it is not waited for any more', async () => {
  const { report, abandon } = execution(plan(['a'], ['b']), 1);
  await settled();
  abandon({ timeout: 600_000 });
  expect((await report).outcomes).toMatchObject([
    { status: 'failed', failure: { reason: 'timed-out', app: 'a', timeout: 600_000 } },
    { status: 'skipped', failure: { reason: 'timed-out', app: 'b', timeout: 600_000 } },
  ]);
});

test('an empty plan ends at once', async () => {
  expect(await execution(plan()).report).toEqual({ outcomes: [] });
});
