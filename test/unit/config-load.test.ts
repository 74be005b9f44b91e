import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadEcosystem, type LoadOptions } from '../../src/config/load-ecosystem.ts';
import { loadModule } from '../../src/config/load-module.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { stripsTypes } from '../../src/platform/machine.ts';

const APP = 'apps:\n  - { name: api, script: ./server.js }\n';
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'eco-load-')));
  write({ 'server.js': '' });
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file that is not there is told with the name that is nearest to it', async () => {
  write({ 'ecosystem.yaml': APP });
  const [problem] = await errors({ file: 'ecosytem.yaml' });
  expect(problem).toMatchObject({ code: 'ECO1002', hint: 'there is a file named "ecosystem.yaml"' });
});

test('a folder is told with the ecosystem file in it', async () => {
  write({ 'deploy/pm2.json': '[]' });
  const [problem] = await errors({ file: 'deploy' });
  expect(problem).toMatchObject({ code: 'ECO1003', hint: 'it holds "pm2.json"' });
});

test('a file of 50 MB is not read', async () => {
  write({ 'ecosystem.yaml': '' });
  truncateSync(join(folder, 'ecosystem.yaml'), 50 * 1024 * 1024);
  const [problem] = await errors({ file: 'ecosystem.yaml' });
  expect(problem).toMatchObject({ code: 'ECO1005', message: 'the file has 50 MiB; an ecosystem file may have 5 MiB' });
});

test('a device is not read', async () => {
  expect(codes(await errors({ file: '/dev/zero' }))).toEqual(['ECO1004']);
});

test('without a name the nearest file upward is taken, the first of the list within a folder, and none above the repository', async () => {
  write({ 'ecosystem.yaml': 'project: outside\napps: []', 'repo/.git/HEAD': '', 'repo/a/b/keep': '' });
  const cwd = join(folder, 'repo/a/b');
  expect(codes(await errors({ cwd }))).toEqual(['ECO1001']);
  write({ 'repo/process.json': '[{ "name": "last", "script": "sh" }]' });
  write({ 'repo/pm2.config.cjs': 'module.exports = { project: "second", apps: [] }' });
  expect((await load({ cwd })).project).toBe('second');
  write({ 'repo/ecosystem.yml': 'project: first\napps: []' });
  expect((await load({ cwd })).project).toBe('first');
  write({ 'repo/a/package.json': '{ "name": "x", "eco": { "project": "in the package", "apps": [] } }' });
  expect((await load({ cwd })).project).toBe('in the package');
});

test('settings of the search itself that are broken are told', async () => {
  write({ 'package.json': '{ "cosmiconfig": ' });
  const before = process.cwd();
  process.chdir(folder);
  const found = await errors({ cwd: folder }).finally(() => process.chdir(before));
  expect(codes(found)).toEqual(['ECO1009']);
});

test('a TypeScript app that nothing here can run is told', async () => {
  write({ 'ecosystem.yaml': 'apps: [{ script: ./view.tsx }]', 'view.tsx': '' });
  expect(codes(await errors({ file: 'ecosystem.yaml' }))).toEqual(['ECO1411']);
});

test('outside a repository only the folder itself is searched, and an empty file counts as found', async () => {
  write({ 'ecosystem.yaml': '', 'sub/package.json': '{}' });
  expect(codes(await errors({ cwd: join(folder, 'sub') }))).toEqual(['ECO1001']);
  expect(codes(await errors({}))).toEqual(['ECO1007']);
});

test('the project is named by the nearest package.json, else by the folder', async () => {
  write({ 'ecosystem.yaml': APP, '.git/HEAD': '' });
  expect((await load({ file: 'ecosystem.yaml' })).project).toBe(folder.slice(folder.lastIndexOf('/') + 1));
  write({ 'package.json': '{ "name": "@acme/shop" }' });
  expect((await load({ file: 'ecosystem.yaml' })).project).toBe('@acme/shop');
});

test('--env merges the blocks of that name, and a name that no app has is a warning', async () => {
  const file =
    'defaults: { env: { A: d, B: d }, env_prod: { B: dp, C: dp } }\napps:\n  - script: ./server.js\n    env: { B: a }\n    env_prod: { C: ap, A: null }\n';
  write({ 'ecosystem.yaml': file });
  const envOf = async (envName?: string): Promise<unknown> =>
    (await load({ file: 'ecosystem.yaml', ...(envName === undefined ? {} : { envName }) })).apps[0]?.env;
  expect(await envOf()).toEqual({ A: 'd', B: 'a' });
  expect(await envOf('prod')).toEqual({ B: 'dp', C: 'ap' });
  const loaded = await loadEcosystem(options({ file: 'ecosystem.yaml', envName: 'porduction' }));
  expect(loaded.ok && loaded.value.warnings.map(({ code, hint }) => [code, hint])).toEqual([
    ['ECO1904', 'the file has "prod"'],
  ]);
});

test('pass_env: true passes what is not of one terminal or of one CI job only', async () => {
  write({ 'ecosystem.yaml': APP.replace('}', ', pass_env: true }') });
  const terminal = { SHLVL: '2', SSH_TTY: '/dev/pts/1' };
  const job = { RUNNER_TRACKING_ID: 'github_1', GITHUB_SHA: 'ab12', CI_JOB_TOKEN: 'hush', JENKINS_NODE_COOKIE: '1' };
  const environment = { PATH: '/bin', HOME: '/home/me', GONE: undefined, ...terminal, ...job };
  expect((await load({ file: 'ecosystem.yaml', environment })).apps[0]?.env).toEqual({
    HOME: '/home/me',
    PATH: '/bin',
  });
});

test.each([
  ['a promise that nothing settles', 'export default new Promise(() => {});\n'],
  ['a top-level await that nothing ends', 'await new Promise(() => {});\nexport default [];\n'],
])('%s is given up as soon as nothing can end it', async (_, text) => {
  write({ 'ecosystem.config.mjs': text });
  expect(await errors({ file: 'ecosystem.config.mjs' })).toMatchObject([
    { code: 'ECO1504', message: 'the file waits for something that can no longer happen' },
  ]);
});

test.each([
  ['a promise that takes too long', 'export default new Promise((done) => setTimeout(done, 9e6));\n'],
  ['a loop without an end', 'for (;;);\n'],
])('%s is given up after a while', async (_, text) => {
  write({ 'ecosystem.config.mjs': text });
  const file = join(folder, 'ecosystem.config.mjs');
  const loaded = await loadModule({ file, text }, { environment: {}, typescript: false, timeout: 300 });
  const message = 'the file did not come to an end within 0.3 s';
  expect(loaded.ok ? [] : [loaded.error.code, loaded.error.message]).toEqual(['ECO1504', message]);
});

test.each(['process.exit(0);', 'setImmediate(() => process.exit(7));\nmodule.exports = new Promise(() => {});'])(
  'a module that ends the process is told: %s',
  async (text) => {
    write({ 'ecosystem.config.cjs': `// first\n${text}\n` });
    const [problem] = await errors({ file: 'ecosystem.config.cjs' });
    expect(problem).toMatchObject({ code: 'ECO1509', location: { range: { start: { line: 2 } } } });
  },
);

test('a module that leaves something running, or rejects unheard, does not keep eco from ending', async () => {
  write({ 'ecosystem.config.mjs': 'setInterval(() => {}, 1000);\nexport default { apps: [], project: "p" };\n' });
  expect((await load({ file: 'ecosystem.config.mjs' })).project).toBe('p');
  const rejecting =
    'void Promise.reject(new Error("unheard"));\nexport default new Promise(() => setInterval(() => {}, 99));\n';
  write({ 'ecosystem.config.mjs': rejecting });
  expect(await errors({ file: 'ecosystem.config.mjs' })).toMatchObject([
    { code: 'ECO1501', message: 'the file throws: unheard', location: { range: { start: { line: 1 } } } },
  ]);
});

test('a module is run anew each time it is read', async () => {
  const text = (project: string): string => `export default { apps: [], project: "${project}" };\n`;
  write({ 'ecosystem.config.mjs': text('first') });
  expect((await load({ file: 'ecosystem.config.mjs' })).project).toBe('first');
  write({ 'ecosystem.config.mjs': text('second') });
  expect((await load({ file: 'ecosystem.config.mjs' })).project).toBe('second');
});

test('what a module puts into the environment can be passed on', async () => {
  const name = 'ECO_TEST_OF_A_MODULE';
  const app = `{ name: "api", script: "./server.js", pass_env: ["${name}"] }`;
  write({ 'ecosystem.config.cjs': `process.env.${name} = "set";\nmodule.exports = { apps: [${app}] };\n` });
  const { apps } = await load({ file: 'ecosystem.config.cjs', environment: process.env });
  Reflect.deleteProperty(process.env, name);
  expect(apps[0]?.env).toEqual({ [name]: 'set' });
});

test('values that JSON writes in its own way are written in that way', async () => {
  const env =
    '{ AT: new Date(0), BIG: 10n, URL: new URL("http://a/"), MAP: new Map(), LIST: [1, undefined, NaN], O: { a: undefined } }';
  write({ 'ecosystem.config.mjs': `export default [{ script: "./server.js", env: ${env} }];\n` });
  expect((await load({ file: 'ecosystem.config.mjs' })).apps[0]?.env).toEqual({
    AT: '1970-01-01T00:00:00.000Z',
    BIG: '10',
    LIST: '[1,null,null]',
    MAP: '{}',
    O: '{}',
    URL: 'http://a/',
  });
});

test('a TypeScript file is run where Node strips types, and refused by its reason elsewhere', async () => {
  write({ 'ecosystem.config.ts': 'const apps: unknown[] = [];\nexport default { project: "typed", apps };\n' });
  const loaded = await loadEcosystem(options({ file: 'ecosystem.config.ts' }));
  const seen = loaded.ok ? loaded.value.desired.project : codes(diagnosticsOf(loaded.error));
  expect(seen).toEqual(stripsTypes() ? 'typed' : ['ECO1505']);
});

test('installed commands are unwrapped to what they start', async () => {
  write({
    'node_modules/.bin/next': '#!/usr/bin/env node\n',
    'node_modules/.bin/native': '#!/bin/sh\n',
    'node_modules/.bin/tsx': '#!/usr/bin/env node\n',
    'node_modules/tsx/package.json': '{}',
    'main.ts': '',
    'package.json': JSON.stringify({
      name: 'n',
      version: '1.0.0',
      scripts: { dev: 'cross-env A=1 tsx main.ts --fast', start: 'next start -p 3000' },
    }),
    'ecosystem.yaml': `apps:
  - { name: bare, script: next, args: start, instances: 2 }
  - { name: native, script: native }
  - { name: npm, script: npm, args: start }
  - { name: yarn, script: yarn dev }
  - { name: npx, script: npx, args: tsx main.ts }
  - { name: direct, script: ./main.ts }
  - { name: interpreter, script: ./main.ts, interpreter: tsx }
`,
  });
  for (const name of ['next', 'native', 'tsx']) chmodSync(join(folder, 'node_modules/.bin', name), 0o755);
  const { apps } = await load({ file: 'ecosystem.yaml' });
  expect(apps.map(commandOf)).toEqual([
    'bare: node <> node_modules/.bin/next start [cluster 2]',
    stripsTypes() ? 'direct: node <> main.ts  [fork 1]' : 'direct: node <--import tsx> main.ts  [fork 1]',
    'interpreter: node <--import tsx> main.ts  [fork 1]',
    'native: none <> node_modules/.bin/native  [fork 1]',
    'npm: node <> node_modules/.bin/next start -p 3000 [fork 1]',
    'npx: node <--import tsx> main.ts  [fork 1]',
    'yarn: node <--import tsx> main.ts --fast [fork 1] A=1',
  ]);
});

/** As pnpm 10 writes them, but for the part that is for Windows. */
function pnpmScript(target: string): string {
  return `#!/bin/sh
basedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")

if [ -z "$NODE_PATH" ]; then
  export NODE_PATH="/pnpm/node_modules"
else
  export NODE_PATH="/pnpm/node_modules:$NODE_PATH"
fi
if [ -x "$basedir/node" ]; then
  exec "$basedir/node"  "$basedir/${target}" "$@"
else
  exec node  "$basedir/${target}" "$@"
fi
`;
}

test('commands that pnpm installed are unwrapped to the programs that its shell scripts start', async () => {
  write({
    'node_modules/.bin/next': pnpmScript('../.pnpm/next@16/node_modules/next/dist/bin/next'),
    'node_modules/.bin/nodemon': pnpmScript('../nodemon/bin/nodemon.js'),
    'node_modules/.bin/gone': pnpmScript('../gone/bin.js'),
    'node_modules/.bin/options': pnpmScript('../options/bin.js').replaceAll('exec node ', 'exec node --no-warnings '),
    'node_modules/.pnpm/next@16/node_modules/next/dist/bin/next': '#!/usr/bin/env node\n',
    'node_modules/nodemon/bin/nodemon.js': '#!/usr/bin/env node\n',
    'node_modules/options/bin.js': '#!/usr/bin/env node\n',
    'server.js': '',
    'package.json': JSON.stringify({ scripts: { start: 'next start' } }),
    'ecosystem.yaml': `apps:
  - { name: bare, script: next, args: start, instances: 2 }
  - { name: gone, script: gone }
  - { name: off, script: next, args: start, unwrap: false }
  - { name: options, script: options }
  - { name: path, script: ./node_modules/.bin/next, args: start }
  - { name: script, script: pnpm start }
  - { name: starts-node-again, script: nodemon, args: server.js }
`,
  });
  for (const name of ['next', 'nodemon', 'gone', 'options']) chmodSync(join(folder, 'node_modules/.bin', name), 0o755);
  const { apps } = await load({ file: 'ecosystem.yaml' });
  const next = 'node_modules/.pnpm/next@16/node_modules/next/dist/bin/next start';
  expect(apps.map(commandOf)).toEqual([
    `bare: node <> ${next} [cluster 2] NODE_PATH=/pnpm/node_modules`,
    'gone: none <> node_modules/.bin/gone  [fork 1]',
    'off: none <> node_modules/.bin/next start [fork 1]',
    'options: none <> node_modules/.bin/options  [fork 1]',
    `path: node <> ${next} [fork 1] NODE_PATH=/pnpm/node_modules`,
    `script: node <> ${next} [fork 1] NODE_PATH=/pnpm/node_modules`,
    'starts-node-again: none <> node_modules/.bin/nodemon server.js [fork 1]',
  ]);
});

test('a home folder is meant by ~, and links in paths stay as they are', async () => {
  write({ 'ecosystem.yaml': APP.replace('}', ', out_file: ~/logs/a.txt }') });
  const { apps } = await load({ file: 'ecosystem.yaml' });
  expect(apps[0]?.outFile).toMatchObject({ type: 'file', path: expect.stringMatching(/^\/(?!.*~).*\/logs\/a\.txt$/) });
});

function commandOf(spec: AppSpec): string {
  const script = spec.script.replace(`${folder}/`, '');
  const variables = Object.entries(spec.env).filter(([name]) => !name.startsWith('npm_'));
  const env = variables.map(([name, value]) => ` ${name}=${value}`).join('');
  return `${spec.name}: ${spec.interpreter.type} <${spec.interpreterArgs.join(' ')}> ${script} ${spec.args.join(' ')} [${spec.execMode} ${spec.instances}]${env}`;
}

function options(given: Partial<LoadOptions>): LoadOptions {
  return {
    cwd: folder,
    environment: { PATH: '/usr/bin:/bin' },
    home: join(folder, 'home'),
    codeRevision: 'skip',
    ...given,
  };
}

async function load(given: Partial<LoadOptions>) {
  const loaded = await loadEcosystem(options(given));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  return loaded.value.desired;
}

async function errors(given: Partial<LoadOptions>): Promise<readonly Diagnostic[]> {
  const loaded = await loadEcosystem(options(given));
  return loaded.ok ? [] : diagnosticsOf(loaded.error);
}

function diagnosticsOf(failure: {
  readonly reason: string;
  readonly diagnostics?: readonly Diagnostic[];
}): readonly Diagnostic[] {
  return failure.diagnostics ?? [];
}

function codes(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ code }) => code);
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
