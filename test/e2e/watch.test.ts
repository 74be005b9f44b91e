import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig, EcoTerminal } from '../support/eco-rig.ts';
import { kill } from '../support/processes.ts';

/** Says its version and where it is; answers with the same. */
const server = (version: string): string => `
const version = ${JSON.stringify(version)};
const server = require('node:http').createServer((_, answer) =>
  answer.end(JSON.stringify({ version, pid: process.pid, mode: process.env.NODE_ENV, greeting: process.env.GREETING })));
server.listen(process.env.PORT, () => console.log(process.env.ECO_APP + ' is ' + version));
process.on('SIGTERM', () => { console.log(process.env.ECO_APP + ' says goodbye'); process.exit(0); });
`;

describe.concurrent('eco watch', () => {
  test('shows the output, and restarts only the app whose source is saved', async ({ eco }) => {
    const { api, web } = await shop(eco);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/);
    await shows(eco, terminal, /api:0 +\| api is one/, /web:0 +\| web is one/);
    const before = [await eco.get(api), await eco.get(web)].map(({ body }) => body);
    expect(before).toMatchObject([{ version: 'one', mode: 'development' }, { mode: 'development' }]);

    await eco.write({ 'api/server.js': server('two') });
    await shows(eco, terminal, /▸ api restarts: api\/server\.js changed/, /api is two/, /api is ready after/);
    expect((await eco.get(api)).body).toMatchObject({ version: 'two' });
    expect((await eco.get(web)).body).toEqual(before[1]);
    expect(text(terminal)).not.toContain('web restarts');

    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    expect(text(terminal)).toMatch(/web says goodbye/);
    await leftNothing(eco);
  });

  test('follows the ecosystem file, keeps everything running while it is broken, and goes on once it is mended', async ({
    eco,
  }) => {
    const { api, web } = await shop(eco);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /api is one/, /web is one/);
    const before = (await eco.get(api)).body;

    await eco.edit('ecosystem.yaml', 'GREETING: hello', 'GREETING: hi');
    await shows(eco, terminal, /~ web +reload 1 worker +env\.GREETING "hello" → "hi"/);
    await shows(eco, terminal, /web says goodbye/);
    expect((await eco.get(web)).body['greeting']).toBe('hi');
    expect((await eco.get(api)).body).toEqual(before);

    const pids = [await eco.get(api), await eco.get(web)].map(({ body }) => body['pid']);
    await eco.edit('ecosystem.yaml', 'depends_on', 'dependson');
    await shows(eco, terminal, /ECO1203.*dependson/, /everything runs on as it was/);
    // The sources are watched as before.
    await eco.write({ 'api/server.js': server('two') });
    await shows(eco, terminal, /api is two/);
    expect((await eco.get(web)).body['pid']).toBe(pids[1]);

    await eco.edit('ecosystem.yaml', 'dependson', 'depends_on');
    await shows(eco, terminal, /ecosystem\.yaml: no changes/);
    await eco.edit('ecosystem.yaml', 'GREETING: hi', 'GREETING: welcome');
    await eco.eventually(async () => (await eco.get(web)).body['greeting'] === 'welcome');

    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    await leftNothing(eco);
  });

  test('follows what the file includes and requires, and env files; apps come and go', async ({ eco }) => {
    const [api, web] = [await eco.port(), await eco.port()];
    await eco.write({
      'ecosystem.config.js': `module.exports = { project: 'shop', include: ['./more.yaml'], apps: [
        { name: 'api', script: './server.js', cwd: 'api', env_file: '.env', env: { PORT: ${api}, GREETING: require('./greeting') } } ] };`,
      'greeting.js': `module.exports = 'hello';`,
      'more.yaml': 'project: shop\napps: []\n',
      '.env': 'MOOD=fine\n',
      'api/server.js': server('one'),
      'web/server.js': server('one'),
    });
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api/, /api is one/);
    await eco.write({ 'greeting.js': `module.exports = 'hi';` });
    await shows(eco, terminal, /env\.GREETING "hello" → "hi"/);
    await shows(eco, terminal, /api says goodbye/);
    expect((await eco.get(api)).body['greeting']).toBe('hi');
    await eco.write({ '.env': 'MOOD=good\n' });
    await shows(eco, terminal, /~ api +reload 1 worker +env\.MOOD/);
    await eco.write({
      'more.yaml': `project: shop\napps: [{ name: web, script: ./web/server.js, env: { PORT: ${web} } }]\n`,
    });
    await shows(eco, terminal, /\+ web +start 1 worker/, /watching api, web/, /web is one/);
    await eco.write({ 'more.yaml': 'project: shop\napps: []\n' });
    await shows(eco, terminal, /- web +delete 1 worker/, /web says goodbye/);
    await eco.eventually(() => eco.refuses(web));
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('a crash shows its stack and waits for the next change', async ({ eco }) => {
    const { api } = await shop(eco);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /web is one/);
    await eco.write({ 'api/server.js': `function charge() { throw new Error('no money'); }\ncharge();\n` });
    await shows(
      eco,
      terminal,
      /Error: no money/,
      /at charge .*server\.js:1/,
      /api crashed: exit code 1; it starts again/,
    );
    // What else changes is no reason to try again.
    const before = text(terminal).match(/api crashed/g)?.length;
    await eco.write({ 'web/server.js': server('two') });
    await shows(eco, terminal, /web is two/);
    expect(text(terminal).match(/api crashed/g)?.length).toBe(before);
    expect(eco.processes().filter(({ command }) => command.includes('api/server.js'))).toEqual([]);
    await eco.write({ 'api/server.js': server('mended') });
    await shows(eco, terminal, /api is mended/);
    // So does one that ran well before.
    kill(Number((await eco.get(api)).body['pid']));
    await shows(eco, terminal, /api crashed: .*SIGKILL/);
    terminal.type('1');
    await shows(eco, terminal, /api restarts: by hand[\s\S]*api is mended/);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('an app that never becomes ready is replaced by its mended version at once', async ({ eco }) => {
    const { api } = await shop(eco, { api: 'wait_ready: true' });
    await eco.write({ 'api/server.js': `setInterval(() => {}, 1000); console.log('api hangs');` });
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /api hangs/);
    await eco.write({ 'api/server.js': `${server('mended')}\nserver.on('listening', () => process.send('ready'));` });
    // What waited for it is started as well.
    await shows(eco, terminal, /api is mended/, /web is one/);
    expect((await eco.get(api)).body).toMatchObject({ version: 'mended' });
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('dependents with restart: true go with what they depend on', async ({ eco }) => {
    const { web } = await shop(eco, { web: 'depends_on: { api: { condition: ready, restart: true } }' });
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /web is one/);
    const before = (await eco.get(web)).body['pid'];
    await eco.write({ 'api/server.js': server('two') });
    await shows(eco, terminal, /web restarts: together with api/, /web is one[\s\S]*web is one/);
    expect((await eco.get(web)).body['pid']).not.toBe(before);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('keys: status, filter, pause, restart all, clear, help', async ({ eco }) => {
    const { api } = await shop(eco);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /web is ready/);
    terminal.type('?');
    await shows(eco, terminal, /restart one app/, /clear the screen/);
    terminal.type('i');
    await shows(eco, terminal, new RegExp(`1 +api +ready +\\d+ +\\S*:${api}`), /2 +web +ready/);
    terminal.type('p');
    await shows(eco, terminal, /watching is paused/);
    await eco.write({ 'api/server.js': server('two') });
    await eco.write({ 'web/other.js': '1' });
    terminal.type('1');
    await shows(eco, terminal, /api restarts: by hand[\s\S]*api is two/);
    expect(text(terminal)).not.toContain('other.js');
    terminal.type('p');
    await shows(eco, terminal, /watching goes on[\s\S]*web restarts: web\/other\.js changed/);
    terminal.type('l');
    await shows(eco, terminal, /only the output of api/);
    terminal.type('r');
    await shows(eco, terminal, /only the output of api[\s\S]*api is two/, /web restarts: by hand[\s\S]*web is ready/);
    expect(text(terminal).split('only the output of api')[1]).not.toContain('web is one');
    terminal.type('c');
    await eco.eventually(() => terminal.screen.includes('\u001B[2J'));
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('an app that writes what is watched is suspended loudly', async ({ eco }) => {
    await eco.write({
      'ecosystem.yaml': 'project: shop\napps: [{ name: api, script: ./server.js }]\n',
      'server.js': `require('node:fs').writeFileSync('state.json', String(Date.now())); setInterval(() => {}, 1000);`,
    });
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api/);
    await eco.write({ 'start.json': '1' });
    await eco.eventually(() => /no longer watched/.test(text(terminal)), { within: 30_000 });
    expect(text(terminal)).toMatch(/api: 10 restarts in 1m, the last because state\.json changed: .*ignore_watch/);
    expect(text(terminal).match(/api restarts/g)).toHaveLength(10);
    await eco.write({
      'ecosystem.yaml': 'project: shop\napps: [{ name: api, script: ./server.js, ignore_watch: [state.json] }]\n',
    });
    await shows(eco, terminal, /ignore_watch \[\] → \["state\.json"\]/);
    await eco.write({ 'other.json': '1' });
    await shows(eco, terminal, /other\.json changed/);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('nothing is left when the terminal is closed', async ({ eco }) => {
    await shop(eco);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /web is one/);
    terminal.close();
    await leftNothing(eco, 5000);
  });

  test('a second Ctrl-C kills what does not stop', async ({ eco }) => {
    await eco.write({
      'ecosystem.yaml': 'project: shop\napps: [{ name: api, script: ./server.js, kill_timeout: 10m }]\n',
      'server.js': `process.on('SIGTERM', () => console.log('no')); process.on('SIGINT', () => console.log('no')); setInterval(() => {}, 1000); console.log('up');`,
    });
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api/, /\| up/);
    terminal.type('\u0003');
    await shows(eco, terminal, /told to stop/, /\| no/);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    await leftNothing(eco);
  });

  test('what a killed eco watch left behind is ended by the next one', async ({ eco }) => {
    const { api } = await shop(eco);
    const first = eco.start(['watch']);
    await eco.eventually(async () => (await eco.get(api).catch(() => null)) !== null);
    first.kill('SIGKILL');
    await once(first, 'close', { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    const old = (await eco.get(api)).body['pid'];
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /web is one/);
    expect((await eco.get(api)).body['pid']).not.toBe(old);
    expect(eco.processes().some(({ pid }) => pid === old)).toBe(false);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('refuses a second one of the same file; another checkout and the daemon are no matter', async ({ eco }) => {
    await shop(eco);
    await eco.write({
      'copy/ecosystem.yaml': 'project: shop\napps: [{ name: api, script: ./server.js }]\n',
      'copy/server.js': `setInterval(() => {}, 1000); console.log('copy is up');`,
    });
    await eco.ok(['apply', 'copy/ecosystem.yaml']);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /web is one/);
    const second = await eco.run(['watch']);
    expect([second.exitCode, second.stderr]).toEqual([5, expect.stringContaining('another eco watch of this file')]);
    const other = eco.openTerminal(['watch', 'copy/ecosystem.yaml']);
    await shows(eco, other, /copy is up/);
    other.type('q');
    expect(await other.ended).toBe(0);
    expect((await eco.app('api')).status).toBe('ready');
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
  });

  test('--json for tools, --no-logs, --only, and a file that is wrong from the beginning', async ({ eco }) => {
    const { api } = await shop(eco);
    const command = eco.start(['watch', '--json', '--only', 'api']);
    let [out, err] = ['', ''];
    command.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    command.stderr?.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    const types = () =>
      err
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type);
    await eco.eventually(() => err.includes('"watching"') && out.includes('api is one'));
    await eco.write({ 'api/server.js': server('two') });
    await eco.eventually(() => out.includes('api is two'));
    await eco.edit('ecosystem.yaml', 'apps:', 'aps:');
    await eco.eventually(() => err.includes('"invalid"'));
    const closed = once(command, 'close', { signal: AbortSignal.timeout(20_000) });
    command.kill('SIGTERM');
    expect((await closed)[0]).toBe(143);
    expect(types()).toEqual(expect.arrayContaining(['plan', 'watching', 'worker-ready', 'diagnostic', 'invalid']));
    expect(
      out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { app: string }).app),
    ).not.toContain('web');
    expect(await eco.refuses(api)).toBe(true);

    const wrong = await eco.run(['watch']);
    expect([wrong.exitCode, wrong.stderr]).toEqual([3, expect.stringContaining('ECO1104')]);

    await eco.edit('ecosystem.yaml', 'aps:', 'apps:');
    const terminal = eco.openTerminal(['dev', '--no-logs', '--only', 'api']);
    await shows(eco, terminal, /watching api/, /api is ready/);
    await eco.write({ 'api/server.js': `console.log('about to fail'); throw new Error('late');` });
    await shows(eco, terminal, /Error: late[\s\S]*api crashed/);
    expect(text(terminal)).not.toContain('api is two');
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });

  test('what git ignores is no source, but for build output that is run', async ({ eco }) => {
    await eco.write({
      'ecosystem.yaml':
        'project: shop\napps: [{ name: api, script: ./dist/server.js }, { name: web, script: ./web.js }]\n',
      '.gitignore': 'dist\ntmp\nnode_modules\n',
      'dist/server.js': `console.log('api is one'); setInterval(() => {}, 1000);`,
      'web.js': `console.log('web is one'); setInterval(() => {}, 1000);`,
      'tmp/x.js': '1',
      'node_modules/x/index.js': '1',
    });
    await eco.git(['init', '.']);
    const terminal = eco.openTerminal(['watch']);
    await shows(eco, terminal, /watching api, web/, /api is one/, /web is one/);
    await eco.write({ 'tmp/x.js': '2', 'node_modules/x/index.js': '2', '.swap.swp': '1' });
    await eco.write({ 'dist/server.js': `console.log('api is two'); setInterval(() => {}, 1000);` });
    await shows(eco, terminal, /api restarts: dist\/server\.js changed/, /api is two/);
    await mkdir(eco.path('lib/new'), { recursive: true });
    await writeFile(eco.path('lib/new/a.js'), '1');
    await shows(eco, terminal, /web restarts: lib\/new\/a\.js changed/);
    expect(text(terminal)).not.toMatch(/tmp\/x|node_modules|swap/);
    expect(text(terminal).match(/web restarts/g)).toHaveLength(1);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await leftNothing(eco);
  });
});

async function shop(
  eco: EcoRig,
  { api: apiOption = '', web: webOption = 'depends_on: [api]' }: { readonly api?: string; readonly web?: string } = {},
): Promise<{ readonly api: number; readonly web: number }> {
  const [api, web] = [await eco.port(), await eco.port()];
  await eco.write({
    'ecosystem.yaml': `project: shop
apps:
  - name: api
    script: ./server.js
    cwd: api
    env: { PORT: ${api} }
    ${apiOption}
  - name: web
    script: ./server.js
    cwd: web
    env: { PORT: ${web}, GREETING: hello }
    ${webOption}
`,
    'api/server.js': server('one'),
    'web/server.js': server('one'),
  });
  return { api, web };
}

function text(terminal: EcoTerminal): string {
  return stripVTControlCharacters(terminal.screen).replaceAll('\r', '');
}

async function shows(eco: EcoRig, terminal: EcoTerminal, ...patterns: readonly RegExp[]): Promise<void> {
  for (const pattern of patterns) {
    await eco
      .eventually(() => pattern.test(text(terminal)), { within: 20_000 })
      .catch(() => {
        throw new Error(`the terminal does not show ${pattern}:\n${text(terminal)}`);
      });
  }
}

async function leftNothing(eco: EcoRig, within = 2000): Promise<void> {
  await eco.eventually(() => eco.processes().length === 0, { within });
  expect(await readdir(join(eco.home, 'watch'))).toEqual([]);
}
