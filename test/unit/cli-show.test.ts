import { expect, test } from 'vitest';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { app, fakeEco, observedApps } from './cli-fake-context.ts';

test('a first list: empty, with a hint, and no daemon is started', async () => {
  const { run, seen } = fakeEco({ observed: null });
  expect(await run('list')).toBe(0);
  expect(seen.connections).toEqual(['never']);
  expect(seen.out).toBe('No apps.\n');
  expect(seen.err).toContain('eco apply');
});

test('a list of apps whose daemon is gone starts one', async () => {
  const { run, seen } = fakeEco({ observed: null, homeHasApps: true });
  expect(await run('list', '--json')).toBe(0);
  expect(seen.connections).toEqual(['never', 'if-absent']);
  expect(JSON.parse(seen.out)).toEqual({ format_version: '1.0', apps: [] });
});

test('list narrows by project and by name', async () => {
  const observed = observedApps([app('api'), app('web'), app('web', { project: 'blog' })]);
  const { run, seen } = fakeEco({ observed });
  expect(await run('list', '--json', '--project', 'shop', '--only', 'web')).toBe(0);
  expect(JSON.parse(seen.out)).toMatchObject({ apps: [{ name: 'web', project: 'shop' }] });
});

test('describe shows the app, its environment masked, and exits 1 for one that is not there', async () => {
  const secret = app('api', { spec: { env: { DB_PASSWORD: 'hunter2' }, sensitiveEnv: ['DB_PASSWORD'] } });
  const { run, seen } = fakeEco({ observed: observedApps([secret]) });
  expect(await run('show', 'api')).toBe(0);
  expect(await run('describe', 'api', '--json')).toBe(0);
  expect(seen.out).toContain('DB_PASSWORD');
  expect(seen.out).not.toContain('hunter2');
  expect(await run('describe', 'apj')).toBe(1);
});

const line = {
  project: 'shop',
  app: 'api',
  instance: 0,
  stream: 'out',
  line: 'hello',
  message: 'hello',
  at: null,
} as const;

test.each([
  [['logs'], false, { targets: [], lines: 20, follow: false, streams: ['out', 'err'] }],
  [['logs'], true, { follow: true }],
  [['logs', '--no-follow'], true, { follow: false }],
  [['logs', '--follow'], false, { follow: true }],
  [['logs', '--err', '--lines', '5'], false, { streams: ['err'], lines: 5 }],
  [['logs', '--out', '--err'], false, { streams: ['out', 'err'] }],
  [['logs', 'api:1'], false, { targets: [{ project: 'shop', app: 'api', instance: 1 }] }],
  [['logs', '--since', '10m'], false, { lines: null, since: -600_000 }],
  [['logs', '--since', '1h', '--lines', '3'], false, { lines: 3, since: -3_600_000 }],
  [['logs', '--grep', 'a|b'], false, { grep: 'a|b', lines: 20, since: null }],
  [['logs', '--project', 'shop'], false, { targets: [{ project: 'shop', app: 'api', instance: null }] }],
])('%j, terminal: %s, asks for %j', async (args, isTTY, query) => {
  const observed = observedApps([app('api', { spec: { instances: 2 } })]);
  const { run, seen } = fakeEco({ observed, isTTY, logLines: [line] });
  expect(await run(...args)).toBe(0);
  expect(seen.logQueries).toMatchObject([query]);
});

test('log lines carry their app, or nothing, or everything', async () => {
  const observed = observedApps([app('api'), app('worker')]);
  const logLines = [line, { ...line, stream: 'err', line: '{"message":"oh"}', message: 'oh', at: 0 } as const];
  const { run, seen } = fakeEco({ observed, logLines });
  expect(await run('logs')).toBe(0);
  expect(await run('logs', '--raw')).toBe(0);
  expect(await run('logs', '--json')).toBe(0);
  expect(seen.out).toMatchInlineSnapshot(`
    "api:0  | hello
    api:0  ! oh
    hello
    {"message":"oh"}
    {"project":"shop","app":"api","instance":0,"stream":"out","line":"hello","message":"hello","at":null}
    {"project":"shop","app":"api","instance":0,"stream":"err","line":"{\\"message\\":\\"oh\\"}","message":"oh","at":"1970-01-01T00:00:00.000Z"}
    "
  `);
});

test.each([
  ['--grep', '('],
  ['--since', '10'],
  ['--since', 'yesterday'],
  ['--lines', '-1'],
])('logs %s %s is refused before anything is asked', async (...flags) => {
  const { run, seen } = fakeEco({ observed: observedApps([app('api')]) });
  expect(await run('logs', ...flags)).toBe(1);
  expect(seen.logQueries).toEqual([]);
});

test('flush empties the logs that are named, or all, and tells which', async () => {
  const flushed = [
    { file: '/h/api-0.out.log', bytes: 2_097_152 },
    { file: '/h/api-0.err.log', bytes: 0 },
  ];
  const { run, seen } = fakeEco({
    observed: observedApps([app('api', { spec: { instances: 2 } }), app('worker')]),
    flushed,
  });
  expect(await run('flush', 'api:1')).toBe(0);
  expect(await run('flush')).toBe(0);
  expect(seen.calls.filter((call) => call.startsWith('flush'))).toEqual(['flush api:1', 'flush api:* worker:*']);
  expect(seen.out).toBe('Flushed 1 log, 2.0 MiB:\n  /h/api-0.out.log\n'.repeat(2));
  expect(await run('flush', 'apj')).toBe(1);
});

test('flush of nothing says so, in JSON as well', async () => {
  const { run, seen } = fakeEco({ observed: null });
  expect(await run('flush')).toBe(0);
  expect(await run('flush', '--json')).toBe(0);
  expect(seen.out).toBe('No logs to flush.\n{"format_version":"1.0","files":[]}\n');
});

test('logs of nothing end at once, logs of an unknown app fail', async () => {
  const { run, seen } = fakeEco({ observed: null });
  expect(await run('logs', '--follow')).toBe(0);
  expect(await run('logs', 'api')).toBe(1);
  expect(seen.logQueries).toEqual([]);
});

test('daemon status: running or not, exit 0, and starts none', async () => {
  const [up, down] = [fakeEco({}), fakeEco({ observed: null, homeHasApps: true })];
  expect(await up.run('daemon', 'status', '--json')).toBe(0);
  expect(JSON.parse(up.seen.out)).toEqual({
    format_version: '1.0',
    running: true,
    pid: 77,
    version: '1.2.3',
    node: 'v20.0.0',
    home: '/home/me/.eco',
    uptime_ms: 1000,
    apps: 2,
    workers: 3,
    memory_bytes: 1024,
    service: null,
  });
  expect(await down.run('daemon', 'status', '--json')).toBe(0);
  expect(JSON.parse(down.seen.out)).toEqual({ format_version: '1.0', running: false });
  expect(down.seen.connections).toEqual([]);
});

test('daemon stop leaves the apps alone unless told otherwise, and succeeds where none runs', async () => {
  const [plain, apps, absent, sleeping] = [
    fakeEco({}),
    fakeEco({}),
    fakeEco({ observed: null }),
    fakeEco({ observed: null, homeHasApps: true }),
  ];
  expect(await plain.run('daemon', 'stop')).toBe(0);
  expect(plain.seen.calls).toEqual(['info', 'shutdown']);
  expect(await apps.run('daemon', 'stop', '--apps')).toBe(0);
  expect(apps.seen.calls).toEqual(['info', 'shutdown with apps']);
  expect(await absent.run('daemon', 'stop')).toBe(0);
  expect(absent.seen.calls).toEqual([]);
  expect(await sleeping.run('daemon', 'stop', '--apps')).toBe(0);
  expect(sleeping.seen.calls).toEqual(['info', 'shutdown with apps']);
});

test('daemon start prints the pid, the second time too', async () => {
  const [fresh, again] = [fakeEco({ observed: null }), fakeEco({})];
  expect(await fresh.run('daemon', 'start')).toBe(0);
  expect(fresh.seen.out).toBe('The daemon runs, pid 77.\n');
  expect(await again.run('daemon', 'start')).toBe(0);
  expect(again.seen.out).toBe('The daemon runs already, pid 77.\n');
});

test('schema prints a JSON schema', async () => {
  const { run, seen } = fakeEco({});
  expect(await run('schema')).toBe(0);
  expect(JSON.parse(seen.out)).toHaveProperty('$schema');
});

test('explain tells of a code, of the exit codes, of all codes, and what was meant', async () => {
  const one = fakeEco({});
  expect(await one.run('explain', 'eco1203')).toBe(0);
  expect(one.seen.out).toContain('ECO1203: unknown key');
  const exits = fakeEco({});
  expect(await exits.run('explain', 'exit-codes')).toBe(0);
  for (const { code, meaning } of EXIT_CODES) expect(exits.seen.out).toContain(`${code}  ${meaning}`);
  const all = fakeEco({});
  expect(await all.run('explain')).toBe(0);
  expect(all.seen.out).toContain('ECO1203  unknown key');
  const wrong = fakeEco({});
  expect(await wrong.run('explain', 'exit-code')).toBe(1);
  expect(wrong.seen.err).toContain('Did you mean exit-codes?');
});
