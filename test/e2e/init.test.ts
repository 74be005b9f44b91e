import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { describe, expect, test } from '../support/eco-test.ts';

const SERVER =
  "require('http').createServer((_, answer) => answer.end(JSON.stringify({ greeting: process.env.GREETING, token: process.env.API_TOKEN }))).listen(process.env.PORT);\n";

describe.concurrent('eco init', () => {
  test('makes a file of a PM2 project that is applied, edited and applied again', async ({ eco }) => {
    const port = await eco.port();
    await eco.write({
      'server.js': SERVER,
      'worker.js': 'setInterval(() => {}, 1 << 30);\n',
      'ecosystem.config.js': `module.exports = { apps: [
        { name: 'api', script: __dirname + '/server.js', exec_mode: 'cluster_mode', instances: '2', max_memory_restart: '1GB', pmx: false,
          env: { PORT: ${port}, GREETING: 'hello', API_TOKEN: process.env.API_TOKEN }, env_production: { GREETING: 'good day' } },
        { name: 'worker', script: 'worker.js', watch: false, autorestart: true },
      ] };\n`,
    });
    const env = { API_TOKEN: 'abc' };
    const made = await eco.ok(['init', '--from', 'ecosystem.config.js'], { env });
    expect(made.stderr).toContain('Wrote ecosystem.yaml: 2 apps.');
    expect(made.stderr).toContain('API_TOKEN (pass_env)');
    expect(made.stderr).toContain('pm2 delete api worker');
    const text = await eco.read('ecosystem.yaml');
    expect(text).not.toContain('abc');
    expect(text).toContain('script: ./server.js');

    await eco.ok(['apply'], { env });
    expect((await eco.get(port)).body).toEqual({ greeting: 'hello', token: 'abc' });
    expect((await eco.ok(['plan'], { env })).stdout).toContain('No changes');
    const worker = await eco.pid('worker');
    await eco.edit('ecosystem.yaml', 'GREETING: hello', 'GREETING: welcome');
    await eco.ok(['apply'], { env });
    expect((await eco.get(port)).body).toEqual({ greeting: 'welcome', token: 'abc' });
    expect(await eco.pid('worker')).toBe(worker);
    await eco.ok(['apply', '--env', 'production'], { env });
    expect((await eco.get(port)).body).toMatchObject({ greeting: 'good day' });

    const again = await eco.run(['init', '--from', 'ecosystem.config.js']);
    expect(again).toMatchObject({ exitCode: 7, stdout: '' });
    expect(again.stderr).toContain('--force');
    expect(await eco.read('ecosystem.yaml')).toContain('welcome');
  });

  test('takes over a PM2 project with its mistakes, and says what was one', async ({ eco }) => {
    const port = await eco.port();
    await eco.write({
      'package.json': { name: 'shop', scripts: { worker: 'node jobs/worker.js' } },
      'dist/server.js': `
        const server = require('http').createServer((_, answer) => answer.end(JSON.stringify({ stage: process.env.NODE_ENV })));
        server.listen(process.env.PORT, () => { console.log('listening'); process.send('ready'); });
        process.on('SIGINT', () => server.close(() => process.exit(0)));`,
      'jobs/worker.js': "console.log('working'); setInterval(() => {}, 1 << 30);",
      'jobs/report.js': "console.log('reported');",
      'ecosystem.config.js': `module.exports = {\r
        apps: [\r
          {\r
            name: 'shop-api', script: '.\\\\dist\\\\server.js', instances: '2', exec_mode: 'cluster', wait_ready: true, listen_timeout: 20000,\r
            kill_timeout: 5000, max_memory_restart: '512MB', max_restart: 10, pmx: true, merge_logs: true,\r
            out_file: './logs/api-out.log', error_file: './logs/api-err.log', log_date_format: 'YYYY-MM-DD HH:mm:ss',\r
            env: { NODE_ENV: 'development', PORT: ${port} }, env_production: { NODE_ENV: 'production' },\r
          },\r
          { name: 'shop worker', script: 'npm', args: 'run worker', watch: ['jobs'], watch_ignore: ['node_modules'], auto_restart: true },\r
          { name: 'report', script: './jobs/report.js', cron_restart: '0 3 * * *', autorestart: false, instance: 1 },\r
        ],\r
        deploy: { production: { user: 'node', host: '10.0.0.1', 'post-deploy': 'npm ci && pm2 reload ecosystem.config.js --env production' } },\r
      };\r\n`,
    });
    const checked = await eco.run(['validate', 'ecosystem.config.js']);
    expect(checked).toMatchObject({ exitCode: 3 });
    expect(checked.all).toContain('write it with slashes: ./dist/server.js');

    const made = await eco.ok(['init', '--from', 'ecosystem.config.js']);
    for (const said of [
      '"max_restart"; did you mean "max_restarts"?',
      'it is not in the new file: max_restart, watch_ignore, auto_restart, instance. Add what was meant.',
      '"pmx" is ignored',
      'With "schedule" instead of "cron_restart"',
      'instead of "pm2 reload ecosystem.config.js --env production": eco apply --yes --env production',
      "pm2 delete shop-api 'shop worker' report",
      'From now on eco reads ecosystem.yaml, and not ecosystem.config.js.',
    ])
      expect(made.stderr.replaceAll(/\s+/g, ' ')).toContain(said);
    expect(await eco.ok(['validate'])).toMatchObject({
      stdout: 'ecosystem.yaml is valid: 3 apps of project shop.\n',
      stderr: '',
    });

    await eco.apply('--env', 'production');
    expect((await eco.get(port)).body).toEqual({ stage: 'production' });
    expect((await eco.list()).map(({ name, ready, desired }) => `${name} ${ready}/${desired}`)).toEqual([
      'report 0/1',
      'shop worker 1/1',
      'shop-api 2/2',
    ]);
    expect((await eco.ok(['plan', '--env', 'production'])).stdout).toContain('No changes');
    expect((await eco.ok(['plan'])).stdout).toContain('"production" → "development"');
    await eco.edit('ecosystem.yaml', 'kill_timeout: 5000', 'kill_timeout: 4s');
    expect((await eco.apply('--env', 'production')).stdout).toContain('update settings');
    const logs = (await eco.ok(['logs', '--no-follow'])).stdout;
    expect(logs).toMatch(/shop-api +\| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: listening/);
    expect(logs).toMatch(/report +\| reported/);
    expect(await eco.read('logs/api-out.log')).toContain('listening');
    await eco.ok(['down', '--yes']);
    expect(await eco.list()).toEqual([]);
  });

  test('writes a new file that is valid and runs, and asks nothing', async ({ eco }) => {
    await eco.write({
      'package.json':
        '{ "name": "fresh", "scripts": { "start": "node server.js", "worker": "node w.js", "migrate": "node m.js" } }',
      'server.js': 'setInterval(() => {}, 1 << 30);\n',
    });
    const { stdout } = await eco.ok(['init']);
    expect(stdout).toBe('Wrote ecosystem.yaml.\nNext: eco watch to work on it; eco plan, eco apply to have it run.\n');
    expect((await eco.ok(['apply'])).stdout).toContain('1 to start');
    expect(await eco.run(['init'])).toMatchObject({ exitCode: 7 });
    const every = (await eco.read('ecosystem.yaml'))
      .replace(/^( {2,4})# (?=[a-z-])/gm, '$1')
      .replace(/^ {2}# {3}/gm, '    ');
    await eco.write({ 'all.yaml': every, '.env': '', 'w.js': '', 'm.js': '' });
    expect((await eco.ok(['validate', 'all.yaml'])).stdout).toContain('3 apps');
  });

  test('reads what pm2 save wrote, prints instead of writing, and speaks JSON', async ({ eco }) => {
    await eco.write({ 'server.js': SERVER });
    const missing = await eco.run(['init', '--from', 'pm2'], { env: { PM2_HOME: eco.path('pm2') } });
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toContain('pm2 save');
    const entry = {
      name: 'api',
      pm_exec_path: eco.path('server.js'),
      pm_cwd: eco.path(),
      exec_mode: 'fork_mode',
      exec_interpreter: 'node',
    };
    await eco.write({ 'pm2/dump.pm2': JSON.stringify([{ ...entry, env: { GREETING: 'hi', SECRET_KEY: 'x' } }]) });
    const printed = await eco.ok(['init', '--from', 'pm2', '--print'], { env: { PM2_HOME: eco.path('pm2') } });
    expect(printed.stdout).toContain('script: ./server.js');
    expect(printed.stdout).not.toContain('SECRET_KEY: x');
    expect(existsSync(eco.path('ecosystem.yaml'))).toBe(false);
    const written = await eco.json(['init', '--from', 'pm2'], { env: { PM2_HOME: eco.path('pm2') } });
    expect(written).toMatchObject({ file: eco.path('ecosystem.yaml'), apps: ['api'] });
    await eco.ok(['validate']);
    expect(await eco.run(['init', '--from', 'nowhere.js'])).toMatchObject({ exitCode: 3, stdout: '' });
  });
});

describe.concurrent('the package', () => {
  test('gives defineEcosystem to CommonJS, ES modules and, where Node runs it, TypeScript', async ({ eco }) => {
    const value = "{ project: 'typed', apps: [{ name: 'a', script: './a.js' }] }";
    await eco.write({
      'a.js': '',
      'one.config.cjs': `const { defineEcosystem } = require('eco-runner');\nmodule.exports = defineEcosystem(${value});\n`,
      'two.config.mjs': `import { defineEcosystem } from 'eco-runner';\nexport default defineEcosystem(() => (${value}));\n`,
      'three.config.mts': `import { defineEcosystem, type App } from 'eco-runner';\nconst a: App = { name: 'a', script: './a.js' };\nexport default defineEcosystem({ project: 'typed', apps: [a] });\n`,
    });
    await mkdir(eco.path('node_modules'));
    await symlink(eco.packageFolder, eco.path('node_modules/eco-runner'));
    for (const file of ['one.config.cjs', 'two.config.mjs']) {
      expect((await eco.ok(['validate', file])).stdout).toContain('1 app of project typed');
    }
    const strips = 'typescript' in process.features && process.features['typescript'] !== false;
    expect((await eco.run(['validate', 'three.config.mts'])).exitCode).toBe(strips ? 0 : 3);
  });
});
