import { describe, expect, test } from 'vitest';
import { checkup, type Facts, type Finding } from '../../src/cli/doctor/checkup.ts';
import { health } from '../../src/platform/health.ts';
import { app, fakeEco, observedApps } from './cli-fake-context.ts';

const DAEMON = {
  protocol: 1,
  version: '1.2.3',
  pid: 77,
  node: 'v20.0.0',
  reusePort: { type: 'supported' },
  home: '/h',
  uptime: 1000,
  apps: 1,
  workers: 1,
  memoryBytes: 1,
  service: 'systemd',
} as unknown as NonNullable<Facts['daemon']>;

const HEALTHY: Facts = {
  version: '1.2.3',
  node: 'v20.0.0',
  platform: 'linux',
  home: '/h',
  folder: { exists: true, problem: null, freeBytes: 2 ** 33 },
  daemon: DAEMON,
  openFiles: 20_000,
  apps: [app('api')],
  homeHasApps: true,
  workers: [{ pid: 100, worker: 'shop/api:0#1' }],
  takenPorts: [],
  newestEvent: { type: 'daemon-stopped', pid: 1, at: 1000 },
  now: 2000,
};

const CHECKS: readonly Finding['check'][] = [
  'versions',
  'platform',
  'home',
  'disk',
  'limits',
  'clock',
  'daemon',
  'strays',
  'apps',
];

test('a machine in order: every check says so', () => {
  const findings = checkup(HEALTHY);
  expect(findings.map(({ check }) => check)).toEqual(CHECKS);
  expect(findings.filter(({ status }) => status !== 'good')).toEqual([]);
});

describe('what is amiss is told, and nothing else', () => {
  test.for<[string, Partial<Facts>, Finding['check'], Finding['status'], string]>([
    ['a daemon of another version', { version: '2.0.0' }, 'versions', 'worth-knowing', 'eco daemon upgrade'],
    ['a daemon on another Node', { node: 'v24.0.0' }, 'versions', 'worth-knowing', 'eco daemon upgrade'],
    ['macOS', { platform: 'darwin' }, 'platform', 'worth-knowing', 'for development'],
    ['Windows', { platform: 'win32' }, 'platform', 'bad', 'not supported'],
    [
      'a home of others',
      { folder: { exists: true, problem: 'others may write into it', freeBytes: 2 ** 33 } },
      'home',
      'bad',
      'chmod 700 /h',
    ],
    ['a full disk', { folder: { exists: true, problem: null, freeBytes: 1e6 } }, 'disk', 'bad', 'eco flush'],
    ['few descriptors', { openFiles: 1024 }, 'limits', 'bad', 'LimitNOFILE'],
    ['unknown descriptors', { openFiles: null }, 'limits', 'worth-knowing', 'cannot be found out'],
    ['a clock that went back', { now: -100_000 }, 'clock', 'bad', 'timedatectl'],
    ['a stray', { workers: [{ pid: 9, worker: 'shop/old:0#1' }] }, 'strays', 'bad', 'kill 9'],
    ['an app in trouble', { apps: [app('api', { phase: 'failed' })] }, 'apps', 'bad', 'eco logs api'],
    ['a taken port', { takenPorts: [{ app: 'api', port: 80 }] }, 'ports', 'bad', 'eco restart api'],
  ])('%s', ([, facts, check, status, text]) => {
    const amiss = checkup({ ...HEALTHY, ...facts }).filter((finding) => finding.status !== 'good');
    expect(amiss).toMatchObject([{ check, status }]);
    expect(`${amiss[0]?.text} ${amiss[0]?.way}`).toContain(text);
  });

  test('workers without a daemon', () => {
    const amiss = checkup({ ...HEALTHY, daemon: null, apps: [] }).filter(({ status }) => status === 'bad');
    expect(amiss.map(({ check, way }) => [check, way])).toEqual([
      ['daemon', 'eco daemon start'],
      ['strays', 'eco daemon start takes them over'],
    ]);
  });
});

describe('the command', () => {
  const quiet = { ...health, startedWith: () => [], folder: () => HEALTHY.folder };

  test('exits 0 where nothing is wrong, and starts no daemon', async () => {
    const { run, seen } = fakeEco({ observed: null, health: quiet });
    expect(await run('doctor')).toBe(0);
    expect(seen.out).toContain('Nothing is wrong.');
    expect(seen.connections).not.toContain('if-absent');
  });

  test('exits 1 for what is wrong: a stray of this home, not one of another; a port that another program has', async () => {
    const startedWith = () => [
      { pid: 7, value: '/home/me/.eco shop/gone:0#1' },
      { pid: 8, value: '/home/you/.eco shop/gone:0#1' },
    ];
    const crashing = app('api', { phase: 'backing-off', spec: { env: { PORT: '80' } } });
    const { run, seen } = fakeEco({
      observed: observedApps([crashing]),
      health: { ...quiet, startedWith, isPortTaken: async (port) => port === 80 },
    });
    expect(await run('doctor', '--json')).toBe(1);
    const { healthy, findings } = JSON.parse(seen.out) as { healthy: boolean; findings: readonly Finding[] };
    expect(healthy).toBe(false);
    const bad = findings.filter(({ status }) => status === 'bad');
    expect(bad.map(({ check }) => check)).toEqual(['strays', 'apps', 'ports']);
    expect(bad[0]?.text).toContain('process 7 ');
  });
});
