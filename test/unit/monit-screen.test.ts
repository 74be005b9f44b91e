import { describe, expect, test } from 'vitest';
import type { MonitState, Size } from '../../src/cli/monit/state.ts';
import { screenOf, type Screen } from '../../src/cli/render/monit/screen.ts';
import { cpuSparkline, memorySparkline } from '../../src/cli/render/monit/sparkline.ts';
import { lineWidth, textOf } from '../../src/cli/render/monit/spans.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import { logLine, MonitRig } from '../support/monit-states.ts';
import { appSpec, observedApp, observedWorker } from '../support/states.ts';

const STATS = {
  eventLoopUtilization: 0.124,
  heapUsedBytes: 20 << 20,
  heapTotalBytes: 40 << 20,
  activeHandles: 12,
  http: {
    requestsPerSecond: 120.5,
    statusesPerSecond: { '1xx': 0, '2xx': 118, '3xx': 0, '4xx': 0, '5xx': 2.5 },
    latency: { p50: 1.2, p95: 3.4, p99: 8.9 },
  },
};

const api = observedApp(
  appSpec({
    name: 'api',
    instances: 2,
    livenessProbe: {
      target: { type: 'http', host: 'localhost', port: null, path: '/health' },
      period: 15_000,
      timeout: 1000,
      failures: 3,
    },
  }),
  {
    manualChanges: [{ action: 'scale', by: { user: 'alice', host: 'box', pid: 1 }, at: Date.UTC(2026, 7, 20, 14, 2) }],
    workers: [
      observedWorker({ instance: 0, stats: STATS, listening: ['0.0.0.0:3000'], cpuPercent: 31.4 }),
      observedWorker({
        instance: 1,
        restarts: 2,
        lastExit: { type: 'exit-code', code: 1 },
        listening: ['0.0.0.0:3000'],
      }),
    ],
  },
);
const loop = observedApp(appSpec({ name: 'loop' }), {
  workers: [
    observedWorker({
      phase: 'backing-off',
      pid: null,
      uptime: null,
      restarts: 7,
      restartsInSeries: 7,
      retryIn: 4000,
      cpuPercent: null,
      memoryBytes: null,
      lastExit: { type: 'signal', signal: 'SIGKILL' },
    }),
  ],
});

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 160, rows: 50 };

function dashboard(size: Size, apps: readonly ObservedApp[] = [api, loop]): MonitRig {
  const monit = new MonitRig(apps, size);
  monit.tell({
    type: 'logged',
    target: '["shop","api"]:*',
    lines: [logLine('listening on 3000'), logLine('bad request', { instance: 1, stream: 'err' })],
    anew: true,
    skipping: false,
  });
  monit.tell({
    type: 'happened',
    anew: true,
    events: [
      {
        type: 'worker-exited',
        worker: 'shop/api:1#3',
        cause: { type: 'exit-code', code: 1 },
        expected: false,
        at: Date.UTC(2026, 7, 20, 14, 2, 31),
      },
      { type: 'worker-ready', worker: 'shop/loop:0#1', at: 0 },
    ],
  });
  monit.tell({
    type: 'history',
    history: {
      project: 'shop',
      app: 'api',
      revision: 7,
      appliedRevision: 7,
      entries: [
        {
          revision: 7,
          spec: api.spec,
          source: { commit: '0123456789abcdef', author: 'Ann', dirty: true },
          by: { user: 'bob', host: 'ci', pid: 1 },
          at: Date.UTC(2026, 7, 20, 12),
          result: { type: 'succeeded' },
          stable: true,
        },
      ],
    },
  });
  return monit;
}

/** As the toolkit would lay it out, its frames left away. */
function text(state: MonitState): string {
  const { header, panes, footer } = screenOf(state);
  const rows = panes.map((row) => row.map(({ top, lines }) => [top, ...lines].map(textOf).join('\n')).join('\n'));
  return [textOf(header), ...rows, textOf(footer)].map((part) => part.replaceAll(/ +$/gm, '')).join('\n');
}

test('80 x 24: apps above, the logs below them; details take their place', () => {
  const monit = dashboard(SMALL);
  expect(text(monit.state)).toMatchInlineSnapshot(`
    "eco 2 apps · 3 workers · 1 in trouble · 32.9 % · 100.0 MiB · daemon 1.2.3 pid 8…
    ┏━ Apps 2 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
      name              status       ready               cpu              memory
    › api ▾             ready          2/2         █  32.9 %         █ 100.0 MiB
        :0 4000         ready                      █  31.4 %         █  50.0 MiB
        :1 4001         ready                      ▂   1.5 %         █  50.0 MiB
      loop              backing-off    0/1                 –                   –
    ┌─ Logs api ───────────────────────────────────────────────────────────────────┐
    :0 | listening on 3000
    :1 ! bad request
    r restart  R reload  s stop  S start  +/- scale  / filter  ? help  q quit"
  `);
  monit.press('tab', 'tab');
  expect(text(monit.state)).toMatchInlineSnapshot(`
    "eco 2 apps · 3 workers · 1 in trouble · 32.9 % · 100.0 MiB · daemon 1.2.3 pid 8…
    ┌─ Apps 2 ─────────────────────────────────────────────────────────────────────┐
      name              status       ready               cpu              memory
    › api ▾             ready          2/2         █  32.9 %         █ 100.0 MiB
        :0 4000         ready                      █  31.4 %         █  50.0 MiB
        :1 4001         ready                      ▂   1.5 %         █  50.0 MiB
      loop              backing-off    0/1                 –                   –
    ┏━ Details ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
    shop/api ready, 2/2 ready
    revision   7
    commit     0123456 with changes by Ann
    asked by   bob on ci, 2026-08-20 12:00 UTC
    by hand    scale by alice on box, 2026-08-20 14:02 UTC
    sockets    0.0.0.0:3000
    liveness   GET /health every 15s
    restarts   2
    last end   :1 exit code 1

    :0 ready pid 4000 up 2h · 31.4 % · 50.0 MiB
       loop 12.4 % · heap 20.0 MiB of 40.0 MiB · 12 handles
       120.5 req/s · 2.5 errors/s · p50 1.2, p95 3.4, p99 8.9 ms
    r restart  R reload  s stop  S start  +/- scale  / filter  ? help  q quit"
  `);
});

test('160 x 50: everything', () => {
  expect(text(dashboard(LARGE).state)).toMatchInlineSnapshot(`
    "eco 2 apps · 3 workers · 1 in trouble · 32.9 % · 100.0 MiB · daemon 1.2.3 pid 812 up 2h 54.0 MiB
    ┏━ Apps 2 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
      name                    status       ready                           cpu                          memory   loop   req/s  err/s      p95  restarts   uptime
    › api ▾                   ready          2/2                     █  32.9 %                     █ 100.0 MiB   12 %   120.5    2.5   3.4 ms         2       2h
        :0 4000               ready                                  █  31.4 %                     █  50.0 MiB   12 %   120.5    2.5   3.4 ms         0       2h
        :1 4001               ready                                  ▂   1.5 %                     █  50.0 MiB      –       –      –        –         2       2h
      loop                    backing-off    0/1                             –                               –      –       –      –        –         7        –
    ┌─ Logs api ───────────────────────────────────────────────────────────────────────────────────────┐
    :0 | listening on 3000
    :1 ! bad request
    ┌─ Details ────────────────────────────────────────────────┐
    shop/api ready, 2/2 ready
    revision   7
    commit     0123456 with changes by Ann
    asked by   bob on ci, 2026-08-20 12:00 UTC
    by hand    scale by alice on box, 2026-08-20 14:02 UTC
    sockets    0.0.0.0:3000
    liveness   GET /health every 15s
    restarts   2
    last end   :1 exit code 1

    :0 ready pid 4000 up 2h · 31.4 % · 50.0 MiB
       loop 12.4 % · heap 20.0 MiB of 40.0 MiB · 12 handles
       120.5 req/s · 2.5 errors/s · p50 1.2, p95 3.4, p99 8…
    :1 ready pid 4001 up 2h · 1.5 % · 50.0 MiB

    Events (UTC)
    14:02:31 :1 exit code 1
    ↑↓ select  Tab pane  r restart  R reload  s stop  S start  +/- scale  / filter  ? help  q quit"
  `);
});

describe('every screen', () => {
  const sizes = [
    SMALL,
    LARGE,
    { columns: 40, rows: 12 },
    { columns: 20, rows: 6 },
    { columns: 109, rows: 30 },
    { columns: 3, rows: 1 },
  ];
  const modes = [[], ['?'], ['r'], ['/', 'p'], ['tab'], ['tab', 'tab'], [' '], ['/', 'x', 'x', 'enter']];

  test.for(sizes)('of $columns x $rows fills it and goes nowhere beyond', (size) => {
    for (const keys of modes) {
      const monit = dashboard(size, [
        api,
        loop,
        observedApp(appSpec({ name: '注文サービス-очень-длинное-имя-для-таблицы' })),
      ]);
      monit.press(...keys);
      const screen = screenOf(monit.state);
      expect(lineWidth(screen.header)).toBe(size.columns);
      expect(lineWidth(screen.footer)).toBe(size.columns);
      expect(heightOf(screen)).toBe(Math.max(size.rows, 5));
      for (const row of screen.panes) expect(row.reduce((sum, { columns }) => sum + columns, 0)).toBe(size.columns);
      for (const { columns, rows, lines } of screen.panes.flat()) {
        expect(lines.length).toBeLessThanOrEqual(rows - 2);
        expect(lines.filter((line) => lineWidth(line) !== Math.max(0, columns - 4))).toEqual([]);
      }
    }
  });

  test('shows the selected one of a hundred', () => {
    const many = Array.from({ length: 100 }, (_, index) => observedApp(appSpec({ name: `app-${index}` })));
    const monit = dashboard(SMALL, many);
    for (let step = 0; step < 99; step += 1) {
      monit.press('j');
      expect(monit.pane('apps').filter((line) => line.startsWith('› '))).toEqual([
        expect.stringContaining(`› app-${step + 1} `),
      ]);
    }
  });
});

function heightOf({ panes }: Screen): number {
  return 2 + panes.reduce((sum, row) => sum + Math.max(...row.map(({ rows }) => rows)), 0);
}

test('there are no apps', () => {
  expect(new MonitRig([]).pane('apps')).toEqual(['No apps. Describe them in ecosystem.yaml, then run `eco apply`.']);
});

test('names and log lines move no cursor', () => {
  const evil = observedApp(appSpec({ name: 'evil\u001B[2J\n', namespace: 'a\u0007' }));
  const monit = new MonitRig([evil]);
  monit.press('r');
  monit.tell({
    type: 'logged',
    target: '["shop","evil\\u001b[2J\\n"]:*',
    lines: [logLine('a\rb\u009B2J')],
    anew: true,
    skipping: true,
  });
  for (const keys of [[], ['n'], ['tab', 'tab']]) {
    monit.press(...keys);
    expect(text(monit.state).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  }
});

test('sparklines: the newest on the right, a tenth of a CPU at least; memory from a fifth less than its highest', () => {
  expect(cpuSparkline([0, 5, 10, 100, null, 50], 8)).toBe('  ▁▁▁█ ▅');
  expect(cpuSparkline([0, 1, 0], 3)).toBe('▁▁▁');
  expect(memorySparkline([80, 90, 100, 100], 4)).toBe('▁▅██');
  expect(memorySparkline([], 4)).toBe('    ');
});
