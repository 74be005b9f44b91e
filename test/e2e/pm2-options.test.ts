import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname } from 'node:path';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import { kill } from '../support/processes.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/** Writes down what it was given and who it is, and lives on. */
const TELLS = `
const { writeFileSync, renameSync } = require('node:fs');
const { env, execArgv, execPath, version } = process;
const file = env.ECO_APP.replace(':', '_') + '-' + env.ECO_INSTANCE + '.told';
const { uid, gid } = { uid: process.getuid(), gid: process.getgid() };
const cluster = require('node:cluster').isWorker;
writeFileSync(file + '.part', JSON.stringify({ env, execArgv, execPath, version, uid, gid, groups: process.getgroups(), cluster }));
renameSync(file + '.part', file);
setInterval(() => {}, 1 << 30);
`;

interface Told {
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
  readonly execPath: string;
  readonly version: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly cluster: boolean;
}

async function told(eco: EcoRig, app: string, instance = 0): Promise<Told> {
  const file = eco.path(`${app}-${instance}.told`);
  return eco.eventually(async () => JSON.parse(await readFile(file, 'utf8')) as Told);
}

/** A PM2 file of one app. */
async function write(eco: EcoRig, options: object): Promise<void> {
  const apps = [{ name: 'api', script: './tells.js', ...options }];
  await eco.write({ 'tells.js': TELLS, 'ecosystem.json': { apps } });
}

describe.concurrent('variables', () => {
  test('increment_var counts from its value, port is PORT, pm2_env is what libraries look for', async ({ eco }) => {
    await write(eco, { instances: 2, port: 4000, env: { PORT: 1, SHARD: 7 }, increment_var: 'SHARD', pm2_env: true });
    await eco.apply();
    expect((await told(eco, 'api', 0)).env).toMatchObject({ PORT: '4000', SHARD: '7', pm_id: '0', name: 'api' });
    expect((await told(eco, 'api', 1)).env).toMatchObject({
      PORT: '4000',
      SHARD: '8',
      pm_id: '1',
      NODE_APP_INSTANCE: '1',
    });
    await write(eco, { instances: 2, increment_var: 'SHARD', instance_var: 'NUMBER' });
    await eco.apply();
    await eco.eventually(async () => (await told(eco, 'api', 1)).env['SHARD'] === '1');
    const { env } = await told(eco, 'api', 1);
    expect(env).toMatchObject({ NUMBER: '1' });
    for (const name of ['pm_id', 'name', 'PORT', 'NODE_APP_INSTANCE']) expect(env).not.toHaveProperty(name);
  });

  test('filter_env keeps back what pass_env would pass on', async ({ eco }) => {
    const env = { AWS_KEY: '1', MY_AWS_REGION: '2', OTHER: '3' };
    await write(eco, { pass_env: true, filter_env: ['AWS_'] });
    await eco.ok(['apply'], { env });
    const first = await told(eco, 'api');
    expect(first.env).toMatchObject({ OTHER: '3' });
    expect(first.env).not.toHaveProperty('AWS_KEY');
    expect(first.env).not.toHaveProperty('MY_AWS_REGION');
    await write(eco, { pass_env: true, filter_env: 'OTHER' });
    await eco.ok(['apply'], { env });
    await eco.eventually(async () => (await told(eco, 'api')).env['AWS_KEY'] === '1');
    expect((await told(eco, 'api')).env).not.toHaveProperty('OTHER');
  });
});

describe.concurrent('names', () => {
  test('of two environments side by side', async ({ eco }) => {
    const more = {
      append_env_to_name: true,
      name_prefix: 'shop',
      env_staging: { STAGE: 1 },
      env_production: { STAGE: 2 },
    };
    await eco.write({
      'tells.js': TELLS,
      'ecosystem.json': {
        apps: [
          { name: 'api', script: './tells.js', ...more },
          { name: 'web', script: './tells.js', depends_on: ['api'] },
        ],
      },
    });
    await eco.ok(['apply', '--env', 'staging', '--only', 'shop:api-staging']);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['shop:api-staging']);
    await eco.ok(['apply', '--env', 'production', '--no-prune']);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['shop:api-production', 'shop:api-staging', 'web']);
    expect((await told(eco, 'shop_api-production')).env).toMatchObject({ STAGE: '2' });
    expect((await told(eco, 'shop_api-staging')).env).toMatchObject({ STAGE: '1' });
  });
});

describe.concurrent('the process', () => {
  test('source_map_support and execute_command', async ({ eco }) => {
    await write(eco, { instances: 1, source_map_support: true, execute_command: true });
    await eco.apply();
    expect(await told(eco, 'api')).toMatchObject({ cluster: false, execArgv: ['--enable-source-maps'] });
  });

  test('node@22 is the newest that a version manager has', async ({ eco }) => {
    await write(eco, { interpreter: 'node@20' });
    const nvm = eco.path('nvm');
    for (const version of ['v20.9.0', 'v20.10.1', 'v2.0.0']) {
      const program = `${nvm}/versions/node/${version}/bin/node`;
      await mkdir(dirname(program), { recursive: true });
      await symlink(process.execPath, program);
    }
    await eco.ok(['apply'], { env: { NVM_DIR: nvm } });
    expect((await told(eco, 'api')).version).toBe(process.version);
    expect((await eco.ok(['describe', 'api'])).stdout).toContain(`${nvm}/versions/node/v20.10.1/bin/node`);
    expect((await eco.app('api')).workers[0]?.managed).toBe(true);
    await write(eco, { interpreter: 'node@21' });
    const { exitCode, all } = await eco.run(['apply'], { env: { NVM_DIR: nvm } });
    expect(all).toContain('nvm, fnm, volta, asdf and mise have no Node 21');
    expect(all).toContain('they have 2.0.0, 20.9.0, 20.10.1');
    expect(exitCode).toBe(3);
  });

  test.runIf(isRoot)('runs as the user that the file names', async ({ eco }) => {
    await chmod(eco.root, 0o755);
    await chown(eco.folder, NOBODY, NOBODY);
    await write(eco, { uid: 'nobody', exec_mode: 'fork' });
    await eco.apply();
    const seen = await told(eco, 'api');
    expect(seen).toMatchObject({ uid: NOBODY, env: { USER: 'nobody', LOGNAME: 'nobody' } });
    expect(seen.gid).not.toBe(0);
    expect(seen.groups.filter((group) => group !== seen.gid)).toEqual([]);
    const before = await eco.pid('api');
    await write(eco, { user: NOBODY, gid: 12, exec_mode: 'fork' });
    expect((await eco.ok(['plan'])).stdout).toContain('uid changed');
    await eco.ok(['apply', '--yes']);
    await eco.eventually(async () => (await told(eco, 'api')).gid === 12);
    expect(await eco.pid('api')).not.toBe(before);
    expect(await eco.ok(['stop', 'api'])).toBeDefined();
    await write(eco, { uid: 'no-such-user' });
    expect(await eco.run(['plan'])).toMatchObject({
      exitCode: 3,
      all: expect.stringContaining('no user "no-such-user" is in /etc/passwd') as string,
    });
  });

  test('treekill: false leaves alone what it started', async ({ eco }) => {
    const parent = `
      const { spawn } = require('node:child_process');
      const { writeFileSync, renameSync } = require('node:fs');
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      writeFileSync('child.part', String(child.pid));
      renameSync('child.part', 'child');
      process.on('SIGTERM', () => process.exit(0));
      setInterval(() => {}, 1 << 30);`;
    await eco.write({
      'parent.js': parent,
      'ecosystem.json': { apps: [{ name: 'api', script: './parent.js', treekill: false, kill_timeout: 3000 }] },
    });
    await eco.apply();
    const child = Number(await eco.eventually(() => readFile(eco.path('child'), 'utf8')));
    await eco.ok(['stop', 'api']);
    expect(eco.processes().map(({ pid }) => pid)).toContain(child);
    // Nor does another daemon take it for something to be ended.
    await eco.ok(['daemon', 'stop']);
    await eco.ok(['start', 'api']);
    expect(eco.processes().map(({ pid }) => pid)).toContain(child);
    const second = Number(
      await eco.eventually(async () => {
        const pid = await readFile(eco.path('child'), 'utf8');
        return pid !== String(child) && pid;
      }),
    );
    await eco.edit('ecosystem.json', '"treekill": false', '"treekill": true');
    await eco.apply();
    await eco.ok(['delete', 'api']);
    expect(eco.processes().map(({ pid }) => pid)).not.toContain(second);
    kill(child);
  });
});

test('autostart: false makes an app known, and somebody else starts it', async ({ eco }) => {
  await write(eco, { autostart: false });
  expect((await eco.ok(['apply'])).stdout).toContain('autostart is off');
  expect(await eco.app('api')).toMatchObject({ status: 'stopped', workers: [] });
  expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  await write(eco, { autostart: false, env: { NEW: 1 } });
  await eco.apply();
  expect(existsSync(eco.path('api-0.told'))).toBe(false);
  await eco.ok(['start', 'api']);
  expect((await told(eco, 'api')).env).toMatchObject({ NEW: '1' });
  expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  await eco.ok(['stop', 'api']);
  expect((await eco.ok(['plan'])).stdout).toContain('No changes');
});

interface Page {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

function page(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], body }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe.concurrent('static files', () => {
  const SITE = { 'site/index.html': '<h1>home</h1>', 'site/app.js': 'run()', 'site/.secret': 'x', 'outside.txt': 'x' };

  test('static serves a folder, as a program of the browser, to whoever has the password', async ({ eco }) => {
    const [plain, locked] = [await eco.port(), await eco.port()];
    const auth = { username: 'me', password: 'correct horse' };
    await eco.write({
      ...SITE,
      'ecosystem.json': {
        static: [
          { path: './site', port: plain },
          { name: 'locked', path: './site', port: locked, spa: true, basic_auth: auth, instances: 2, monitor: true },
        ],
      },
    });
    const { all } = await eco.ok(['apply']);
    expect(all).toContain('"monitor" is ignored: eco puts no monitoring agent into your programs');
    expect((await eco.list()).map(({ name, ready }) => `${name} ${ready}`)).toEqual([
      'locked 2',
      `static-page-server-${plain} 1`,
    ]);
    expect(await page(plain, '/')).toMatchObject({
      status: 200,
      body: '<h1>home</h1>',
      type: expect.stringContaining('text/html') as string,
    });
    expect(await page(plain, '/app.js')).toMatchObject({ status: 200, body: 'run()' });
    for (const path of ['/nowhere', '/.secret', '/../outside.txt', '/%2e%2e/outside.txt', '/%zz'])
      expect((await page(plain, path)).status).toBeGreaterThanOrEqual(400);

    expect((await page(locked, '/')).status).toBe(401);
    const wrong = { authorization: `Basic ${Buffer.from('me:wrong').toString('base64')}` };
    expect((await page(locked, '/', wrong)).status).toBe(401);
    const right = { authorization: `Basic ${Buffer.from('me:correct horse').toString('base64')}` };
    expect(await page(locked, '/users/7?tab=1', right)).toMatchObject({ status: 200, body: '<h1>home</h1>' });
    expect((await page(locked, '/missing.png', right)).status).toBe(404);
    expect((await eco.ok(['describe', 'locked'])).stdout).not.toContain('correct horse');

    // What is new is served, and is no new code of the app.
    await eco.write({ 'site/new.html': 'new' });
    expect((await page(plain, '/new.html')).body).toBe('new');
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
  });

  test("script: serve is set up by PM2's variables, or by arguments", async ({ eco }) => {
    const [first, second] = [await eco.port(), await eco.port()];
    const env = {
      PM2_SERVE_PATH: './site',
      PM2_SERVE_PORT: first,
      PM2_SERVE_SPA: 'true',
      PM2_SERVE_HOMEPAGE: '/app.js',
    };
    await eco.write({
      ...SITE,
      'ecosystem.json': {
        apps: [
          { name: 'by-variables', script: 'serve', env },
          { name: 'by-arguments', script: 'serve', args: `-s site -l ${second}` },
        ],
      },
    });
    await eco.apply();
    expect((await page(first, '/anything')).body).toBe('run()');
    expect((await page(second, '/anything')).body).toBe('<h1>home</h1>');
    expect((await eco.ok(['describe', 'by-arguments'])).stdout).toContain('serve (built into eco)');
  });
});
