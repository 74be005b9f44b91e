import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../src/domain/failure.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import type { ExecutionEvent, ExecutionReport } from '../../src/execute/execute-plan.ts';
import { EXIT, EXIT_CODES, exitCodeOf, exitCodeOfReport } from '../../src/cli/exit-codes.ts';
import { formatStatistics } from '../../src/cli/render/statistics-text.ts';
import { formatBytes } from '../../src/reconcile/format-bytes.ts';
import { describeDocument, formatDescription } from '../../src/cli/render/describe-text.ts';
import { formatDuration } from '../../src/cli/render/duration-text.ts';
import { formatFailure } from '../../src/cli/render/failure-text.ts';
import { listDocument } from '../../src/cli/render/list-document.ts';
import { renderPlan } from '../../src/cli/render/plan-text.ts';
import { jsonProgress } from '../../src/cli/render/progress-json.ts';
import { treeProgress } from '../../src/cli/render/progress-tree.ts';
import { plainProgress } from '../../src/cli/render/progress.ts';
import { formatFailures, formatSummary } from '../../src/cli/render/report-text.ts';
import { formatAppTable } from '../../src/cli/render/tables.ts';
import { formatPlan } from '../../src/reconcile/format-plan.ts';
import { appSpec, observedApp, observedWorker } from '../support/states.ts';

const SERVING = { revision: 41, ready: 4, desired: 4 };
const CRASHED = {
  worker: 'shop/api:0#7',
  cause: { type: 'exit-code', code: 1 } as const,
  lastLines: ['\u001b[31mError:\u001b[39m no database', '\tat connect (db.js:3)'],
};
const ROLLOUT_FAILED: Failure = { reason: 'rollout-failed', app: 'api', workers: [CRASHED], serving: SERVING };
const NOTHING_SERVES: Failure = { ...ROLLOUT_FAILED, serving: null };
const TASK_FAILED: Failure = { reason: 'task-failed', app: 'migrate', workers: [CRASHED] };
const TIMED_OUT: Failure = { reason: 'timed-out', app: 'api', timeout: 600_000 };
const SKIPPED: Failure = { reason: 'skipped', app: 'web', need: 'api' };
const INTERRUPTED: Failure = { reason: 'interrupted', signal: 'SIGINT' };

const OLD = { version: '1.4.0', node: 'v20.19.0' };
const NEW = { version: '2.0.0', node: 'v22.12.0' };

/** One of each reason. */
const FAILURES: readonly (readonly [Failure, number])[] = [
  [{ reason: 'config-invalid', diagnostics: [] }, 3],
  [
    {
      reason: 'owned-by-another-origin',
      project: 'shop',
      owner: { type: 'folder', path: '/home/bob/shop' },
      claimant: { type: 'git', remote: 'https://git.example/shop.git' },
    },
    7,
  ],
  [{ reason: 'empty-desired-state', project: 'shop', apps: ['api', 'web'] }, 7],
  [
    {
      reason: 'daemon-unreachable',
      socket: '/h/daemon.sock',
      cause: 'ECONNREFUSED',
      log: '/h/daemon.log',
      taken: false,
    },
    11,
  ],
  [{ reason: 'daemon-incompatible', daemonVersion: '2.0.0', cliVersion: '1.4.0' }, 11],
  [{ reason: 'daemon-ending', pid: 7 }, 11],
  [{ reason: 'daemon-does-not-end', pid: 7 }, 10],
  [{ reason: 'daemon-not-replaced', found: OLD, wanted: NEW, service: null }, 11],
  [{ reason: 'daemon-not-replaced', found: OLD, wanted: NEW, service: 'eco.service' }, 11],
  [{ reason: 'boot-not-arranged', because: { type: 'needs-root', words: ['env', 'A=b c', '/bin/node'] } }, 1],
  [{ reason: 'boot-not-arranged', because: { type: 'no-such-user', user: 'bob' } }, 1],
  [
    {
      reason: 'boot-not-arranged',
      because: { type: 'no-service-manager', problem: 'spawn systemctl ENOENT', words: ['/bin/node', '/ecod.js'] },
    },
    1,
  ],
  [{ reason: 'boot-not-arranged', because: { type: 'file-not-ours', path: '/etc/x.service' } }, 1],
  [
    {
      reason: 'boot-not-arranged',
      because: { type: 'step-failed', words: ['systemctl', '--user', 'enable', 'eco'], problem: 'no bus' },
    },
    1,
  ],
  [
    {
      reason: 'boot-not-arranged',
      because: { type: 'step-failed', words: ['loginctl', 'enable-linger', 'alice'], problem: 'Access denied' },
    },
    1,
  ],
  [{ reason: 'home-unusable', home: '/h', problem: 'it belongs to root' }, 11],
  [ROLLOUT_FAILED, 8],
  [NOTHING_SERVES, 9],
  [{ ...ROLLOUT_FAILED, serving: { ...SERVING, ready: 0 } }, 9],
  [TASK_FAILED, 8],
  [TIMED_OUT, 10],
  [{ reason: 'superseded', app: 'api' }, 1],
  [SKIPPED, 1],
  [INTERRUPTED, 130],
  [{ reason: 'interrupted', signal: 'SIGTERM' }, 143],
  [{ reason: 'no-such-app', target: 'aip', didYouMean: 'api' }, 1],
  [{ reason: 'ambiguous-target', target: 'api', projects: ['blog', 'my shop'] }, 1],
  [{ reason: 'bad-request', problem: 'no action' }, 1],
  [{ reason: 'store-failed', path: '/h/apps/x.json', problem: 'ENOSPC' }, 1],
];

function step(app: string, needs: readonly string[] = []): Step {
  const action = { type: 'start', spec: appSpec({ name: app, instances: 2 }) } as const;
  return {
    id: app,
    app,
    action,
    cause: 'not running yet',
    fromFile: true,
    fields: [],
    needs: needs.map((step) => ({ step, condition: 'ready' })),
  };
}

const PLAN: Plan = {
  project: 'shop',
  file: '/srv/shop/ecosystem.yaml',
  serial: 41,
  lineage: null,
  drift: [],
  notices: [],
  steps: [step('api'), step('bad'), step('web', ['bad'])],
  unchanged: 6,
};

function failedReport(...failures: readonly Failure[]): ExecutionReport {
  return { outcomes: failures.map((failure) => ({ status: 'failed', step: step('api'), failure })) };
}

describe('exit codes', () => {
  test.each(FAILURES)('$reason', (failure, code) => {
    expect(exitCodeOf(failure)).toBe(code);
  });

  test('the published table has every code once, in rising order', () => {
    expect(EXIT_CODES.map(({ code }) => code)).toEqual(Object.values(EXIT));
    expect(Object.values(EXIT)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143]);
  });

  test('of several failures the one that a deploy has to know first decides', () => {
    expect(exitCodeOfReport({ outcomes: [{ status: 'succeeded', step: step('api'), serving: SERVING }] }, null)).toBe(
      0,
    );
    expect(exitCodeOfReport(failedReport(ROLLOUT_FAILED, NOTHING_SERVES, TIMED_OUT), null)).toBe(9);
    expect(exitCodeOfReport(failedReport(SKIPPED, TIMED_OUT, INTERRUPTED, ROLLOUT_FAILED), null)).toBe(8);
    expect(exitCodeOfReport(failedReport(SKIPPED, TIMED_OUT), null)).toBe(10);
    expect(exitCodeOfReport(failedReport({ reason: 'superseded', app: 'api' }), null)).toBe(1);
    expect(exitCodeOfReport(failedReport(ROLLOUT_FAILED), 'SIGTERM')).toBe(8);
    expect(exitCodeOfReport({ outcomes: [] }, 'SIGTERM')).toBe(143);
    expect(exitCodeOfReport({ outcomes: [] }, 'SIGINT')).toBe(130);
  });
});

test('every failure says what is true now and what to type next', () => {
  expect(FAILURES.map(([failure]) => formatFailure(failure)).join('\n\n')).toMatchInlineSnapshot(`
    "the file has 0 errors; nothing was changed
      See every error with its place: eco validate

    project shop belongs to /home/bob/shop; nothing was changed
      This file comes from https://git.example/shop.git.
      Give this file a project name of its own, or make it the owner: eco apply --take-ownership

    the file has no apps, but project shop has 2 apps; nothing was changed
      It has api, web.
      Delete all of them: eco apply --allow-empty, or eco down

    no daemon answers on /h/daemon.sock: ECONNREFUSED; apps that run go on running
      Its log: /h/daemon.log
      Start it: eco daemon start

    the daemon is eco 2.0.0, this is eco 1.4.0, and they do not understand each other; apps that run go on running
      Put this version in its place; no app stops: eco daemon upgrade

    the daemon is about to end and begins nothing any more; apps that run go on running
      The next one goes on from where it is: eco apply

    the daemon was told to end, but pid 7 still runs; apps that run go on running
      See whether it does by now: eco daemon status. Else end it; no app stops: kill -9 7

    the daemon that runs now is eco 1.4.0 on Node v20.19.0, not eco 2.0.0 on Node v22.12.0; apps that run go on running
      Another eco has started it meanwhile. Try again: eco daemon upgrade

    the daemon that runs now is eco 1.4.0 on Node v20.19.0, not eco 2.0.0 on Node v22.12.0; apps that run go on running
      eco.service starts another eco than this one. Tell it to start this one: eco startup

    only root may change what starts with the machine; nothing was changed
      Type: sudo env 'A=b c' /bin/node
      See first what it would do: add --print

    there is no user "bob"; nothing was changed

    eco finds neither systemd nor launchd here (spawn systemctl ENOENT); nothing was changed
      Have what starts this machine start, and start again: /bin/node /ecod.js
      In a container: eco run

    /etc/x.service was not made by eco; nothing was changed
      Look at it, move it away, then type the same again.

    \`systemctl --user enable eco\` failed: no bus; apps that run go on running
      Type the same again once that works; what is done already is not done twice.

    \`loginctl enable-linger alice\` failed: Access denied; apps that run go on running
      Until then eco starts at the first login. Type: sudo loginctl enable-linger alice

    /h cannot be used: it belongs to root; nothing was changed
      Mend it, or use another folder: ECO_HOME=/path/of/yours eco …

    shop/api:0#7: exit code 1
        Error: no database
          at connect (db.js:3)
      More of its output: eco logs api
    api: rollout failed, revision 41 is still serving (4/4 ready)

    shop/api:0#7: exit code 1
        Error: no database
          at connect (db.js:3)
      More of its output: eco logs api
    api: rollout failed, nothing is serving

    shop/api:0#7: exit code 1
        Error: no database
          at connect (db.js:3)
      More of its output: eco logs api
    api: rollout failed, nothing is serving

    shop/api:0#7: exit code 1
        Error: no database
          at connect (db.js:3)
      More of its output: eco logs migrate
    migrate: task failed, exit code 1

    api: not done after 10m; the daemon goes on with what it began
      See how far it is: eco describe api
      Wait for longer: eco apply --timeout 30m

    api: a later request took over; the app becomes what that one asked for
      See what it is now: eco describe api

    web: not begun, because api did not succeed
      Once api is mended: eco apply

    interrupted by SIGINT; the daemon finishes what it began, nothing else is begun
      Go on from where it is: eco apply

    interrupted by SIGTERM; the daemon finishes what it began, nothing else is begun
      Go on from where it is: eco apply

    there is no app "aip"; did you mean "api"?
      See the names: eco list

    "api" is in several projects: blog, my shop; nothing was changed
      Say which: --project blog

    the daemon did not understand the request: no action; nothing was changed
      See which version the daemon is: eco daemon status

    /h/apps/x.json could not be written: ENOSPC; what ran before runs on
      Make room for it or mend its permissions, then: eco apply"
  `);
});

test('workers that failed alike share a report, the others have their own', () => {
  const workers = [
    CRASHED,
    { ...CRASHED, worker: 'shop/api:1#8' },
    { ...CRASHED, worker: 'shop/api:2#9', lastLines: [] },
  ];
  expect(formatFailure({ ...NOTHING_SERVES, workers })).toMatchInlineSnapshot(`
    "shop/api:0#7, shop/api:1#8: exit code 1
        Error: no database
          at connect (db.js:3)
    shop/api:2#9: exit code 1
        (it wrote nothing)
      More of its output: eco logs api
    api: rollout failed, nothing is serving"
  `);
});

test('a plan in colour is the same text', () => {
  expect(renderPlan(PLAN, { colour: false })).toBe(formatPlan(PLAN));
  const coloured = renderPlan(PLAN, { colour: true });
  expect(coloured).toContain('\u001b[32m');
  expect(stripVTControlCharacters(coloured)).toBe(formatPlan(PLAN));
});

describe('progress', () => {
  const [api, bad, web] = [step('api'), step('bad'), step('web', ['bad'])];
  const events: readonly ExecutionEvent[] = [
    { type: 'step_started', step: api },
    { type: 'step_started', step: bad },
    {
      type: 'step_progress',
      step: api,
      progress: {
        app: 'api',
        workers: [
          { instance: 0, phase: 'starting', current: true },
          { instance: 0, phase: 'ready', current: false },
        ],
      },
    },
    { type: 'step_succeeded', step: api, serving: { revision: 42, ready: 2, desired: 2 } },
    { type: 'step_failed', step: bad, failure: { ...NOTHING_SERVES, app: 'bad' } },
    { type: 'step_skipped', step: web, failure: { ...SKIPPED, need: 'bad' } },
  ];

  test('plain: a line for each beginning and each end', async () => {
    let text = '';
    const progress = plainProgress((part) => (text += part));
    events.forEach(progress.onEvent);
    await progress.finish();
    expect(text).toMatchInlineSnapshot(`
      "api: start 2 workers …
      bad: start 2 workers …
      api: started, 2/2 ready
      bad: rollout failed, nothing is serving
      web: not begun, because bad did not succeed
      "
    `);
  });

  test('NDJSON: a version first, a summary last', () => {
    let text = '';
    const progress = jsonProgress((part) => (text += part));
    progress.version('1.2.3');
    progress.plan(PLAN);
    events.forEach(progress.onEvent);
    progress.summary(failedReport(NOTHING_SERVES), 9);
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      'version',
      'plan',
      ...events.map(({ type }) => type),
      'summary',
    ]);
    expect(lines.filter((_, index) => index !== 1).join('\n')).toMatchInlineSnapshot(`
      "{"type":"version","format_version":"1.0","eco":"1.2.3"}
      {"type":"step_started","app":"api","action":"start"}
      {"type":"step_started","app":"bad","action":"start"}
      {"type":"step_progress","app":"api","action":"start","workers":[{"instance":0,"phase":"starting","current":true},{"instance":0,"phase":"ready","current":false}]}
      {"type":"step_succeeded","app":"api","action":"start","serving":{"revision":42,"ready":2,"desired":2}}
      {"type":"step_failed","app":"bad","action":"start","failure":{"reason":"rollout-failed","app":"bad","workers":[{"worker":"shop/api:0#7","cause":{"type":"exit-code","code":1},"last_lines":["\\u001b[31mError:\\u001b[39m no database","\\tat connect (db.js:3)"]}],"serving":null}}
      {"type":"step_skipped","app":"web","action":"start","failure":{"reason":"skipped","app":"web","need":"bad"}}
      {"type":"summary","exit_code":9,"succeeded":0,"failed":1,"skipped":0}"
    `);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ format_version: '1.0', changes: [{ app: 'api' }, {}, {}] });
  });

  test('tree: what remains on the screen is how each step ended', async () => {
    let text = '';
    const progress = await treeProgress(PLAN, {
      write: (part) => (text += part),
      columns: 80,
      rows: 24,
      colour: false,
    });
    events.forEach(progress.onEvent);
    await progress.finish();
    const last = stripVTControlCharacters(text.slice(text.lastIndexOf('api: ')));
    // The time that a step took depends on the machine.
    const lines = last.split('\n').map((line) => line.replace(/^\S+ (?=bad|web)/, '').replace(/ \[\d+s\]$/, ''));
    expect(lines).toEqual([
      'api: started, 2/2 ready',
      'bad: rollout failed, nothing is serving',
      'web: not begun, because bad did not succeed',
      '',
    ]);
    expect(text.split('\u001b').filter((code) => /^\[\d+m/.test(code))).toEqual([]);
  });

  test('tree: a run that was cut short leaves no line waiting', async () => {
    const progress = await treeProgress(PLAN, { write: () => {}, columns: 80, rows: 24, colour: true });
    await expect(progress.finish()).resolves.toBeUndefined();
  });
});

describe('the report of an apply', () => {
  const report: ExecutionReport = {
    outcomes: [
      { status: 'succeeded', step: step('cron'), serving: null },
      { status: 'failed', step: step('api'), failure: ROLLOUT_FAILED },
      { status: 'skipped', step: step('web'), failure: SKIPPED },
      { status: 'skipped', step: step('x'), failure: INTERRUPTED },
      { status: 'skipped', step: step('y'), failure: INTERRUPTED },
    ],
  };

  test('shows failures in full and skipped steps in a line, then the numbers', () => {
    expect(formatFailures(report)).toMatchInlineSnapshot(`
      "shop/api:0#7: exit code 1
          Error: no database
            at connect (db.js:3)
        More of its output: eco logs api
      api: rollout failed, revision 41 is still serving (4/4 ready)

      web: not begun, because api did not succeed
      interrupted by SIGINT; the daemon finishes what it began, nothing else is begun"
    `);
    expect(formatSummary(PLAN, report)).toMatchInlineSnapshot(
      `"Not all applied: 1 started, 1 failed, 3 skipped · 6 unchanged"`,
    );
  });

  test('is one line when all went well', () => {
    const fine: ExecutionReport = { outcomes: report.outcomes.slice(0, 1) };
    expect(formatFailures(fine)).toBe('');
    expect(formatSummary(PLAN, fine)).toBe('Applied: 1 started · 6 unchanged');
  });
});

describe('apps', () => {
  const api = observedApp(
    appSpec({ name: 'api', instances: 2, env: { PORT: '3000', TOKEN: 'hush' }, sensitiveEnv: ['TOKEN'] }),
    {
      manualChanges: [
        { action: 'scale', by: { user: 'alice', host: 'web1', pid: 1 }, at: Date.UTC(2026, 7, 20, 14, 2) },
      ],
      workers: [
        observedWorker({
          instance: 0,
          listening: ['0.0.0.0:3000'],
          restarts: 3,
          outFile: '/l/api-0.out.log',
          uptime: 65_000,
        }),
        observedWorker({
          instance: 1,
          phase: 'backing-off',
          pid: null,
          uptime: null,
          startedAt: null,
          memoryBytes: null,
          cpuPercent: null,
          retryIn: 4000,
          lastExit: { type: 'exit-code', code: 127 },
          current: false,
        }),
      ],
    },
  );
  const jobs = observedApp(appSpec({ name: '仕事', kind: 'task', namespace: 'edge' }), {
    project: 'blog',
    revision: 1,
  });

  test('a table has project and namespace only if they differ', () => {
    expect(formatAppTable([api, jobs], { colour: false })).toMatchInlineSnapshot(`
      "name  project  namespace  status     ready  restarts  uptime    cpu    memory  revision
      仕事  blog     edge       completed    0/1         0       –  1.5 %  50.0 MiB         1
      api   shop     default    degraded     1/2         3   1m 5s  1.5 %  50.0 MiB         7

      api:1  exit code 127 (command not found), next attempt in 4s"
    `);
    expect(formatAppTable([api], { colour: false })).toMatchInlineSnapshot(`
      "name  status    ready  restarts  uptime    cpu    memory  revision
      api   degraded    1/2         3   1m 5s  1.5 %  50.0 MiB         7

      api:1  exit code 127 (command not found), next attempt in 4s"
    `);
  });

  test('an app that serves without reporting to eco is shown as unmanaged, one that is only starting is not', () => {
    const deno = observedApp(appSpec({ name: 'deno' }), { workers: [observedWorker({ managed: false })] });
    const starting = observedApp(appSpec({ name: 'web' }), {
      workers: [observedWorker({ managed: false, phase: 'starting' })],
    });
    expect(formatAppTable([deno, starting], { colour: false })).toMatchInlineSnapshot(`
      "name  status    ready  restarts  uptime    cpu    memory  revision  notes
      deno  ready       1/1         0      2h  1.5 %  50.0 MiB         7  unmanaged
      web   starting    0/1         0       –  1.5 %  50.0 MiB         7"
    `);
    expect(formatAppTable([starting], { colour: false })).not.toContain('notes');
    expect(formatAppTable([starting], { colour: false })).not.toContain('next run');
    const digest = { ...starting, name: 'digest', workers: [], nextRun: Date.UTC(2026, 7, 21, 5) };
    expect(formatAppTable([digest, starting], { colour: false })).toMatchInlineSnapshot(`
      "name    status    ready  restarts  uptime    cpu    memory  revision  next run
      digest  stopped     0/1         0       –      –         –         7  2026-08-21 05:00 UTC
      web     starting    0/1         0       –  1.5 %  50.0 MiB         7  –"
    `);
    expect(formatDescription(deno, { colour: false })).toContain('unmanaged');
    expect(formatDescription(starting, { colour: false })).not.toContain('unmanaged');
    expect(listDocument([deno, starting]).apps.map(({ workers }) => workers[0]?.managed)).toEqual([false, false]);
  });

  test('a name that is a status is not taken for one', () => {
    const ready = observedApp(appSpec({ name: 'ready ready' }));
    expect(formatAppTable([ready], { colour: true })).toMatch(/^ready ready {2}.\[32mready.\[39m/m);
  });

  test('the list as a document', () => {
    expect(listDocument([jobs, api])).toMatchObject({
      format_version: '1.0',
      apps: [
        { name: '仕事', project: 'blog', status: 'completed', ready: 0, desired: 1 },
        {
          name: 'api',
          project: 'shop',
          namespace: 'default',
          status: 'degraded',
          ready: 1,
          desired: 2,
          revision: 7,
          restarts: 3,
          workers: [
            {
              instance: 0,
              pid: 4000,
              status: 'ready',
              ready: true,
              restarts: 3,
              uptime_ms: 65_000,
              cpu_percent: 1.5,
              memory_bytes: 52_428_800,
              started_at: '2026-08-20T12:00:00.000Z',
              revision: 7,
            },
            {
              instance: 1,
              pid: null,
              status: 'backing-off',
              ready: false,
              uptime_ms: null,
              started_at: null,
              revision: null,
            },
          ],
        },
      ],
    });
  });

  test('a description shows what Node workers say of themselves', () => {
    const idle = {
      eventLoopUtilization: 0.0004,
      heapUsedBytes: 4 << 20,
      heapTotalBytes: 8 << 20,
      activeHandles: 1,
      http: null,
    };
    const http = {
      requestsPerSecond: 1250.5,
      statusesPerSecond: { '1xx': 0, '2xx': 1250, '3xx': 0, '4xx': 0, '5xx': 0.5 },
      latency: { p50: 0.35, p95: 2.5, p99: 113.14 },
    };
    const workers = [
      observedWorker({ instance: 0, stats: { ...idle, eventLoopUtilization: 0.313, activeHandles: 70, http } }),
      observedWorker({ instance: 1, stats: idle }),
      observedWorker({ instance: 2, stats: null }),
    ];
    expect(formatStatistics(workers).join('\n')).toMatchInlineSnapshot(`
      "instance  event loop   heap                handles  requests  errors  p50      p95     p99
      0         31.3 % busy  4.0 MiB of 8.0 MiB  70       1250.5/s  0.5/s   0.35 ms  2.5 ms  113.14 ms
      1         0.0 % busy   4.0 MiB of 8.0 MiB  1        –         –       –        –       –"
    `);
    expect(formatStatistics(workers.slice(2))).toEqual([]);
  });

  test('a description shows everything but secrets', () => {
    expect(formatDescription(api, { colour: false })).toMatchInlineSnapshot(`
      "api · project shop · revision 7 · degraded, 1/2 ready

      Settings
        script       /srv/shop/api.js
        cwd          /srv/shop
        interpreter  node
        instances    2
        exec_mode    fork
        merge_logs   false
        code         none
        All others have their defaults.

      Environment
        PORT   3000
        TOKEN  ***

      Workers
        instance  pid   status       uptime  restarts  cpu    memory    listening     notes
        0         4000  ready        1m 5s   3         1.5 %  50.0 MiB  0.0.0.0:3000
        1         –     backing-off  –       0         –      –         –             of an earlier revision, next attempt in 4s, last end: exit code 127 (command not found)

      Log files
        /l/api-0.out.log

      Changed by hand
        2026-08-20 14:02 UTC  scale by alice on web1"
    `);
    expect(JSON.stringify(describeDocument([api])) + JSON.stringify(listDocument([api]))).not.toContain('hush');
    expect(describeDocument([api]).apps[0]).toMatchObject({
      name: 'api',
      spec: { kill_timeout: 30_000, env: { PORT: '3000', TOKEN: '***' } },
      workers: [{ listening: ['0.0.0.0:3000'] }, { retry_in_ms: 4000, last_exit: { type: 'exit-code', code: 127 } }],
    });
  });
});

test.each([
  [0, '0ms'],
  [999, '999ms'],
  [9000, '9s'],
  [125_000, '2m 5s'],
  [3_600_000, '1h'],
  [273_600_000, '3d 4h'],
])('%i ms reads %s', (span, text) => {
  expect(formatDuration(span)).toBe(text);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [52_428_800, '50.0 MiB'],
  [1_048_575, '1.0 MiB'],
])('%i bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
