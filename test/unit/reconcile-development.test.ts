import { describe, expect, test } from 'vitest';
import { developmentSpec } from '../../src/domain/development.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import { developmentPlan, type DevelopmentOptions } from '../../src/reconcile/development-plan.ts';
import { formatStep } from '../../src/reconcile/format-plan.ts';
import { appSpec, desiredState, observedApp, observedWorker } from '../support/states.ts';

const api = appSpec({ name: 'api' });
const web = appSpec({ name: 'web', dependsOn: { api: 'ready' } });
const front = appSpec({ name: 'front', dependsOn: { web: 'started' }, restartWith: ['web'] });
const tried = (...specs: readonly (typeof api)[]) => new Map(specs.map((spec) => [spec.name, spec]));

function steps(
  specs: readonly (typeof api)[],
  observed: readonly ObservedApp[],
  options: Partial<DevelopmentOptions>,
): readonly string[] {
  const all = { restart: new Map(), tried: new Map(), only: null, daemon: null, ...options };
  const plan = developmentPlan(desiredState(specs), observed, all);
  if (!plan.ok) throw new Error(plan.error.reason);
  return plan.value.steps.map(
    (step) => formatStep(step) + step.needs.map((need) => `  after ${need.step} is ${need.condition}`).join(''),
  );
}

function failed(spec: typeof api): ObservedApp {
  return observedApp(spec, { workers: [observedWorker({ phase: 'failed', pid: null })] });
}

describe('what a change asks for in development', () => {
  test('at first everything, in its order', () => {
    expect(steps([api, web], [], {})).toEqual([
      '+ api  start 1 worker  not running yet',
      '+ web  start 1 worker  not running yet  after api is ready',
    ]);
  });

  test('changed files: the app, and those that restart with it', () => {
    const observed = [api, front, web].map((spec) => observedApp(spec));
    const known = { tried: tried(api, front, web) };
    expect(steps([api, front, web], observed, { ...known, restart: new Map([['api', 'a.js changed']]) })).toEqual([
      '-/+ api  replace 1 worker  a.js changed',
    ]);
    expect(steps([api, front, web], observed, { ...known, restart: new Map([['web', 'w.js changed']]) })).toEqual([
      '-/+ web  replace 1 worker  w.js changed',
      '-/+ front  replace 1 worker  together with web  after web is started',
    ]);
  });

  test('a task runs again', () => {
    const migrate = appSpec({ name: 'migrate', kind: 'task' });
    const done = observedApp(migrate, { workers: [observedWorker({ phase: 'completed', pid: null })] });
    const restart = new Map([['migrate', 'm.js changed']]);
    expect(steps([migrate], [done], { tried: tried(migrate), restart })).toEqual([
      '+ migrate  start 1 worker  m.js changed',
    ]);
    expect(steps([migrate], [done], { tried: tried(migrate) })).toEqual([]);
  });

  test('what has failed waits for a change of its own, and so does what depends on it', () => {
    const known = { tried: tried(api) };
    expect(steps([api, web], [failed(api)], known)).toEqual([]);
    expect(steps([api, web], [failed(api)], { ...known, restart: new Map([['api', 'a.js changed']]) })).toEqual([
      '-/+ api  replace 1 worker  a.js changed',
      '+ web  start 1 worker  not running yet  after api is ready',
    ]);
    const edited = { ...api, env: { PORT: '1' } };
    expect(steps([edited, web], [failed(api)], known)[0]).toMatch(/api .* env\.PORT/);
  });

  test('a spec that has failed is not tried again because of another app', () => {
    const edited = { ...api, env: { PORT: '1' } };
    expect(steps([edited], [observedApp(api)], { tried: tried(edited) })).toEqual([]);
    expect(steps([edited], [observedApp(api)], { tried: tried(api) })).toHaveLength(1);
  });

  test('a changed file and a changed spec are one step', () => {
    const edited = { ...api, env: { PORT: '1' } };
    const restart = new Map([['api', 'a.js changed']]);
    expect(steps([edited], [observedApp(api)], { tried: tried(api), restart })).toEqual([
      '~ api  reload 1 worker  env.PORT (none) → "1"',
    ]);
    const slower = { ...api, killTimeout: 1 };
    expect(steps([slower], [observedApp(api)], { tried: tried(api), restart })).toEqual([
      '-/+ api  replace 1 worker  kill_timeout 30s → 1ms',
    ]);
  });

  test('what is no longer in the file goes', () => {
    expect(steps([api], [observedApp(api), observedApp(web)], { tried: tried(api, web) })).toEqual([
      '- web  delete 1 worker  no longer in ecosystem.yaml',
    ]);
  });
});

describe('an app in development', () => {
  const dev = (fields: Partial<typeof api>, instances: number | null = null) =>
    developmentSpec({ ...api, ...fields }, { instances });

  test('one worker, unless more are asked for', () => {
    expect(dev({ instances: 8 }).instances).toBe(1);
    expect(dev({ instances: 8 }, 3).instances).toBe(3);
  });

  test('NODE_ENV unless it is set', () => {
    expect(dev({}).env).toEqual({ NODE_ENV: 'development' });
    expect(dev({ env: { NODE_ENV: 'test' } }).env).toEqual({ NODE_ENV: 'test' });
  });

  test('crashes wait, nothing is rolled back, output comes to the terminal, a written kill_timeout stays', () => {
    const spec = dev({ outFile: { type: 'file', path: '/x' }, errorFile: { type: 'discard' }, killTimeout: 7000 });
    expect(spec).toMatchObject({ autorestart: false, killTimeout: 7000, outFile: { type: 'default' } });
    expect(spec).toMatchObject({ errorFile: { type: 'discard' }, rollout: { rollback: false } });
    expect(dev({}).killTimeout).toBe(5000);
  });
});
