import { describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { formatPlan } from '../../src/reconcile/format-plan.ts';
import { planDocument } from '../../src/reconcile/plan-document.ts';
import { reconcile, type ReconcileOptions } from '../../src/reconcile/reconcile.ts';
import {
  APPLY_OPTIONS,
  appSpec,
  desiredState,
  observedApp,
  observedProject,
  observedState,
  observedWorker,
} from '../support/states.ts';

const ALICE = { user: 'alice', host: 'web1', pid: 812 };
const AUGUST = Date.UTC(2026, 7, 20, 14, 2);

function planOf(
  desired: readonly AppSpec[],
  observed: readonly ObservedApp[],
  options: Partial<ReconcileOptions> = {},
): Plan {
  const result = reconcile(desiredState(desired), observedState(observedProject(observed)), {
    ...APPLY_OPTIONS,
    ...options,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The lines of the plan's changes, without header and footer. */
function changes(...args: Parameters<typeof planOf>): string {
  const text = formatPlan(planOf(...args));
  return text.replace(/^[\s\S]*\nChanges\n/, '').replace(/\n\n[\s\S]*$/, '');
}

describe('apps come and go', () => {
  test('a new app is started, one that was removed is deleted, one that did not change is left alone', () => {
    const [api, legacy, cron] = [
      appSpec({ name: 'api' }),
      appSpec({ name: 'legacy', instances: 2 }),
      appSpec({ name: 'cron' }),
    ];
    expect(formatPlan(planOf([api, cron], [observedApp(api), observedApp(legacy)]))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Changes
        + cron    start 1 worker    not running yet
        - legacy  delete 2 workers  no longer in ecosystem.yaml

      Plan: 1 to start, 1 to delete · 1 unchanged"
    `);
  });

  test('an unchanged file gives no plan', () => {
    const apps = [appSpec({ name: 'api', instances: 4 }), appSpec({ name: 'migrate', kind: 'task' })];
    const plan = planOf(
      apps,
      apps.map((spec) => observedApp(spec)),
    );
    expect(plan).toMatchObject({ steps: [], drift: [], unchanged: 2 });
    expect(formatPlan(plan)).toMatchInlineSnapshot(`"No changes: 2 apps match ecosystem.yaml."`);
  });

  test('nothing is deleted without prune', () => {
    expect(
      planOf([appSpec({ name: 'api' })], [observedApp(appSpec({ name: 'legacy' }))], { prune: false }).steps,
    ).toMatchObject([{ id: 'api' }]);
  });

  test('only narrows starts, changes, deletions and drift', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => appSpec({ name }));
    const observed = [b, c].flatMap((spec) =>
      spec === undefined ? [] : [observedApp(spec, { goal: 'stopped', workers: [] })],
    );
    const plan = planOf(
      [a, b].flatMap((spec) => spec ?? []),
      observed,
      { only: ['a', 'c'] },
    );
    expect(plan.steps.map(({ id, action }) => `${action.type} ${id}`)).toEqual(['start a', 'delete c']);
    expect(plan.drift).toEqual([]);
  });

  test('only with a name that is nowhere fails and proposes the nearest', () => {
    const result = reconcile(desiredState([appSpec({ name: 'api' })]), observedState(), {
      ...APPLY_OPTIONS,
      only: ['aip'],
    });
    expect(result).toEqual({ ok: false, error: { reason: 'no-such-app', target: 'aip', didYouMean: 'api' } });
  });

  test('a renamed app starts after its old name is gone, for both want the same port', () => {
    const old = appSpec({ name: 'api', script: '/srv/shop/server.js' });
    expect(changes([{ ...old, name: 'backend' }], [observedApp(old)])).toMatchInlineSnapshot(`
      "  - api      delete 1 worker  no longer in ecosystem.yaml
        + backend  start 1 worker   after api is deleted"
    `);
  });

  test('of two removed apps the dependent goes first', () => {
    const [api, cache] = [appSpec({ name: 'api', dependsOn: { cache: 'ready' } }), appSpec({ name: 'cache' })];
    expect(changes([], [observedApp(api), observedApp(cache)], { allowEmpty: true })).toMatchInlineSnapshot(`
      "  - api    delete 1 worker  no longer in ecosystem.yaml
        - cache  delete 1 worker  no longer in ecosystem.yaml, after api is deleted"
    `);
  });

  test('a removed app goes after those that used it until now', () => {
    const [api, cache] = [appSpec({ name: 'api', dependsOn: { cache: 'ready' } }), appSpec({ name: 'cache' })];
    const after = appSpec({ name: 'api', env: { CACHE: 'off' } });
    expect(changes([after], [observedApp(api), observedApp(cache)])).toMatchInlineSnapshot(`
      "  ~ api    reload 1 worker  rolling, surge 1, no downtime
            env.CACHE         (none) → "off"
            depends_on.cache  "ready" → (none)
        - cache  delete 1 worker  no longer in ecosystem.yaml, after api is ready"
    `);
  });

  test('orders that contradict each other still give an order', () => {
    const old = appSpec({ name: 'zed', script: '/srv/shop/server.js' });
    const mid = appSpec({ name: 'mid', dependsOn: { zed: 'ready' } });
    const web = appSpec({ name: 'web', dependsOn: { mid: 'ready' } });
    const desired = [{ ...old, name: 'anew' }, appSpec({ name: 'web', dependsOn: { anew: 'ready' } })];
    const plan = planOf(
      desired,
      [old, mid, web].map((spec) => observedApp(spec)),
    );
    expect(plan.steps.map(({ id, needs }) => [id, ...needs.map(({ step }) => step)])).toMatchInlineSnapshot(`
      [
        [
          "mid",
        ],
        [
          "zed",
          "mid",
        ],
        [
          "anew",
          "zed",
        ],
        [
          "web",
          "anew",
        ],
      ]
    `);
  });
});

describe('ownership', () => {
  const other = observedProject([observedApp(appSpec({ name: 'api' }))], {
    origin: { type: 'folder', path: '/home/bob/shop' },
  });

  test('a project of another origin is refused', () => {
    const result = reconcile(desiredState([appSpec({ name: 'api' })]), observedState(other), APPLY_OPTIONS);
    expect(result).toEqual({
      ok: false,
      error: {
        reason: 'owned-by-another-origin',
        project: 'shop',
        owner: { type: 'folder', path: '/home/bob/shop' },
        claimant: { type: 'git', remote: 'https://git.example/shop.git' },
      },
    });
  });

  test('unless it is taken over, or has no apps any more', () => {
    const takeOwnership = { ...APPLY_OPTIONS, takeOwnership: true };
    expect(reconcile(desiredState([]), observedState({ ...other, apps: [] }), APPLY_OPTIONS).ok).toBe(true);
    expect(reconcile(desiredState([appSpec({ name: 'api' })]), observedState(other), takeOwnership).ok).toBe(true);
  });

  test('an app of the same name in another project is neither compared nor touched', () => {
    const foreign = observedProject([observedApp(appSpec({ name: 'api', instances: 8 }))], { name: 'blog' });
    const result = reconcile(desiredState([appSpec({ name: 'api' })]), observedState(foreign), APPLY_OPTIONS);
    expect(result).toMatchObject({ value: { serial: 0, steps: [{ id: 'api', action: { type: 'start' } }] } });
  });

  test('a file without apps deletes nothing unless asked', () => {
    const observed = observedState(
      observedProject([observedApp(appSpec({ name: 'b' })), observedApp(appSpec({ name: 'a' }))]),
    );
    expect(reconcile(desiredState([]), observed, APPLY_OPTIONS)).toEqual({
      ok: false,
      error: { reason: 'empty-desired-state', project: 'shop', apps: ['a', 'b'] },
    });
    expect(reconcile(desiredState([]), observed, { ...APPLY_OPTIONS, allowEmpty: true })).toMatchObject({
      value: { steps: [{ id: 'a' }, { id: 'b' }] },
    });
    expect(reconcile(desiredState([]), observedState(), APPLY_OPTIONS)).toMatchObject({ value: { steps: [] } });
  });
});

describe('sockets of their own, which not every daemon can make', () => {
  const api = appSpec({ name: 'api', balance: 'reuseport' });
  const others = [appSpec({ name: 'cron' })];
  const old = { reusePort: 'needs-newer-node', node: 'v20.19.0' } as const;

  test('are announced as shared, with what is missing, whether or not anything changes', () => {
    expect(formatPlan(planOf([api, ...others], [observedApp(api)], { daemon: old }))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Notices
        ! api  balance: reuseport needs eco itself to run on Node 22.12 or newer, not v20.19.0; its workers share one socket instead

      Changes
        + cron  start 1 worker  not running yet

      Plan: 1 to start · 1 unchanged"
    `);
    expect(formatPlan(planOf([api], [observedApp(api)], { daemon: old }))).toMatchInlineSnapshot(`
      "Notices
        ! api  balance: reuseport needs eco itself to run on Node 22.12 or newer, not v20.19.0; its workers share one socket instead

      No changes: 1 app matches ecosystem.yaml."
    `);
    const mac = { reusePort: 'not-on-this-system', node: 'v24.0.0' } as const;
    const { notices } = planDocument(planOf([api], [observedApp(api)], { daemon: mac }));
    expect(notices).toEqual([
      { app: 'api', message: 'balance: reuseport needs Linux; its workers share one socket instead' },
    ]);
  });

  test('are no matter where they can be made, or nobody asks for them', () => {
    expect(planOf([api], [], { daemon: { reusePort: 'supported', node: 'v24.0.0' } }).notices).toEqual([]);
    expect(planOf(others, [], { daemon: old }).notices).toEqual([]);
  });

  test('take the place of a shared one with downtime', () => {
    const shared = { ...api, balance: 'shared' } as const;
    expect(changes([api], [observedApp(shared)])).toMatchInlineSnapshot(`
      "  -/+ api  replace 1 worker  with downtime: balance changed
            balance  "shared" → "reuseport""
    `);
  });
});

describe('what a changed field asks for', () => {
  const api = appSpec({ name: 'api', instances: 2, execMode: 'cluster' });
  const port = { listening: ['0.0.0.0:3000'] };

  test.each<[keyof AppSpec, Partial<AppSpec>, string, string]>([
    ['namespace', { namespace: 'edge' }, 'update', 'namespace  "default" → "edge"'],
    ['kind', { kind: 'task' }, 'replace', 'kind  "service" → "task"'],
    ['script', { script: '/srv/shop/main.js' }, 'reload', 'script  "/srv/shop/api.js" → "/srv/shop/main.js"'],
    ['args', { args: ['--fast'] }, 'reload', 'args  [] → ["--fast"]'],
    ['cwd', { cwd: '/srv/other' }, 'reload', 'cwd  "/srv/shop" → "/srv/other"'],
    [
      'interpreter',
      { interpreter: { type: 'program', path: '/opt/node' } },
      'reload',
      'interpreter  "node" → "/opt/node"',
    ],
    [
      'interpreterArgs',
      { interpreterArgs: ['--enable-source-maps'] },
      'reload',
      'interpreter_args  [] → ["--enable-source-maps"]',
    ],
    [
      'pathPrefix',
      { pathPrefix: ['/srv/shop/node_modules/.bin'] },
      'reload',
      'path_prefix  [] → ["/srv/shop/node_modules/.bin"]',
    ],
    ['unwrappedFrom', { unwrappedFrom: 'npm start' }, 'update', 'unwrapped_from  (none) → "npm start"'],
    ['instances', { instances: 3 }, 'scale', '~ api  scale 2 → 3'],
    ['execMode', { execMode: 'fork' }, 'replace', 'exec_mode  "cluster" → "fork"'],
    ['balance', { balance: 'reuseport' }, 'replace', 'balance  "shared" → "reuseport"'],
    ['env', { env: { A: '1' } }, 'reload', 'env.A  (none) → "1"'],
    ['sensitiveEnv', { sensitiveEnv: ['A'] }, 'update', 'sensitive_env  [] → ["A"]'],
    ['instanceVar', { instanceVar: 'SLOT' }, 'reload', 'instance_var  "NODE_APP_INSTANCE" → "SLOT"'],
    ['autorestart', { autorestart: false }, 'update', 'autorestart  true → false'],
    ['maxRestarts', { maxRestarts: 3 }, 'update', 'max_restarts  (none) → 3'],
    ['minUptime', { minUptime: 1 }, 'update', 'min_uptime  60s → 1ms'],
    ['restartDelay', { restartDelay: 1 }, 'update', 'restart_delay  (none) → 1ms'],
    ['killTimeout', { killTimeout: 1 }, 'update', 'kill_timeout  30s → 1ms'],
    ['stopSignal', { stopSignal: 'SIGINT' }, 'update', 'stop_signal  "auto" → "SIGINT"'],
    ['readyTimeout', { readyTimeout: 1 }, 'update', 'listen_timeout  30s → 1ms'],
    ['readiness', { readiness: { type: 'message' } }, 'update', 'wait_ready  false → true'],
    ['outFile', { outFile: { type: 'discard' } }, 'reload', 'out_file  (none) → "/dev/null"'],
    [
      'errorFile',
      { errorFile: { type: 'file', path: '/var/log/api' } },
      'reload',
      'error_file  (none) → "/var/log/api"',
    ],
    ['combinedFile', { combinedFile: { type: 'default' } }, 'reload', 'log_file  (none) → true'],
    ['mergeLogs', { mergeLogs: true }, 'reload', 'merge_logs  false → true'],
    ['logType', { logType: 'json' }, 'reload', 'log_type  "raw" → "json"'],
    ['logDateFormat', { logDateFormat: 'HH:mm' }, 'reload', 'log_date_format  (none) → "HH:mm"'],
    [
      'logRotation',
      { logRotation: null },
      'update',
      'logs.rotate  {"max_size":10485760,"keep":5,"compress":false} → false',
    ],
    ['dependsOn', { dependsOn: { db: 'ready' } }, 'update', 'depends_on.db  (none) → "ready"'],
    ['code', { code: { type: 'fixed', value: 'v2' } }, 'reload', 'code  "none" → "v2"'],
  ])('%s', (_, change, action, line) => {
    const plan = planOf([{ ...api, ...change }], [observedApp(api)]);
    expect(plan.steps).toMatchObject([{ action: { type: action }, fields: [{}] }]);
    expect(
      changes([{ ...api, ...change }], [observedApp(api)])
        .split('\n')
        .at(-1)
        ?.trim(),
    ).toBe(line);
  });

  test('workers that are told how many they are do not merely get more siblings', () => {
    const shards = { ...api, env: { SHARD: '{{instance}}/{{instances}}' } };
    expect(changes([{ ...shards, instances: 3 }], [observedApp(shards)])).toMatchInlineSnapshot(`
      "  ~ api  reload 3 workers  rolling, surge 1, no downtime
            instances  2 → 3"
    `);
  });

  test('the strongest class wins, and every field is named', () => {
    const after = { ...api, instances: 4, killTimeout: 5000, args: ['--port', '3000'] };
    expect(changes([after], [observedApp(api)])).toMatchInlineSnapshot(`
      "  ~ api  reload 4 workers  rolling, surge 1, no downtime
            args          [] → ["--port","3000"]
            instances     2 → 4
            kill_timeout  30s → 5s"
    `);
  });

  test('variables are compared one by one, and secrets are masked', () => {
    const before = {
      ...api,
      env: { LOG_LEVEL: 'info', DB_PASSWORD: 'a', GONE: 'x', API_KEY: 'k' },
      sensitiveEnv: ['API_KEY', 'DB_PASSWORD'],
    };
    const after = {
      ...api,
      env: { LOG_LEVEL: 'debug', DB_PASSWORD: 'b', TOKEN: 't' },
      sensitiveEnv: ['DB_PASSWORD', 'TOKEN'],
    };
    const text = changes([after], [observedApp(before)]);
    expect(text).toMatchInlineSnapshot(`
      "  ~ api  reload 2 workers  rolling, surge 1, no downtime
            env.API_KEY      *** → (none)
            env.DB_PASSWORD  *** (before) → *** (after)
            env.GONE         "x" → (none)
            env.LOG_LEVEL    "info" → "debug"
            env.TOKEN        (none) → ***"
    `);
    expect(JSON.stringify(planOf([after], [observedApp(before)]).steps[0]?.fields)).not.toMatch(/"[abkt]"/);
  });

  test('a value that was a secret on one side only is masked on both', () => {
    const [before, after] = [
      { ...api, env: { X: 'hidden' }, sensitiveEnv: ['X'] },
      { ...api, env: { X: 'shown' } },
    ];
    expect(changes([after], [observedApp(before)])).toContain('*** (before) → *** (after)');
  });

  test('changed code names the files: ten of them, then a count', () => {
    const files = Array.from({ length: 12 }, (_, i) => [`src/${String.fromCodePoint(97 + i)}.js`, 'old']);
    const manifests = { old: Object.fromEntries(files), new: { 'src/a.js': 'old' } };
    const [before, after] = [
      { ...api, code: { type: 'auto', digest: 'old' } as const },
      { ...api, code: { type: 'auto', digest: 'new' } as const },
    ];
    expect(changes([after], [observedApp(before)], { manifests })).toMatchInlineSnapshot(`
      "  ~ api  reload 2 workers  rolling, surge 1, no downtime
            code  11 files changed: src/b.js, src/c.js, src/d.js, src/e.js, src/f.js, src/g.js, src/h.js, src/i.js, src/j.js, src/k.js and 1 more"
    `);
    expect(changes([after], [observedApp(before)])).toContain('code changed');
    expect(changes([after], [observedApp(before)], { manifests: { ...manifests, old: {} } })).toContain('code changed');
  });

  test.each<[string, Partial<AppSpec>, Partial<AppSpec>, object, string]>([
    ['a Node program hands over its port', {}, {}, port, 'reload'],
    ['a Node program that does not report cannot', {}, {}, { managed: false }, 'replace'],
    ['nor can one whose sockets nobody holds', {}, {}, { ...port, handsOver: false }, 'replace'],
    [
      'another program may hold a port that nobody knows of',
      { interpreter: { type: 'none' } },
      {},
      { managed: false },
      'replace',
    ],
    ['a package runner listens in a grandchild', { interpreter: { type: 'none' } }, {}, port, 'replace'],
    [
      'a package runner that listens nowhere has nothing to hand over',
      { interpreter: { type: 'none' } },
      {},
      {},
      'reload',
    ],
    [
      'a Node program cannot hand over to another one',
      {},
      { interpreter: { type: 'program', path: 'python3' } },
      port,
      'replace',
    ],
  ])('%s', (_, before, after, worker, action) => {
    const old = { ...api, instances: 1, ...before };
    const step = planOf([{ ...old, args: ['x'], ...after }], [observedApp(old, { workers: [observedWorker(worker)] })])
      .steps[0];
    expect(step?.action.type).toBe(action);
  });

  test('a replacement says why it has downtime', () => {
    const old = { ...api, interpreter: { type: 'none' } as const };
    const observed = observedApp(old, { workers: [observedWorker({ managed: false })] });
    expect(formatPlan(planOf([{ ...old, args: ['x'] }], [observed]))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Drift (changed outside the file)
        !   api  workers 2 → 1      1 of 2 workers is missing

      Changes
        -/+ api  replace 2 workers  with downtime: api runs unmanaged and cannot hand over a port
            args  [] → ["x"]

      -/+ replace with downtime: the old workers go first

      Plan: 1 to replace"
    `);
  });

  test('a task that changed runs again', () => {
    const task = appSpec({ name: 'migrate', kind: 'task' });
    expect(changes([{ ...task, args: ['--all'] }], [observedApp(task)])).toMatchInlineSnapshot(`
      "  + migrate  start 1 worker  changed: run again
            args  [] → ["--all"]"
    `);
    expect(changes([{ ...task, killTimeout: 1 }], [observedApp(task)])).toMatchInlineSnapshot(`
      "  ~ migrate  update settings  no process is touched
            kill_timeout  30s → 1ms"
    `);
  });

  test('a service that becomes a task with a schedule ends, and is not run before its time', () => {
    const schedule = { cron: '0 7 * * *', timezone: null, overlap: false, missed: 'skip' } as const;
    const task = { ...api, kind: 'task', autorestart: false, schedule } as const;
    expect(changes([task], [observedApp(api)])).toMatchInlineSnapshot(`
      "  -/+ api  replace 2 workers  with downtime: kind changed; is run at 0 7 * * *
            kind         "service" → "task"
            autorestart  true → false
            schedule     (none) → {"cron":"0 7 * * *","timezone":null,"overlap":false,"missed":"skip"}"
    `);
    expect(changes([api], [{ ...observedApp(task), workers: [] }])).toContain('with downtime: kind changed');
  });

  test('a dependent waits for the step of its dependency, with its condition', () => {
    const [db, web] = [appSpec({ name: 'zdb' }), appSpec({ name: 'web', dependsOn: { zdb: 'ready' } })];
    expect(changes([db, web], [])).toMatchInlineSnapshot(`
      "  + zdb  start 1 worker  not running yet
        + web  start 1 worker  after zdb is ready"
    `);
    expect(planOf([db, web], [observedApp(db)]).steps[0]?.needs).toEqual([]);
  });

  test('force replaces the workers of unchanged apps', () => {
    const task = appSpec({ name: 'migrate', kind: 'task' });
    expect(changes([api, task], [observedApp(api), observedApp(task)], { force: true })).toMatchInlineSnapshot(`
      "  ~ api      reload 2 workers  forced, rolling, surge 1, no downtime
        + migrate  start 1 worker    forced: run again"
    `);
  });
});

test('another Node of the daemon asks for new processes, where the file names none and the workers tell theirs', () => {
  const on = (node: string | null, own: Partial<AppSpec> = {}): Plan => {
    const spec = appSpec({ name: 'api', ...own });
    const observed = observedApp(spec, {
      workers: [observedWorker({ node, phase: spec.kind === 'task' ? 'completed' : 'ready' })],
    });
    const result = reconcile(
      desiredState([spec]),
      { ...observedState(observedProject([observed])), node: 'v22.12.0' },
      APPLY_OPTIONS,
    );
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value;
  };
  expect(formatPlan(on('v20.19.0'))).toContain(`~ api  reload 1 worker  rolling, surge 1, no downtime
      interpreter  "node v20.19.0" → "node v22.12.0"`);
  for (const plan of [
    on('v22.12.0'),
    on(null),
    on('v20.19.0', { interpreter: { type: 'program', path: '/opt/node' } }),
    on('v20.19.0', { kind: 'task' }),
  ])
    expect(plan.steps).toEqual([]);
});

describe('drift and health', () => {
  const api = appSpec({ name: 'api', instances: 4, execMode: 'cluster' });

  test('a manual scale is drift, and is undone', () => {
    const scaled = { ...api, instances: 8 };
    const app = observedApp(scaled, { applied: api, manualChanges: [{ action: 'scale', by: ALICE, at: AUGUST }] });
    expect(formatPlan(planOf([api], [app]))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Drift (changed outside the file)
        ! api  instances 4 → 8  scaled by hand: alice, 2026-08-20 14:02 UTC

      Changes
        ~ api  scale 8 → 4

      Plan: 1 to scale"
    `);
  });

  test('a manual scale that the file has taken over is not', () => {
    const scaled = { ...api, instances: 8 };
    expect(planOf([scaled], [observedApp(scaled, { applied: api })])).toMatchObject({ drift: [], steps: [] });
  });

  test('a manual rollback is drift, and goes forward again', () => {
    const [before, asked] = [
      { ...api, env: { LEVEL: 'info' } },
      { ...api, env: { LEVEL: 'debug' }, instances: 3 },
    ];
    const rolledBack = { applied: asked, appliedRevision: 8, revision: 7 };
    const app = observedApp(before, {
      ...rolledBack,
      manualChanges: [{ action: 'rollback', by: ALICE, at: AUGUST }],
    });
    expect(formatPlan(planOf([asked], [app]))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Drift (changed outside the file)
        ! api  revision 8 → 7    rolled back by hand: alice, 2026-08-20 14:02 UTC

      Changes
        ~ api  reload 3 workers  rolling, surge 1, no downtime
            instances  4 → 3
            env.LEVEL  "info" → "debug"

      Plan: 1 to reload"
    `);
    expect(planOf([before], [app])).toMatchObject({ drift: [], steps: [] });
  });

  test('an app that was stopped by hand is drift, and is started', () => {
    const app = observedApp(api, {
      goal: 'stopped',
      workers: [],
      manualChanges: [{ action: 'stop', by: ALICE, at: AUGUST }],
    });
    expect(formatPlan(planOf([api], [app]))).toMatchInlineSnapshot(`
      "shop · ecosystem.yaml · revision 41 → 42

      Drift (changed outside the file)
        ! api  workers 4 → 0    stopped by hand: alice, 2026-08-20 14:02 UTC

      Changes
        + api  start 4 workers  stopped by hand

      Plan: 1 to start"
    `);
  });

  test('workers that fail, are missing or run an earlier revision are drift, and are started', () => {
    const workers = [
      observedWorker({ instance: 0, phase: 'backing-off', pid: null, lastExit: { type: 'exit-code', code: 1 } }),
      observedWorker({ instance: 1, phase: 'failed', pid: null, lastExit: { type: 'signal', signal: 'SIGSEGV' } }),
      observedWorker({ instance: 2, current: false }),
    ];
    const plan = planOf([api], [observedApp(api, { workers })]);
    expect(plan.drift).toMatchInlineSnapshot(`
      [
        {
          "actual": 0,
          "app": "api",
          "at": null,
          "by": null,
          "cause": "1 of 4 workers failed: killed by SIGSEGV, 1 of 4 workers is backing off: exit code 1, 1 of 4 workers is missing, 1 of 4 workers runs an earlier revision",
          "expected": 4,
          "path": "workers",
        },
      ]
    `);
    expect(plan.steps).toMatchObject([{ action: { type: 'start' }, cause: plan.drift[0]?.cause, fields: [] }]);
  });

  test('an app that never came up is started, but cannot have drifted', () => {
    const workers = [observedWorker({ phase: 'backing-off', pid: null, lastExit: { type: 'exit-code', code: 1 } })];
    const one = { ...api, instances: 1 };
    const plan = planOf([one], [observedApp(one, { applied: null, workers })]);
    expect(plan.drift).toEqual([]);
    expect(plan.steps[0]?.cause).toBe('1 of 1 worker is backing off: exit code 1');
  });

  test('an apply that was cut short is waited for: workers that still start are no drift', () => {
    const workers = [
      ...observedApp({ ...api, instances: 3 }).workers,
      observedWorker({ instance: 3, phase: 'starting' }),
    ];
    const plan = planOf([api], [observedApp(api, { workers })]);
    expect(plan).toMatchObject({
      drift: [],
      steps: [{ action: { type: 'start' }, cause: '1 of 4 workers is still starting' }],
    });
  });

  test('an old worker that drains, and a leftover of an earlier attempt, say nothing about the app', () => {
    const gone = { instance: 0, current: false } as const;
    const workers = [
      ...observedApp(api).workers,
      observedWorker({ ...gone, phase: 'draining' }),
      observedWorker({ ...gone, phase: 'failed', pid: null }),
    ];
    expect(planOf([api], [observedApp(api, { workers })])).toMatchObject({ drift: [], steps: [] });
  });

  test.each([
    ['completed', 'running', 0],
    ['completed', 'stopped', 0],
    ['failed', 'running', 1],
    ['ready', 'running', 1],
    ['stopped', 'stopped', 1],
  ] as const)('a task that is %s while its goal is %s gives %i steps', (phase, goal, steps) => {
    const task = appSpec({ name: 'migrate', kind: 'task' });
    expect(planOf([task], [observedApp(task, { goal, workers: [observedWorker({ phase })] })]).steps).toHaveLength(
      steps,
    );
  });

  test('a task that was completed by an earlier revision has not run', () => {
    const task = appSpec({ name: 'migrate', kind: 'task' });
    const workers = [observedWorker({ phase: 'completed', pid: null, current: false })];
    expect(planOf([task], [observedApp(task, { workers })]).steps[0]?.cause).toBe('1 of 1 worker has not run');
  });

  test.each([
    [false, 0],
    [true, 1],
  ])('a service that ended, with autorestart %s, gives %i steps', (autorestart, steps) => {
    const spec = { ...api, instances: 1, autorestart };
    expect(
      planOf([spec], [observedApp(spec, { workers: [observedWorker({ phase: 'stopped', pid: null })] })]).steps,
    ).toHaveLength(steps);
  });

  test('a change that reloads nothing does not hide that the app is down', () => {
    const after = { ...api, killTimeout: 5000, instances: 2 };
    expect(changes([after], [observedApp(api, { workers: [] })])).toMatchInlineSnapshot(`
      "  + api  start 2 workers  2 fields changed, 4 of 4 workers are missing
            instances     4 → 2
            kill_timeout  30s → 5s"
    `);
  });
});

test('nothing from a file moves the cursor of a terminal', () => {
  const text = formatPlan(
    planOf(
      [appSpec({ name: 'a\u001b[2Jb', env: { 'X\u009b': '\u001b]0;title\u0007\u202e' } })],
      [observedApp(appSpec({ name: 'a\u001b[2Jb' }))],
    ),
  );
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
});

describe('an app that is to be restarted with another', () => {
  const cache = appSpec({ name: 'cache', env: { SIZE: '1' } });
  const web = appSpec({ name: 'web', dependsOn: { cache: 'ready' }, restartWith: ['cache'] });
  const front = appSpec({ name: 'front', dependsOn: { web: 'ready' }, restartWith: ['web'] });
  const other = appSpec({ name: 'other', dependsOn: { cache: 'ready' } });
  const present = [cache, web, front, other].map((spec) => observedApp(spec));
  const larger = { ...cache, env: { SIZE: '2' } };

  test('is, and what is to be restarted with it; what only depends on it is not', () => {
    expect(changes([larger, web, front, other], present)).toMatchInlineSnapshot(`
      "  ~ cache  reload 1 worker  rolling, surge 1, no downtime
            env.SIZE  "1" → "2"
        ~ web    reload 1 worker  together with cache, rolling, surge 1, no downtime, after cache is ready
        ~ front  reload 1 worker  together with web, rolling, surge 1, no downtime, after web is ready"
    `);
  });

  test('is not where the other is only scaled, or nothing happens to it', () => {
    expect(changes([{ ...cache, instances: 2 }, web, front, other], present)).toMatchInlineSnapshot(
      `"  ~ cache  scale 1 → 2"`,
    );
  });

  test('is restarted once where it has changed itself', () => {
    expect(changes([larger, { ...web, env: { A: 'b' } }, front, other], present)).toMatchInlineSnapshot(`
      "  ~ cache  reload 1 worker  rolling, surge 1, no downtime
            env.SIZE  "1" → "2"
        ~ web    reload 1 worker  rolling, surge 1, no downtime, after cache is ready
            env.A  (none) → "b"
        ~ front  reload 1 worker  together with web, rolling, surge 1, no downtime, after web is ready"
    `);
  });
});
