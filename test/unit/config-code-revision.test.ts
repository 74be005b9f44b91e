import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDigestCache } from '../../src/config/digest-cache.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import type { DesiredState } from '../../src/domain/desired-state.ts';
import { changedFiles, type CodeManifest } from '../../src/domain/revision.ts';

const APP = 'project: shop\napps:\n  - { name: api, script: ./server.js }\n';
const environment = { PATH: process.env['PATH'] };
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'eco-code-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('in a git work tree: what git sees counts, what it ignores does not', async () => {
  write({
    'ecosystem.yaml': APP,
    'server.js': '1',
    'lib/a.txt': '1',
    '.gitignore': 'data/\n*.tmp\n',
    'data/x.js': '1',
    'a.tmp': '1',
  });
  git('init', '-q');
  git('add', 'server.js');
  expect(Object.keys(manifestOf(await load()))).toEqual(['.gitignore', 'lib/a.txt', 'server.js']);
});

test('documents, editor folders, databases, logs and the ecosystem file never count', async () => {
  write({ 'ecosystem.yaml': APP, 'server.js': '1' });
  git('init', '-q');
  const before = manifestOf(await load());
  write({
    'README.md': '1',
    CHANGELOG: '1',
    'LICENSE-MIT': '1',
    '.github/workflows/a.yml': '1',
    '.gitlab-ci.yml': '1',
    '.ci/run': '1',
    '.vscode/settings.json': '{}',
    'shop.db': '1',
    'shop.sqlite3-wal': '1',
    'logs/out.txt': '1',
    'out.log': '1',
    'app.pid': '1',
    'ecosystem.yaml': `${APP}# changed\n`,
  });
  expect(manifestOf(await load())).toEqual(before);
  write({ 'README.js': '1', 'src/logs/format.js': '1' });
  expect(changedFiles(before, manifestOf(await load()))).toEqual(['README.js', 'src/logs/format.js']);
});

test('a build output that git ignores counts as a whole when the entry script is in it', async () => {
  write({
    'ecosystem.yaml': APP.replace('./server.js', './dist/main.js'),
    '.gitignore': 'dist\n',
    'dist/main.js': '1',
    'dist/chunk': '1',
  });
  git('init', '-q');
  const before = manifestOf(await load());
  expect(Object.keys(before)).toEqual(['.gitignore', 'dist/chunk', 'dist/main.js']);
  write({ 'dist/chunk': '2' });
  expect(changedFiles(before, manifestOf(await load()))).toEqual(['dist/chunk']);
});

test('outside git: code by its extension, without packages, hidden folders, logs and pids', async () => {
  write({
    'ecosystem.yaml': APP,
    'server.js': '1',
    'views/a.ejs': '1',
    'notes.txt': '1',
    'node_modules/x/index.js': '1',
    '.cache/a.js': '1',
    'logs/a.js': '1',
    'pids/a.js': '1',
    'package-lock.json': '{}',
  });
  expect(Object.keys(manifestOf(await load()))).toEqual(['package-lock.json', 'server.js', 'views/a.ejs']);
});

test('the nearest lockfile above the working folder counts', async () => {
  write({ 'ecosystem.yaml': APP.replace('script', 'cwd: ./pkg, script'), 'pkg/server.js': '1', 'pnpm-lock.yaml': '1' });
  git('init', '-q');
  const before = manifestOf(await load());
  expect(Object.keys(before)).toEqual(['../pnpm-lock.yaml', 'server.js']);
  write({ 'pnpm-lock.yaml': '2' });
  expect(changedFiles(before, manifestOf(await load()))).toEqual(['../pnpm-lock.yaml']);
});

test('the log files of the app do not count, wherever they are', async () => {
  write({ 'ecosystem.yaml': APP.replace('}', ', out_file: ./written.js }'), 'server.js': '1', 'written.js': '1' });
  expect(Object.keys(manifestOf(await load()))).toEqual(['server.js']);
});

test('equal code in another release folder behind a link is the same revision', async () => {
  write({ 'r1/ecosystem.yaml': APP, 'r1/server.js': '1', 'r2/ecosystem.yaml': APP, 'r2/server.js': '1' });
  symlinkSync('r1', join(folder, 'current'));
  const first = await load({ cwd: join(folder, 'current') });
  symlinkSync('r2', join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'current'));
  expect(await load({ cwd: join(folder, 'current') })).toEqual(first);
  write({ 'r2/server.js': '2' });
  expect(changedFiles(manifestOf(first), manifestOf(await load({ cwd: join(folder, 'current') })))).toEqual([
    'server.js',
  ]);
});

test('a change that leaves size and modification time alone is seen', async () => {
  write({ 'ecosystem.yaml': APP, 'server.js': 'aaaa' });
  settle('server.js');
  const before = await load();
  write({ 'server.js': 'bbbb' });
  settle('server.js');
  expect(changedFiles(manifestOf(before), manifestOf(await load()))).toEqual(['server.js']);
});

test('a broken cache is ignored and written anew; a missing cache folder is made for its owner only', async () => {
  write({ 'ecosystem.yaml': APP, 'server.js': '1' });
  const before = await load();
  const cache = join(folder, '.eco/cache');
  const [name = ''] = readdirSync(cache);
  for (const broken of ['{', '{"format":1,"files":{"x":7}}', '']) {
    writeFileSync(join(cache, name), broken);
    expect(await load()).toEqual(before);
  }
  rmSync(cache, { recursive: true });
  writeFileSync(cache, 'a file in the place of the folder');
  expect(await load()).toEqual(before);
});

test('a digest is remembered once a file has settled, and not before', () => {
  write({ 'a.js': '1' });
  const path = join(folder, 'a.js');
  const cacheFolder = join(folder, 'cache');
  const digestAt = (age: number): string | null => {
    const cache = openDigestCache(cacheFolder, folder, { now: () => statSync(path).ctimeMs + age });
    const digest = cache.digest(path);
    cache.save();
    return digest;
  };
  const poison = (): void => {
    for (const name of readdirSync(cacheFolder)) {
      const file = join(cacheFolder, name);
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"[0-9a-f]{32}"/, '"poisoned"'));
    }
  };
  const digest = digestAt(1999);
  poison();
  expect(digestAt(2001)).toBe(digest);
  poison();
  expect(digestAt(2001)).toBe('poisoned');
  write({ 'a.js': '22' });
  expect(digestAt(2001)).not.toBe('poisoned');
  expect(statSync(cacheFolder).mode & 0o777).toBe(0o700);
});

test('revision: none and fixed texts read no code, and --revision wins over the file', async () => {
  const file =
    'project: s\napps:\n  - { name: a, script: ./server.js, revision: none }\n  - { name: b, script: ./server.js, revision: v7 }\n';
  write({ 'ecosystem.yaml': file, 'server.js': '1' });
  expect((await load()).apps.map((app) => app.code)).toEqual([{ type: 'none' }, { type: 'fixed', value: 'v7' }]);
  const overridden = await load({ revision: 'abc' });
  expect(overridden.apps.map((app) => app.code)).toEqual([
    { type: 'fixed', value: 'abc' },
    { type: 'fixed', value: 'abc' },
  ]);
});

test('a command of the machine has no code', async () => {
  write({ 'ecosystem.yaml': 'project: s\napps:\n  - { script: sleep, args: "9" }\n', 'data.js': '1' });
  expect(await load()).toMatchObject({ apps: [{ code: { type: 'none' } }], manifests: {} });
});

test('the origin is the remote without credentials; without one, the folder', async () => {
  write({ 'ecosystem.yaml': APP, 'server.js': '1' });
  expect((await load()).origin).toEqual({ type: 'folder', path: folder });
  git('init', '-q');
  expect((await load()).origin).toEqual({ type: 'folder', path: folder });
  git('remote', 'add', 'fork', 'https://example.org/fork.git');
  expect((await load()).origin).toEqual({ type: 'git', remote: 'https://example.org/fork.git' });
  git('remote', 'add', 'origin', 'https://me:token@example.org/shop.git');
  expect((await load()).origin).toEqual({ type: 'git', remote: 'https://example.org/shop.git' });
});

test('a submodule and a repository within the repository are read as well', async () => {
  write({ 'ecosystem.yaml': APP, 'server.js': '1', 'nested/lib.js': '1' });
  git('init', '-q');
  execFileSync('git', ['init', '-q'], { cwd: join(folder, 'nested') });
  expect(Object.keys(manifestOf(await load()))).toEqual(['nested/lib.js', 'server.js']);
});

test('what eco keeps in its home does not count, even if the home lies beside the code', async () => {
  write({ 'ecosystem.yaml': APP, 'server.js': '', '.eco/apps/shop/api.json': '{}', 'lib.js': '' });
  git('init', '-q');
  expect(Object.keys(manifestOf(await load()))).toEqual(['lib.js', 'server.js']);
});

test('revision: package counts the package of the script and what it depends on in the repository', async () => {
  write({
    'ecosystem.yaml': APP.replace('script', 'cwd: ./packages/api, revision: package, script'),
    '.gitignore': 'node_modules\ndist\n',
    'package-lock.json': '{}',
    'packages/api/package.json': '{ "name": "api", "dependencies": { "@shop/db": "*", "left-pad": "1" } }',
    'packages/api/server.js': '1',
    'packages/api/esm/package.json': '{ "type": "module" }',
    'packages/db/package.json':
      '{ "name": "@shop/db", "exports": { ".": { "import": "./dist/index.js" } }, "devDependencies": { "@shop/log": "*" } }',
    'packages/db/src/index.ts': '1',
    'packages/db/dist/index.js': '1',
    'packages/log/package.json': '{ "name": "@shop/log", "dependencies": { "@shop/db": "*" } }',
    'packages/log/index.js': '1',
    'packages/web/package.json': '{ "name": "web" }',
    'packages/web/index.js': '1',
    'node_modules/left-pad/package.json': '{}',
  });
  mkdirSync(join(folder, 'node_modules/@shop'));
  symlinkSync('../../packages/db', join(folder, 'node_modules/@shop/db'));
  symlinkSync('../../packages/log', join(folder, 'node_modules/@shop/log'));
  git('init', '-q');
  const before = manifestOf(await load());
  expect(Object.keys(before)).toEqual([
    '../../package-lock.json',
    '../db/dist/index.js',
    '../db/package.json',
    '../db/src/index.ts',
    '../log/index.js',
    '../log/package.json',
    'esm/package.json',
    'package.json',
    'server.js',
  ]);
  write({ 'packages/web/index.js': '2', 'packages/db/dist/index.js': '2' });
  expect(changedFiles(before, manifestOf(await load()))).toEqual(['../db/dist/index.js']);
});

test('revision: package in a folder without a package counts everything; outside git links are followed as well', async () => {
  write({ 'ecosystem.yaml': APP.replace('script', 'revision: package, script'), 'server.js': '1', 'lib/a.js': '1' });
  expect(Object.keys(manifestOf(await load()))).toEqual(['lib/a.js', 'server.js']);
  write({
    'package.json': '{ "dependencies": { "shared": "file:../shared" } }',
    'libs/shared/index.js': '1',
    'libs/shared/package.json': '{ "name": "shared" }',
    'node_modules/keep': '',
  });
  renameSync(join(folder, 'libs'), join(folder, '.libs'));
  symlinkSync('../.libs/shared', join(folder, 'node_modules/shared'));
  expect(Object.keys(manifestOf(await load()))).toEqual([
    '.libs/shared/index.js',
    '.libs/shared/package.json',
    'lib/a.js',
    'package.json',
    'server.js',
  ]);
});

test('revision: include counts just what it names, exclude takes away', async () => {
  write({
    '.gitignore': 'build\n',
    'server.js': '1',
    'src/a.js': '1',
    'src/a.test.js': '1',
    'docs/a.md': '1',
    'build/x.bin': '1',
    'conf/.env': '1',
    'node_modules/x/index.js': '1',
    'conf/node_modules/y/index.js': '1',
  });
  git('init', '-q');
  const filesWith = async (revision: string): Promise<readonly string[]> => {
    write({ 'ecosystem.yaml': APP.replace('script', `revision: ${revision}, script`) });
    return Object.keys(manifestOf(await load()));
  };
  expect(await filesWith('{ include: [./src/**, build, conf/], exclude: "**/*.test.js" }')).toEqual([
    'build/x.bin',
    'conf/.env',
    'src/a.js',
  ]);
  expect(await filesWith('{ exclude: [docs, "**/*.test.js"] }')).toEqual([
    '.gitignore',
    'conf/.env',
    'server.js',
    'src/a.js',
  ]);
  expect(await filesWith('{ include: node_modules/x/*.js }')).toEqual(['node_modules/x/index.js']);
  expect(await filesWith(`{ include: ../${basename(folder)}/*.js }`)).toEqual(['server.js']);
});

test('a revision that matches no file is a warning', async () => {
  write({ 'ecosystem.yaml': APP.replace('script', 'revision: { include: [lib/**] }, script'), 'server.js': '1' });
  const loaded = await loadEcosystem({
    cwd: folder,
    file: 'ecosystem.yaml',
    environment,
    home: '/nowhere',
    codeRevision: 'compute',
  });
  expect(loaded.ok && loaded.value.warnings.map(({ code, location }) => [code, location.path])).toEqual([
    ['ECO1908', 'apps[0].revision'],
  ]);
});

async function load(options: { readonly cwd?: string; readonly revision?: string } = {}): Promise<DesiredState> {
  const home = join(folder, '.eco');
  const loaded = await loadEcosystem({
    cwd: folder,
    ...options,
    file: 'ecosystem.yaml',
    environment,
    home,
    codeRevision: 'compute',
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  return loaded.value.desired;
}

function manifestOf({ apps, manifests }: DesiredState): CodeManifest {
  const [code] = apps.map((app) => app.code);
  const manifest = code?.type === 'auto' ? manifests[code.digest] : undefined;
  if (manifest === undefined) throw new Error('the app has no manifest');
  return manifest;
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** As if it had been written long ago, so that the cache may trust it. */
function settle(path: string): void {
  utimesSync(join(folder, path), 1_000_000, 1_000_000);
}

function git(...args: readonly string[]): void {
  execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
}
