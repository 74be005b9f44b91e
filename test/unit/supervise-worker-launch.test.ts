import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { formatSocketAddress, type SocketAddress } from '../../src/domain/socket-address.ts';
import { fileNameOf, launchRequest, logFiles, type WorkerIdentity } from '../../src/supervise/worker-launch.ts';
import { appSpec } from '../support/states.ts';

const HOME = '/home/eco';
const SURROUNDINGS = {
  home: HOME,
  node: '/usr/bin/node',
  preload: '/eco/preload.cjs',
  baseEnvironment: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
};
const SPEC = appSpec({ name: 'api', script: '/srv/app.js', cwd: '/srv', args: ['--port', '1 2'] });
const socket = (address: SocketAddress, fd: number) => ({
  address,
  slot: address.type === 'tcp' ? 3 : null,
  socket: { fd, handle: null, identity: () => `${fd}`, close: () => {}, drop: () => {} },
});
const WORKER: WorkerIdentity = {
  key: { project: 'shop', app: 'api' },
  id: 'shop/api:3#17',
  instance: 3,
  revision: 9,
  sockets: [],
  ticketKeys: 'c2VjcmV0',
  secrets: {},
  canGroup: true,
};

function launch(fields: Partial<AppSpec>, worker: Partial<WorkerIdentity> = {}) {
  return launchRequest({ ...SPEC, ...fields }, { ...WORKER, ...worker }, SURROUNDINGS);
}

describe('the command line', () => {
  test.for<[string, Partial<AppSpec>, readonly string[]]>([
    ['of a Node program', {}, ['/usr/bin/node', '--require', '/eco/preload.cjs', '/srv/app.js', '--port', '1 2']],
    [
      'of a Node program with options',
      { interpreterArgs: ['--import', 'tsx'] },
      ['/usr/bin/node', '--require', '/eco/preload.cjs', '--import', 'tsx', '/srv/app.js', '--port', '1 2'],
    ],
    [
      'of another Node',
      { interpreter: { type: 'program', path: '/opt/node-24/bin/node' } },
      ['/opt/node-24/bin/node', '--require', '/eco/preload.cjs', '/srv/app.js', '--port', '1 2'],
    ],
    [
      'of a Python script',
      { interpreter: { type: 'program', path: 'python3' }, interpreterArgs: ['-u'], script: '/srv/app.py', args: [] },
      ['python3', '-u', '/srv/app.py'],
    ],
    ['of a program', { interpreter: { type: 'none' }, script: 'sleep', args: ['7'] }, ['sleep', '7']],
    [
      'of something that only looks like Node',
      { interpreter: { type: 'program', path: 'ts-node' }, args: [] },
      ['ts-node', '/srv/app.js'],
    ],
  ])('%s', ([, fields, expected]) => {
    const { command, args, cwd } = launch(fields);
    expect([command, ...args]).toEqual(expected);
    expect(cwd).toBe('/srv');
  });
});

describe('the environment', () => {
  test('is the base, what the file adds, and who the worker is', () => {
    const { env } = launch({
      env: { LANG: 'de_DE.UTF-8', GREETING: 'hello' },
      interpreter: { type: 'program', path: 'python3' },
    });
    expect(env).toEqual({
      PATH: '/usr/bin:/bin',
      LANG: 'de_DE.UTF-8',
      GREETING: 'hello',
      NODE_APP_INSTANCE: '3',
      ECO_APP: 'api',
      ECO_PROJECT: 'shop',
      ECO_INSTANCE: '3',
      ECO_REVISION: '9',
      ECO_ID: '/home/eco shop/api:3#17',
    });
  });

  test('and the arguments know the place of the worker among its siblings', () => {
    const spec = {
      args: ['--part={{instance}}/{{instances}}', '{{theirs}}', '{{app}} in {{cwd}}'],
      env: { SHARD: '{{instance}} of {{instances}}', NODE_OPTIONS: '--title={{app}}' },
      instances: 5,
    };
    const { env, args } = launch(spec);
    expect(args.slice(-3)).toEqual(['--part=3/5', '{{theirs}}', 'api in /srv']);
    expect(env).toMatchObject({ SHARD: '3 of 5', NODE_OPTIONS: '--title=api' });
    const { env: wrapped } = launch({ ...spec, interpreter: { type: 'none' }, script: 'npm' });
    expect(wrapped['NODE_OPTIONS']).toBe('--require "/eco/preload.cjs" --title=api');
  });

  test('names the instance as the file says', () => {
    const { env } = launch({ instanceVar: 'WORKER' });
    expect(env).toMatchObject({ WORKER: '3' });
    expect(env).not.toHaveProperty('NODE_APP_INSTANCE');
  });

  test('finds the commands of the project first', () => {
    expect(launch({ pathPrefix: ['/srv/node_modules/.bin', '/x'] }).env['PATH']).toBe(
      '/srv/node_modules/.bin:/x:/usr/bin:/bin',
    );
    expect(launch({ pathPrefix: ['/x'], env: { PATH: '/mine' } }).env['PATH']).toBe('/x:/mine');
  });

  test('cannot be used to pretend to be another worker', () => {
    const { env } = launch({ env: { ECO_ID: 'x', ECO_APP: 'y', ECO_PRELOAD: 'z', NODE_APP_INSTANCE: '7' } });
    expect(env).toMatchObject({ ECO_ID: '/home/eco shop/api:3#17', ECO_APP: 'api', NODE_APP_INSTANCE: '3' });
    expect(JSON.parse(env['ECO_PRELOAD'] ?? '')).toMatchObject({ worker: 'shop/api:3#17' });
  });
});

describe('what the preload is told', () => {
  const orders = (request: ReturnType<typeof launch>) => JSON.parse(request.env['ECO_PRELOAD'] ?? 'null') as unknown;

  test('is who it is, whom to call, and which sockets it inherits as which descriptors', () => {
    const sockets = [
      socket({ type: 'tcp', host: null, port: 3000 }, 21),
      socket({ type: 'path', path: '/run/app.sock' }, 30),
    ];
    const request = launch({ execMode: 'cluster', balance: 'reuseport' }, { sockets });
    expect(request).toMatchObject({ ipc: true, inherit: [21, 30] });
    expect(orders(request)).toEqual({
      worker: 'shop/api:3#17',
      role: 'worker',
      link: '/home/eco/run/workers.sock',
      exitRecord: '/home/eco/run/exits/shop%2Fapi%3A3%2317.json',
      handles: '/home/eco/run/handles.sock',
      execMode: 'cluster',
      balance: 'reuseport',
      clusterId: 4,
      sockets: [
        { address: { type: 'tcp', host: null, port: 3000 }, fd: 4, slot: 3 },
        { address: { type: 'path', path: '/run/app.sock' }, fd: 5, slot: null },
      ],
      ticketKeys: 'c2VjcmV0',
      minReady: 1000,
      logs: null,
    });
  });

  test('is what to do to each line, where anything is', () => {
    const logs = { type: 'raw', dateFormat: null, combinedFile: null, app: 'api', instance: 3 };
    expect(orders(launch({ logType: 'json' }, {}))).toMatchObject({ logs: { ...logs, type: 'json' } });
    expect(orders(launch({ logDateFormat: 'HH:mm' }, {}))).toMatchObject({ logs: { ...logs, dateFormat: 'HH:mm' } });
    expect(orders(launch({ combinedFile: { type: 'file', path: '/v/all.log' } }, {}))).toMatchObject({
      logs: { ...logs, combinedFile: '/v/all-3.log' },
    });
  });

  test('is to share its sockets where the daemon cannot make one for each worker', () => {
    expect(orders(launch({ balance: 'reuseport' }, { canGroup: false }))).toMatchObject({ balance: 'shared' });
  });

  test('is nothing where there is no preload; sockets and IPC are not for such a program', () => {
    const sockets = [socket({ type: 'tcp', host: null, port: 3000 }, 21)];
    for (const fields of [
      { interpreter: { type: 'program', path: '/usr/bin/python3.12' } },
      { interpreter: { type: 'program', path: 'deno' } },
      { interpreter: { type: 'none' }, script: 'bun' },
      { interpreterArgs: ['--permission', '--allow-fs-read=*'] },
      { env: { NODE_OPTIONS: '--trace-warnings --experimental-permission' } },
    ] satisfies Partial<AppSpec>[]) {
      const request = launch(fields, { sockets });
      expect(request).toMatchObject({ ipc: false, inherit: [] });
      expect(orders(request)).toBeNull();
      expect([request.command, ...request.args]).not.toContain('--require');
      expect(request.env['NODE_OPTIONS']).toBe('env' in fields ? fields.env.NODE_OPTIONS : undefined);
    }
  });

  test.for<[string, Partial<AppSpec>, string]>([
    ['a package runner', { interpreter: { type: 'none' }, script: 'npm', args: ['start'] }, ''],
    ['a shell script', { interpreter: { type: 'program', path: 'bash' } }, ''],
    ['a command that starts Node again', { script: '/srv/node_modules/.bin/nodemon' }, ''],
    [
      'with options of its own',
      { interpreter: { type: 'none' }, env: { NODE_OPTIONS: '--no-warnings' } },
      ' --no-warnings',
    ],
  ])('reaches what %s starts through the environment', ([, fields, rest]) => {
    const sockets = [socket({ type: 'tcp', host: null, port: 3000 }, 21)];
    const request = launch({ ...fields, execMode: 'cluster' }, { sockets });
    expect(request).toMatchObject({ ipc: false, inherit: [] });
    expect(request.env['NODE_OPTIONS']).toBe(`--require "/eco/preload.cjs"${rest}`);
    expect([request.command, ...request.args]).not.toContain('--require');
    expect(orders(request)).toMatchObject({ role: 'first-to-listen', execMode: 'fork', sockets: [], ticketKeys: '' });
  });

  test('is found in a folder of any name', () => {
    const surroundings = { ...SURROUNDINGS, preload: String.raw`/my "eco"\x/preload.cjs` };
    const { env } = launchRequest({ ...SPEC, interpreter: { type: 'none' } }, WORKER, surroundings);
    expect(env['NODE_OPTIONS']).toBe(String.raw`--require "/my \"eco\"\\x/preload.cjs"`);
  });
});

describe('log files', () => {
  const of = (fields: Partial<AppSpec>, key = WORKER.key) => {
    const { outFile, errorFile } = logFiles({ ...SPEC, ...fields }, { key, instance: 3 }, HOME);
    return [outFile, errorFile];
  };

  test('there is one for both streams besides, if it is asked for, of Node programs', () => {
    const combined = (fields: Partial<AppSpec>) =>
      logFiles({ ...SPEC, ...fields }, { key: WORKER.key, instance: 3 }, HOME).combinedFile;
    expect(combined({})).toBeNull();
    expect(combined({ combinedFile: { type: 'default' } })).toBe('/home/eco/logs/shop/api-3.all.log');
    expect(combined({ combinedFile: { type: 'default' }, interpreter: { type: 'none' } })).toBeNull();
  });

  test.for<[string, Partial<AppSpec>, readonly (string | null)[]]>([
    ['by default', {}, ['/home/eco/logs/shop/api-3.out.log', '/home/eco/logs/shop/api-3.err.log']],
    ['merged', { mergeLogs: true }, ['/home/eco/logs/shop/api.out.log', '/home/eco/logs/shop/api.err.log']],
    ['discarded', { outFile: { type: 'discard' }, errorFile: { type: 'discard' } }, [null, null]],
    [
      'a file',
      { outFile: { type: 'file', path: '/var/log/a.log' } },
      ['/var/log/a-3.log', '/home/eco/logs/shop/api-3.err.log'],
    ],
    [
      'a file without .log',
      { outFile: { type: 'file', path: '/var/log/a.txt' }, errorFile: { type: 'discard' } },
      ['/var/log/a.txt-3', null],
    ],
    [
      'one file for both, merged',
      { mergeLogs: true, outFile: { type: 'file', path: '/v/a.log' }, errorFile: { type: 'file', path: '/v/a.log' } },
      ['/v/a.log', '/v/a.log'],
    ],
  ])('%s', ([, fields, expected]) => {
    expect(of(fields)).toEqual(expected);
  });

  test.for<[string, string, string]>([
    ['my shop', 'my app', '/home/eco/logs/my%20shop/my%20app-3.out.log'],
    ['@scope/shop', 'a/b', '/home/eco/logs/%40scope%2Fshop/a%2Fb-3.out.log'],
    ['..', '../../etc/passwd', '/home/eco/logs/%2E./%2E.%2F..%2Fetc%2Fpasswd-3.out.log'],
    ['v1.2', 'api (new)', '/home/eco/logs/v1.2/api%20(new)-3.out.log'],
    ['größe', '*', '/home/eco/logs/gr%C3%B6%C3%9Fe/%2A-3.out.log'],
  ])('of project %j, app %j', ([project, app, expected]) => {
    expect(of({}, { project, app })[0]).toBe(expected);
  });

  test('two names never share a file, and no name leaves its folder', () => {
    const names = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(fileNameOf(a) === fileNameOf(b)).toBe(a === b);
        expect(fileNameOf(a)).not.toMatch(/[/\0]|^\.{1,2}$/);
      }),
    );
  });
});

test.for<[SocketAddress, string]>([
  [{ type: 'tcp', host: null, port: 3000 }, '*:3000'],
  [{ type: 'tcp', host: '', port: 3000 }, '*:3000'],
  [{ type: 'tcp', host: '::', port: 3000 }, '*:3000'],
  [{ type: 'tcp', host: '0.0.0.0', port: 3000 }, '0.0.0.0:3000'],
  [{ type: 'tcp', host: '::1', port: 80 }, '[::1]:80'],
  [{ type: 'tcp', host: 'localhost', port: 0 }, 'localhost:0'],
  [{ type: 'udp', host: null, port: 53, family: 4 }, 'udp4 *:53'],
  [{ type: 'udp', host: '::1', port: 53, family: 6 }, 'udp6 [::1]:53'],
  [{ type: 'path', path: '/run/app.sock' }, '/run/app.sock'],
])('%j is written as %s', ([address, expected]) => {
  expect(formatSocketAddress(address)).toBe(expected);
});
