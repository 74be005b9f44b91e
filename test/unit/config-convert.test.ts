import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { convertDump } from '../../src/config/convert-dump.ts';
import { convertFile } from '../../src/config/convert-file.ts';
import { formatDraft } from '../../src/config/draft.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import { proposeFile } from '../../src/config/propose-file.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/ecosystems', import.meta.url));
const environment = {
  PATH: join(fixtures, 'bin'),
  HOME: '/home/me',
  WHO: 'the caller',
  DATABASE_URL: 'postgres://db/shop',
  AWS_REGION: 'eu-1',
  NOT_PASSED: 'x',
};
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'eco-convert-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(readdirSync(join(fixtures, 'valid')))('%s means the same once it is converted', async (name) => {
  const copy = join(folder, name);
  cpSync(join(fixtures, 'valid', name), copy, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs", "name": "converted" }');
  const file = readdirSync(copy).find((entry) => /^(ecosystem|pm2|process|processes)\./.test(entry)) ?? 'package.json';
  const before = await load(file, copy);
  const converted = await convertFile({ file, cwd: copy, environment });
  if (!converted.ok) throw new Error(JSON.stringify(converted.error, null, 2));
  const text = await formatDraft(converted.value.draft, { about: 'Converted.', schema: null });
  writeFileSync(join(copy, 'converted.yaml'), text);
  const after = await load('converted.yaml', copy);
  expect(after).toEqual(before);
});

/** The apps that a file is converted to, or the codes of what is wrong with it. */
async function converted(files: Readonly<Record<string, string | Buffer>>): Promise<unknown> {
  write({ 'server.js': '', 'dist/server.js': '', ...files });
  const [file = ''] = Object.keys(files);
  const outcome = await convertFile({ file, cwd: folder, environment });
  if (!outcome.ok) return outcome.error.map(({ code }) => code);
  return outcome.value.draft.apps.map((app) => Object.fromEntries(app));
}

const ONE = { name: 'a', script: './server.js' };

test.each<[what: string, file: string, text: string | Buffer, expected: unknown]>([
  [
    'lines of Windows',
    'ecosystem.config.js',
    'module.exports = {\r\n  apps: [{ name: "a",\r\n script: "./server.js" }],\r\n};\r\n',
    [ONE],
  ],
  ['lines of Windows in YAML', 'ecosystem.yml', 'apps:\r\n  - name: a\r\n    script: ./server.js\r\n', [ONE]],
  ['a byte order mark', 'pm2.json', `\uFEFF${JSON.stringify({ apps: [ONE] })}`, [ONE]],
  [
    'a byte order mark in JavaScript',
    'pm2.config.js',
    `\uFEFFmodule.exports = ${JSON.stringify({ apps: [ONE] })}`,
    [ONE],
  ],
  ['UTF-16', 'pm2.json', Buffer.from(`\uFEFF${JSON.stringify({ apps: [ONE] })}`, 'utf16le'), ['ECO1006']],
  ['nothing', 'ecosystem.config.js', '', ['ECO1007']],
  ['an object for a list', 'pm2.json', JSON.stringify({ apps: ONE }), [ONE]],
  ['apps by their names', 'pm2.json', JSON.stringify({ apps: { a: { script: './server.js' } } }), ['ECO1105']],
  [
    'an app without a script',
    'pm2.json',
    JSON.stringify({ apps: [ONE, { name: 'b', exce: './server.js' }] }),
    ['ECO1302', 'ECO1203'],
  ],
  [
    'scripts that others say',
    'pm2.json',
    JSON.stringify({ defaults: { script: './server.js' }, apps: [ONE, { name: 'b' }] }),
    [ONE, { name: 'b' }],
  ],
  [
    'paths of Windows',
    'ecosystem.config.js',
    String.raw`module.exports = { apps: [{ name: 'a', script: '.\\dist\\server.js', out_file: 'logs\\out.log' }, { name: 'b', cwd: 'C:\\shop', script: 'C:\\shop\\server.js' }] }`,
    [
      { name: 'a', script: './dist/server.js', out_file: 'logs/out.log' },
      { name: 'b', script: String.raw`C:\shop\server.js`, cwd: String.raw`C:\shop` },
    ],
  ],
])('of a file with %s', async (_what, file, text, expected) => {
  expect(await converted({ [file]: text })).toEqual(expected);
});

test('what PM2 did not know is named once, and so is what is a job', async () => {
  write({
    'server.js': '',
    'ecosystem.config.js': `module.exports = {
      max_restarts: 3,
      apps: [
        { name: 'a', script: 'server.js', max_restart: 10, instance: 2, vizion: true },
        { name: 'b', script: 'server.js', instance: 2, autorestart: false, cron_restart: '0 3 * * *' },
      ],
    };`,
  });
  const outcome = await convertFile({ file: 'ecosystem.config.js', cwd: folder, environment });
  expect(outcome.ok && outcome.value.changes).toEqual(
    expect.arrayContaining([
      { type: 'left-out', keys: ['max_restarts', 'max_restart', 'instance'] },
      { type: 'job', apps: ['b'] },
    ]),
  );
});

test('an expression of the environment is passed on, a path of this folder made relative, PM2 words become eco words', async () => {
  write({
    'server.js': '',
    'api/main.js': '',
    'ecosystem.config.js': `module.exports = {
      apps: [{
        name: 'api', script: __dirname + '/api/main.js', cwd: __dirname + '/api', exec_mode: 'fork_mode', instances: '2',
        watch: false, autorestart: true, max_restarts: 0, error: __dirname + '/api/logs/e.log', pmx: false,
        env: { HOME_PORT: 1, DATABASE_URL: process.env.DATABASE_URL, PRICE: '$\\{5} $$' },
        env_production: { NODE_ENV: 'production' },
      }],
      deploy: { production: { host: 'h', 'post-deploy': 'npm i && pm2 reload ecosystem.config.js --env production && echo' } },
    };`,
  });
  process.env['DATABASE_URL'] = environment.DATABASE_URL;
  const converted = await convertFile({ file: 'ecosystem.config.js', cwd: folder, environment });
  Reflect.deleteProperty(process.env, 'DATABASE_URL');
  if (!converted.ok) throw new Error(JSON.stringify(converted.error, null, 2));
  const { draft, changes } = converted.value;
  const text = await formatDraft(draft, { about: 'About.', schema: './s.json' });
  expect(text.replace(basename(folder), 'FOLDER')).toMatchInlineSnapshot(`
    "# yaml-language-server: $schema=./s.json
    # About.
    project: FOLDER

    apps:
      - name: api
        script: ./main.js
        cwd: ./api
        instances: 2
        exec_mode: fork
        env:
          HOME_PORT: 1
          PRICE: $\${5} $$$
        env_production:
          NODE_ENV: production
        error_file: ./logs/e.log
        max_restarts: 0
        pass_env:
          - DATABASE_URL

    deploy:
      production:
        host: h
        post-deploy: npm i && pm2 reload ecosystem.config.js --env production && echo
    "
  `);
  expect(changes).toMatchInlineSnapshot(`
    [
      {
        "type": "evaluated",
      },
      {
        "names": [
          "DATABASE_URL",
        ],
        "type": "passed-on",
      },
      {
        "type": "environment",
      },
      {
        "type": "paths",
      },
      {
        "apps": [
          "api",
        ],
        "type": "kill-timeout",
      },
      {
        "type": "stop-signal",
      },
      {
        "apps": [
          "api",
        ],
        "option": "max_restarts",
        "type": "falsy-value",
      },
      {
        "apps": [
          "api",
        ],
        "type": "log-files",
      },
      {
        "command": "pm2 reload ecosystem.config.js --env production",
        "instead": "eco apply --yes --env production",
        "type": "deploy-command",
      },
    ]
  `);
});

test('what pm2 save wrote: processes become apps, the variables of the shell and secrets stay out', async () => {
  const entry = {
    name: 'api',
    pm_exec_path: `${folder}/api/main.js`,
    pm_cwd: `${folder}/api`,
    exec_mode: 'cluster_mode',
    exec_interpreter: 'node',
    node_args: ['--max-old-space-size=512'],
    args: ['--port', '3000'],
    namespace: 'default',
    autorestart: true,
    watch: false,
    kill_timeout: 1600,
    max_memory_restart: 419430400,
    pm_out_log_path: '/home/me/.pm2/logs/api-out-0.log',
    pm_err_log_path: '/var/log/api-error-0.log',
    status: 'online',
    env: {
      PORT: 3000,
      DB_PASSWORD: 'hunter2',
      WHO: 'the caller',
      SHLVL: '1',
      npm_config_x: 'y',
      api: {},
      PM2_HOME: '/x',
    },
  };
  const job = {
    name: 'job',
    pm_exec_path: '/usr/bin/python3',
    pm_cwd: '/srv',
    exec_mode: 'fork_mode',
    exec_interpreter: 'none',
    autorestart: false,
    status: 'stopped',
    pm_out_log_path: `${folder}/pm2/logs/job-out.log`,
  };
  write({ 'pm2/dump.pm2': JSON.stringify([entry, { ...entry, pm_id: 1 }, job]), 'package.json': '{ "name": "shop" }' });
  const converted = convertDump({ folder, environment: { ...environment, PM2_HOME: join(folder, 'pm2') } });
  if (!converted.ok) throw new Error(converted.error.problem);
  expect(await formatDraft(converted.value.draft, { about: 'About.', schema: null })).toMatchInlineSnapshot(`
    "# About.
    project: shop

    apps:
      - name: api
        script: ./main.js
        cwd: ./api
        args:
          - --port
          - '3000'
        interpreter_args:
          - --max-old-space-size=512
        instances: 2
        max_memory_restart: 419430400
        kill_timeout: 1600
        error_file: /var/log/api-error.log
        pass_env:
          - DB_PASSWORD
        env:
          PORT: 3000

      - name: job
        script: /usr/bin/python3
        cwd: /srv
        interpreter: none
        autorestart: false
        autostart: false
    "
  `);
  expect(converted.value.changes.slice(0, 2)).toEqual([
    { type: 'left-out-secret', names: ['DB_PASSWORD'] },
    { type: 'stopped', apps: ['job'] },
  ]);
});

test.each([
  ['missing', null],
  ['unreadable', '{'],
  ['unreadable', '{}'],
  ['empty', '[]'],
] as const)('a dump that is %s is told', (problem, text) => {
  if (text !== null) write({ '.pm2/dump.pm2': text });
  expect(convertDump({ folder, environment: { HOME: folder } })).toEqual({
    ok: false,
    error: { problem, path: `${folder}/.pm2/dump.pm2` },
  });
});

test('a file is proposed by what the package says, else by the files that are there', () => {
  expect(proposeFile(folder)).toMatchObject({ script: null, others: [], hasEnvFile: false });
  write({ 'src/index.js': '', '.env': '' });
  expect(proposeFile(folder)).toMatchObject({ script: './src/index.js', hasEnvFile: true });
  write({ 'package.json': '{ "name": "@acme/shop", "main": "./lib/main.js" }', 'lib/main.js': '' });
  expect(proposeFile(folder)).toMatchObject({ project: '@acme/shop', app: 'shop', script: './lib/main.js' });
  write({
    'package.json':
      '{ "name": "shop", "scripts": { "start": "x", "start:prod": "y", "worker": "z", "migrate": "m", "test": "t" } }',
    'pnpm-lock.yaml': '',
  });
  expect(proposeFile(folder)).toMatchObject({
    app: 'web',
    script: 'pnpm run start:prod',
    others: ['pnpm run worker', 'pnpm run migrate'],
  });
});

async function load(file: string, cwd: string) {
  const loaded = await loadEcosystem({
    file,
    cwd,
    environment,
    home: join(cwd, 'unused'),
    codeRevision: 'skip',
    where: { type: 'anywhere' },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  const { project, apps } = loaded.value.desired;
  return { project, apps };
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
