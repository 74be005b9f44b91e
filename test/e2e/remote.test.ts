import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test as base } from '../support/eco-test.ts';
import type { EcoRig, RunOptions } from '../support/eco-rig.ts';
import { FarHost, sshSettings } from '../support/far-host.ts';
import { TerminalScreen } from '../support/terminal-screen.ts';

const test = base.extend<{ readonly far: FarHost }>({
  far: async ({ eco, onTestFailed }, use) => {
    const far = await FarHost.start(eco);
    onTestFailed(() => console.error(far.rig.logs));
    await use(far);
    await far.dispose();
  },
});

const SERVER = `
require('http').createServer((q, s) => s.end(JSON.stringify({ greeting: process.env.GREETING ?? '' }))).listen(Number(process.env.PORT), '127.0.0.1');
console.log('I serve');`;

/** Listens once there is a file "go" beside it. */
const SLOW_SERVER = `
const { existsSync } = require('fs');
const timer = setInterval(() => {
  if (!existsSync(__dirname + '/go')) return;
  clearInterval(timer);
  ${SERVER}
}, 20);`;

/** eco here, about the other machine. */
function there(eco: EcoRig, far: FarHost) {
  const options = (more: RunOptions = {}): RunOptions => ({
    ...more,
    env: { ...sshSettings(eco), ECO_HOST: far.url, ...more.env },
  });
  return {
    options,
    run: (args: readonly string[], more?: RunOptions) => eco.run(args, options(more)),
    ok: (args: readonly string[], more?: RunOptions) => eco.ok(args, options(more)),
  };
}

/** What says of itself that a daemon started it as a worker. */
function startStray(eco: EcoRig, ECO_ID: string): ChildProcess {
  return spawn('sleep', ['1000'], { detached: true, stdio: 'ignore', env: { ...eco.environment(), ECO_ID } });
}

test('a file here makes apps run there; nothing of it runs or is kept here', async ({ eco, far }) => {
  const port = await far.rig.port();
  await far.rig.write({ 'server.js': SERVER });
  await eco.write({
    'ecosystem.json': {
      project: 'shop',
      apps: [{ name: 'api', script: './server.js', env: { PORT: port }, env_file: '.env' }],
    },
    '.env': 'GREETING=from here\n',
  });
  const remote = there(eco, far);
  expect((await remote.ok(['validate'])).stdout).toContain('1 app');
  expect((await remote.run(['plan', '--detailed-exitcode'])).exitCode).toBe(2);
  expect(await far.rig.list()).toEqual([]);
  await remote.ok(['apply']);
  expect((await far.rig.get(port)).body).toEqual({ greeting: 'from here' });
  expect((await remote.ok(['apply'])).stdout).toContain('No changes');
  expect(await eco.list()).toEqual([]);
  expect(existsSync(`${eco.home}/apps`)).toBe(false);

  expect(JSON.parse((await remote.ok(['list', '--json'])).stdout)).toMatchObject({ apps: [{ name: 'api' }] });
  expect((await remote.ok(['describe', 'api'])).stdout).toContain(far.rig.path('server.js'));
  expect((await remote.ok(['logs', 'api'])).stdout).toContain('I serve');
  expect(JSON.parse((await remote.ok(['daemon', 'status', '--json'])).stdout)).toMatchObject({ home: far.rig.home });

  // New code there is a new revision, whatever is here.
  await far.rig.edit('server.js', 'I serve', 'I serve anew');
  expect((await remote.ok(['plan'])).stdout).toContain('server.js');
  await remote.ok(['apply']);
  await remote.ok(['scale', 'api', '2']);
  expect(await far.rig.pids('api')).toHaveLength(2);
  const [ofHere, ofThere] = [eco, far.rig].map(({ home }) => startStray(eco, `${home} shop/api:0#999`));
  const drift = await remote.run(['drift', '--exit-code', '--json']);
  for (const stray of [ofHere, ofThere]) stray?.kill('SIGKILL');
  expect(drift.exitCode, drift.all).toBe(4);
  expect(JSON.parse(drift.stdout)).toMatchObject({
    drift: [
      { path: 'instances', cause: 'scaled by hand' },
      { path: 'process', actual: ofThere?.pid },
    ],
    pending: [],
  });
  await remote.ok(['down', '--yes']);
  expect(await far.rig.list()).toEqual([]);
});

test('whoever looks on sees what happens there as it happens', async ({ eco, far }) => {
  await far.rig.write({ 'ticks.js': 'let n = 0; setInterval(() => console.log(`tick ${n++}`), 50);' });
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [{ name: 'ticker', script: './ticks.js' }] } });
  const remote = there(eco, far);
  await remote.ok(['apply']);
  const logs = eco.start(['logs', 'ticker', '--follow', '--lines', '0'], remote.options());
  let shown = '';
  logs.stdout?.on('data', (text: Buffer) => (shown += text.toString()));
  await eco.eventually(() => (shown.match(/tick \d+/g) ?? []).length > 5, { within: 30_000 });
  const ended = once(logs, 'exit');
  logs.kill('SIGINT');
  expect(await ended).toEqual([0, null]);

  const env = remote.options().env ?? {};
  const screen = await TerminalScreen.open(eco, ['monit'], { columns: 100, rows: 30, env });
  try {
    await screen.shows(/ticker/);
    await screen.shows(/tick \d+/);
    await screen.press('q');
    await screen.shows(/exit code 0/);
  } finally {
    await screen.close();
  }
});

test('a mistake that only the machine there can see has its place in the file here', async ({ eco, far }) => {
  await eco.write({
    'ecosystem.yaml': 'project: shop\napps:\n  - name: api\n    script: ./server.js\n',
    'server.js': '',
  });
  const refused = await there(eco, far).run(['apply']);
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toContain('ecosystem.yaml:4:');
  expect(refused.stderr).toContain(`the script ${far.rig.path('server.js')} does not exist`);
});

test('names and folders with anything in them come there as they are', async ({ eco, far }) => {
  const odd = "a b $(touch owned) 'x' `id`";
  await far.rig.write({ [`${odd}/job.js`]: 'setInterval(() => {}, 1000)' });
  const remote = there(eco, far);
  const folder = far.rig.path(odd);
  await remote.ok(['start', 'job.js', '--name', odd, '--remote-cwd', folder, '--', '--host', '$HOME;*']);
  const [app] = await far.rig.list();
  expect(app?.name).toBe(odd);
  const described = JSON.parse((await remote.ok(['describe', odd, '--json'])).stdout) as object;
  expect(JSON.stringify(described)).toContain(JSON.stringify(['--host', '$HOME;*']).slice(1, -1));
  await remote.ok(['delete', odd]);
  expect(existsSync(`${folder}/owned`) || existsSync(far.rig.path('owned'))).toBe(false);
});

test('one at a time: a lock there names who is here; a saved plan is for that machine', async ({ eco, far }) => {
  await far.rig.write({ 'server.js': SERVER });
  const port = await far.rig.port();
  await eco.write({
    'ecosystem.json': { project: 'shop', apps: [{ name: 'api', script: './server.js', env: { PORT: port } }] },
  });
  const remote = there(eco, far);
  const env = { GITHUB_SERVER_URL: 'https://ci.example', GITHUB_REPOSITORY: 'me/shop', GITHUB_RUN_ID: '7' };
  await remote.ok(['plan', '--out', 'plan.json']);
  await remote.ok(['lock', '-m', 'moving'], { env });
  const kept = await remote.run(['apply']);
  expect(kept.exitCode).toBe(5);
  expect(kept.stderr).toContain('https://ci.example/me/shop/actions/runs/7');
  const id = /eco unlock (\w+)/.exec(kept.stderr)?.[1] ?? '';
  await remote.ok(['unlock', id]);

  const here = await eco.run(['apply', 'plan.json']);
  expect(here.exitCode).toBe(3);
  await eco.write({ 'server.js': SERVER });
  const elsewhere = await eco.run(['apply', 'plan.json']);
  expect(elsewhere.exitCode).toBe(6);
  expect(elsewhere.stderr).toContain(`(${far.rig.home})`);
  await remote.ok(['apply', 'plan.json']);
  expect((await far.rig.get(port)).status).toBe(200);
});

describe('the connection is cut while a rollout is under way', () => {
  test('the rollout ends there, eco here says so, and the next apply has nothing to do', async ({ eco, far }) => {
    const port = await far.rig.port();
    await far.rig.write({ 'server.js': SLOW_SERVER, go: '' });
    const app = { name: 'api', script: './server.js', exec_mode: 'cluster', env: { PORT: port, GREETING: 'one' } };
    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [app] } });
    const remote = there(eco, far);
    await remote.ok(['apply']);
    const before = await far.rig.pid('api');
    await far.rig.shell('rm go');
    await eco.edit('ecosystem.json', '"one"', '"two"');
    const cut = remote.run(['apply']);
    await far.rig.eventually(async () => (await far.rig.pids('api')).length === 2, { within: 30_000 });
    far.cut();
    const ended = await cut;
    expect(ended.exitCode, ended.all).toBe(11);
    expect(ended.stderr).toContain('the connection was lost; the daemon there goes on with what it began');
    expect(ended.stderr).toContain('eco list --host ');
    expect((await far.rig.get(port)).body).toEqual({ greeting: 'one' });
    await far.rig.write({ go: '' });
    await far.rig.eventually(
      async () => {
        const pids = await far.rig.pids('api');
        return pids.length === 1 && !pids.includes(before);
      },
      { within: 30_000 },
    );
    expect((await far.rig.get(port)).body).toEqual({ greeting: 'two' });
    far.mend();
    expect((await remote.ok(['apply'])).stdout).toContain('No changes');
  });
});

test('a network that falls silent is given up, too', async ({ eco, far }) => {
  await far.rig.write({ 'server.js': SLOW_SERVER });
  const app = { name: 'api', script: './server.js', env: { PORT: await far.rig.port() } };
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [app] } });
  const { ECO_SSH = '' } = sshSettings(eco);
  const impatient = { ECO_SSH: `${ECO_SSH} -o ServerAliveInterval=1 -o ServerAliveCountMax=2` };
  const silent = there(eco, far).run(['apply'], { env: impatient });
  await far.rig.eventually(async () => (await far.rig.pids('api')).length === 1, { within: 30_000 });
  far.fallSilent();
  const ended = await silent;
  expect(ended.exitCode, ended.all).toBe(11);
  expect(ended.stderr).toContain('the connection was lost');
});

test('Ctrl-C ends neither ssh nor the step under way', async ({ eco, far }) => {
  const port = await far.rig.port();
  await far.rig.write({ 'server.js': SLOW_SERVER });
  const app = { name: 'api', script: './server.js', exec_mode: 'cluster', env: { PORT: port } };
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [app] } });
  const terminal = eco.openTerminal(['apply', '--yes'], { env: there(eco, far).options().env ?? {} });
  await far.rig.eventually(async () => (await far.rig.pids('api')).length === 1, { within: 30_000 });
  terminal.type('\x03');
  await far.rig.eventually(() => /finish/i.test(terminal.screen), { within: 30_000 });
  await far.rig.write({ go: '' });
  expect(await terminal.ended, terminal.screen).toBe(130);
  expect(terminal.screen).toContain('api: started, 1/1 ready');
});

describe('no way to eco there', () => {
  test.for([
    ['no ssh here', { ECO_SSH: '/nowhere/ssh -v' }, 'there is no /nowhere/ssh here to go there with', 'openssh-client'],
    [
      'no such machine',
      { ECO_HOST: 'ssh://no-such-host.invalid' },
      'there is no machine of that name',
      'ssh no-such-host',
    ],
    ['nobody listens', { ECO_HOST: 'ssh://127.0.0.1:9' }, 'no ssh server answers there', 'ssh -p 9 127.0.0.1 true'],
    ['no eco there', { ECO_REMOTE_COMMAND: 'no-eco' }, 'its shell does not find no-eco', 'npm install -g eco-runner@'],
    ['no eco', { ECO_REMOTE_COMMAND: 'echo hello;:' }, 'is no eco that can be asked', 'npm install -g eco-runner@'],
    [
      'another version',
      { ECO_REMOTE_COMMAND: `echo welcome; echo 'eco-dial {"version":"0.0.1","node":"v20.0.0"}'; cat >&2; :` },
      'eco there is 0.0.1, this is ',
      'npm install -g eco-runner@',
    ],
  ] as const)('%s', async ([, env, problem, advice], { eco, far }) => {
    const failed = await there(eco, far).run(['list'], { env });
    expect(failed.exitCode).toBe(11);
    expect(failed.stderr).toContain(problem);
    expect(failed.stderr).toContain(advice);
  });

  test('a key that is not let in, and a machine with another key than it had', async ({ eco, far }) => {
    const remote = there(eco, far);
    await remote.ok(['list']);
    await eco.shell(
      `sed -i 's/ssh-ed25519 .*/ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl/' ${eco.root}/known_hosts`,
    );
    const changed = await remote.run(['list']);
    expect(changed.exitCode).toBe(11);
    expect(changed.stderr).toContain('it has another key than it had');
    await eco.shell(`rm ${eco.root}/known_hosts`);
    await far.rig.shell(`: > ${far.rig.root}/authorized_keys`);
    const refused = await remote.run(['list']);
    expect(refused.exitCode).toBe(11);
    expect(refused.stderr).toContain('it does not let this user in');
    expect(refused.stderr).toContain('Permission denied');
  });
});

describe('apply --sync', () => {
  const file = (port: number) => ({
    project: 'shop',
    apps: [{ name: 'api', script: './dist/server.js', env: { PORT: port } }],
  });

  test('makes the folder there the same as the one here, over one connection, before anything is planned', async ({
    eco,
    far,
  }) => {
    const port = await far.rig.port();
    await eco.write({
      'ecosystem.json': file(port),
      'dist/server.js': SERVER,
      'dist/old.txt': '',
      'a b/$(id).txt': 'odd',
      '.rsync-filter': 'P /uploads\n- /notes\n',
      'notes/n.txt': '',
      '.git/HEAD': 'ref: refs/heads/none',
    });
    const remote = there(eco, far);
    await eco.shell(`mkdir ${eco.root}/tmp`);
    const first = await remote.ok(['apply', '--sync'], { env: { TMPDIR: `${eco.root}/tmp` } });
    expect(readdirSync(`${eco.root}/tmp`).filter((name) => name.startsWith('eco-'))).toEqual([]);
    expect(first.stderr).toContain('Copied: ');
    expect((await far.rig.get(port)).status).toBe(200);
    expect(await far.logins()).toBe(1);
    expect(await far.rig.read('a b/$(id).txt')).toBe('odd');
    expect(['notes', '.git'].filter((name) => existsSync(far.rig.path(name)))).toEqual([]);

    await far.rig.write({ 'uploads/mine.txt': 'kept', 'stray.txt': '' });
    await eco.edit('dist/server.js', 'I serve', 'I serve anew');
    await eco.shell('rm dist/old.txt');
    const second = await remote.ok(['apply', '--sync']);
    expect(second.stdout).toContain('dist/server.js');
    expect(await far.rig.read('uploads/mine.txt')).toBe('kept');
    expect(['stray.txt', 'dist/old.txt'].filter((name) => existsSync(far.rig.path(name)))).toEqual([]);
    const third = await remote.ok(['apply', '--sync']);
    expect(third.stderr).toContain('Nothing there differs.');
    expect(third.stdout).toContain('No changes');
  });

  test('overwrites no folder that somebody might miss, and copies nothing of a wrong file', async ({ eco, far }) => {
    const remote = there(eco, far);
    await eco.write({ 'ecosystem.json': file(1), 'dist/server.js': SERVER });
    await far.rig.write({ 'precious.txt': '' });
    const full = await remote.run(['apply', '--sync']);
    expect(full.exitCode).toBe(1);
    expect(full.stderr).toContain('holds files that were not copied into it');
    expect(full.stderr).toContain(`touch ${far.rig.folder}/.eco-synced`);
    const home = await remote.run(['apply', '--sync', '--remote-cwd', '~']);
    expect(home.stderr).toContain('is no folder for one project alone');
    const nowhere = await remote.run(['apply', '--sync'], { env: { ECO_HOST: `ssh://127.0.0.1:${far.port}` } });
    expect(nowhere.stderr).toContain('it is not said into which folder there');
    await eco.shell(`mkdir ${eco.root}/ssh-only && ln -s "$(command -v ssh)" ${eco.root}/ssh-only/ssh`);
    const noRsync = await remote.run(['apply', '--sync', '--remote-cwd', `${far.rig.root}/new`], {
      env: { PATH: `${eco.root}/ssh-only` },
    });
    expect(noRsync.stderr).toContain('there is no rsync here');
    expect((await eco.run(['apply', '--sync'])).stderr).toContain('name it, --host ssh://user@host/folder');
    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [{ script: 7 }] } });
    expect((await remote.run(['apply', '--sync', '--remote-cwd', `${far.rig.root}/none`])).exitCode).toBe(3);
    expect(existsSync(`${far.rig.root}/none`)).toBe(false);
    expect(existsSync(far.rig.path('dist'))).toBe(false);
  });
});
