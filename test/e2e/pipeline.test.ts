import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig, Files } from '../support/eco-rig.ts';
import { formatCounts, startLoad, type Load } from '../support/load.ts';
import { githubJob, gitlabJob, runJob, shownFile, type Job, type JobEnd } from '../support/pipeline.ts';
import { hasVariable } from '../support/processes.ts';

const README = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const GITHUB = shownFile(README, '.github/workflows/deploy.yml');
const GITLAB = shownFile(README, '.gitlab-ci.yml');
const TESTS = shownFile(README, '.github/workflows/test.yml');
const EXPRESSIONS = { 'github.token': 't0ken', 'github.event.number': '7' };

const APPS = ['api', 'mail', 'web'] as const;
type App = (typeof APPS)[number];
const SERVER = `
  const { createServer } = require('node:http');
  const version = 'one';
  createServer((request, response) => {
    let received = 0;
    request.on('data', (chunk) => (received += chunk.length));
    request.on('end', () => response.end(JSON.stringify({ pid: process.pid, received, version })));
  }).listen(process.env.PORT);
`;

describe.concurrent('the workflow of the README, under load', { timeout: 300_000 }, () => {
  test('of GitHub: a broken commit, a mended one, one of words, and one that changes one of three apps', async ({
    eco,
  }) => {
    const line = await createPipeline(eco, { revision: {}, shared: false });
    const pull = () => runGithub(line, githubJob(GITHUB, 'plan', EXPRESSIONS));
    const push = () => runGithub(line, githubJob(GITHUB, 'apply', EXPRESSIONS));
    expect(await push()).toMatchObject({ exitCode: 0 });
    const load = await startLoads(line);
    const first = await pidsOf(eco);

    await line.commit('broken', { 'api/server.js': "require('./database');" });
    expect(await pull()).toMatchObject({ exitCode: 0 });
    expect(await line.comment()).toMatch(
      /^pr comment 7 .*\n### eco plan: shop[^]*\| `~` \| api \| reload 1 worker \|[^]*1 to reload · 2 unchanged/,
    );
    const refused = await push();
    expect(refused.exitCode, refused.log).toBe(8);
    expect(annotations(refused)).toEqual([
      expect.stringMatching(
        /^::error file=ecosystem.json,line=5,col=15,title=eco%3A api::api: rollout failed, revision 1 is still serving \(1\/1 ready\)%0A.*exit code 1%0A.*Cannot find module '.\/database'/,
      ),
    ]);
    expect(await line.summary()).toMatch(/\| api \| FAILED \| .* \| 1 \|[^]+Cannot find module '.\/database'/);
    expect(await pidsOf(eco)).toEqual(first);

    await line.commit('mended', { 'api/server.js': SERVER.replace('one', 'two') });
    expect(await push()).toMatchObject({ exitCode: 0 });
    const mended = await pidsOf(eco);
    expect(changed(first, mended)).toEqual(['api']);
    expect((await eco.get(line.ports.api)).body['version']).toBe('two');

    await line.commit('words', { 'README.md': 'new' });
    expect(await pull()).toMatchObject({ exitCode: 0 });
    expect(await line.comment()).toBe('');
    expect((await push()).log).toContain('No changes: 3 apps match ecosystem.json.');
    expect(await pidsOf(eco)).toEqual(mended);

    await line.commit('one of three', { 'web/server.js': SERVER.replace('one', 'three') });
    expect(await push()).toMatchObject({ exitCode: 0 });
    expect(changed(mended, await pidsOf(eco))).toEqual(['web']);
    expect((await eco.get(line.ports.web)).body['version']).toBe('three');
    await expectNoneLost(load);
  });

  test('of GitLab: in a monorepo a shared package reloads what depends on it', async ({ eco }) => {
    const line = await createPipeline(eco, { revision: { revision: 'package' }, shared: true });
    const merge = () => runGitlab(line, gitlabJob(GITLAB, 'plan'));
    const push = () => runGitlab(line, gitlabJob(GITLAB, 'apply'));
    expect(await push()).toMatchObject({ exitCode: 0 });
    const load = await startLoads(line);
    const first = await pidsOf(eco);

    await line.commit('shared', { 'shared/index.js': "module.exports = 'two';" });
    const planned = await merge();
    expect(planned.exitCode, planned.log).toBe(2);
    expect(planned.log).toContain('2 to reload · 1 unchanged');
    const applied = await push();
    expect(applied.exitCode, applied.log).toBe(0);
    expect(applied.log).toContain('[collapsed=true]\r\u001B[0KPlan: 2 to reload · 1 unchanged');
    const second = await pidsOf(eco);
    expect(changed(first, second)).toEqual(['api', 'web']);
    expect((await eco.get(line.ports.web)).body['version']).toBe('two');

    await line.commit('mail', { 'mail/server.js': SERVER.replace('one', 'three') });
    await push();
    expect(changed(second, await pidsOf(eco))).toEqual(['mail']);
    await expectNoneLost(load);
  });

  test('a plan of a pull request is applied to the letter once it is merged, or not at all', async ({ eco }) => {
    const line = await createPipeline(eco, { revision: {}, shared: false });
    const deploy = line.environment['DEPLOY'] ?? '';
    await eco.ok(['apply'], { in: 'srv/shop' });
    await line.commit('to be approved', { 'api/server.js': SERVER.replace('one', 'two') });
    await checkOut(line);
    const plan = join(eco.root, 'approved.json');
    await eco.ok(['plan', '--at', deploy, '--out', plan], { in: 'work/shop' });
    expect((await eco.run(['apply', plan], { in: 'srv/shop' })).exitCode).toBe(6);
    await eco.git(['pull', '--quiet', '--ff-only'], 'srv/shop');
    expect((await eco.ok(['apply', plan], { in: 'srv/shop' })).stdout).toContain('Applied: 1 reloaded · 2 unchanged');
    expect((await eco.get(line.ports.api)).body['version']).toBe('two');
  });

  test('for end-to-end tests: it ends as they do, and nothing runs afterwards', async ({ eco }) => {
    const port = await eco.port();
    const asks = `fetch('http://127.0.0.1:${port}').then(() => process.exit(process.env.RESULT), () => process.exit(99))`;
    await eco.write({
      'package.json': { name: 'shop', version: '1.0.0', private: true, scripts: { e2e: 'node tests.js' } },
      'tests.js': asks,
      'api/server.js': SERVER,
      'ecosystem.json': { apps: [{ name: 'api', cwd: './api', script: './server.js', env: { PORT: port } }] },
    });
    await lockPackages(eco, eco.folder);
    const env = { ...(await withTools(eco)), GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: eco.folder };
    const job = await runJob(githubJob(TESTS, 'e2e', {}), { workspace: eco.folder, env: { ...env, RESULT: '3' } });
    expect(job.exitCode, job.log).toBe(3);
    expect(job.log).toContain('api: started, 1/1 ready');
    expect(await eco.list()).toEqual([]);

    const [, script = ''] = /In a script, with the exit code of the tests: `(.*)`\./.exec(README) ?? [];
    for (const result of [0, 3]) {
      const ended = await execa('sh', ['-c', script], {
        cwd: eco.folder,
        env: { ...env, RESULT: `${result}` },
        extendEnv: false,
        stdin: 'ignore',
        reject: false,
      });
      expect(ended.exitCode, ended.stdout).toBe(result);
      expect(await eco.list()).toEqual([]);
    }
  });
});

interface Pipeline {
  readonly eco: EcoRig;
  readonly ports: Readonly<Record<App, number>>;
  /** A new commit, pushed. */
  readonly commit: (message: string, files: Files) => Promise<void>;
  readonly environment: Readonly<Record<string, string>>;
  readonly workspace: string;
  /** How `gh` was called last, and what it was to post; forgotten once it is read. */
  readonly comment: () => Promise<string>;
  readonly summary: () => Promise<string>;
}

interface Layout {
  readonly revision: object;
  readonly shared: boolean;
}

/** A bare repository, a clone to work in, one to deploy in, and a folder for the runner. */
async function createPipeline(eco: EcoRig, { revision, shared }: Layout): Promise<Pipeline> {
  const ports = { api: await eco.port(), mail: await eco.port(), web: await eco.port() };
  const [remote, source, deploy, workspace] = ['shop.git', 'source', 'srv/shop', 'work/shop'].map((name) =>
    eco.path(name),
  );
  if (remote === undefined || source === undefined || deploy === undefined || workspace === undefined)
    throw new Error();
  const apps = APPS.map((name) => ({
    name,
    cwd: `./${name}`,
    script: './server.js',
    env: { PORT: ports[name] },
    ...revision,
  }));
  await eco.write({ 'source/ecosystem.json': { project: 'shop', apps }, ...sourceFiles(shared) });
  await lockPackages(eco, source);
  await eco.git(['init', '--quiet', '--bare', remote]);
  await eco.git(['init', '--quiet'], 'source');
  await eco.git(['remote', 'add', 'origin', remote], 'source');
  const commit = async (message: string, files: Files): Promise<void> => {
    await eco.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [`source/${name}`, text])));
    await eco.git(['add', '--all'], 'source');
    await eco.git(['commit', '--quiet', '-m', message], 'source');
    await eco.git(['push', '--quiet', 'origin', 'HEAD:main'], 'source');
  };
  await commit('first', {});
  for (const clone of [deploy, workspace]) await eco.git(['clone', '--quiet', remote, clone]);
  const environment = { ...(await withTools(eco)), DEPLOY: deploy };
  const posted = join(eco.root, 'tools/bin/posted');
  return {
    eco,
    ports,
    commit,
    environment,
    workspace,
    comment: async () => {
      const text = await readFile(posted, 'utf8').catch(() => '');
      await writeFile(posted, '');
      return text;
    },
    summary: async () => readFile(join(eco.root, 'tools/bin/summary'), 'utf8'),
  };
}

function sourceFiles(shared: boolean): Files {
  const dependencies = { shop_shared: '1.0.0' };
  const manifest = (name: string) => ({
    name: `shop_${name}`,
    version: '1.0.0',
    ...(shared && name !== 'mail' && name !== 'shared' ? { dependencies } : {}),
  });
  const server = (name: App) =>
    shared && name !== 'mail' ? SERVER.replace("'one'", "require('shop_shared')") : SERVER;
  return {
    'source/.gitignore': 'node_modules\nplan.md\n',
    'source/README.md': 'old',
    'source/package.json': { name: 'shop', version: '1.0.0', private: true, workspaces: [...APPS, 'shared'] },
    'source/shared/package.json': manifest('shared'),
    'source/shared/index.js': "module.exports = 'one';",
    ...Object.fromEntries(
      APPS.flatMap((name) => [
        [`source/${name}/package.json`, manifest(name)],
        [`source/${name}/server.js`, server(name)],
      ]),
    ),
  };
}

async function lockPackages(eco: EcoRig, cwd: string): Promise<void> {
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'];
  await execa('npm', args, { cwd, env: npmEnvironment(eco), extendEnv: false, stdin: 'ignore' });
}

function npmEnvironment(eco: EcoRig): Record<string, string> {
  return { ...eco.environment(), npm_config_offline: 'true', npm_config_update_notifier: 'false' };
}

/** What a runner gives a job, with `eco` and `gh` among its commands: `gh` keeps what it is told. */
async function withTools(eco: EcoRig): Promise<Readonly<Record<string, string>>> {
  const tools = join(eco.root, 'tools/bin');
  await program(join(tools, 'eco'), `exec '${eco.node}' '${eco.binary}' "$@"`);
  await program(join(tools, 'gh'), `{ echo "$@"; cat plan.md; } > '${tools}/posted'`);
  const env = npmEnvironment(eco);
  // Among what is installed globally, where npx finds it as well.
  return { ...env, npm_config_prefix: dirname(tools), PATH: `${tools}:${env['PATH'] ?? ''}`, CI: 'true' };
}

async function program(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${line}\n`);
  await chmod(path, 0o755);
}

/** A fresh checkout first, as `actions/checkout` makes it: nothing that git does not know stays in the workspace. */
async function checkOut({ eco }: Pipeline): Promise<string> {
  const { stdout: sha } = await execa('git', ['rev-parse', 'HEAD'], { cwd: eco.path('source') });
  await eco.git(['fetch', '--quiet', 'origin'], 'work/shop');
  await eco.git(['clean', '-ffdxq'], 'work/shop');
  await eco.git(['checkout', '--quiet', '--force', '--detach', sha], 'work/shop');
  return sha;
}

async function runGithub(line: Pipeline, job: Job): Promise<JobEnd> {
  const { workspace, environment } = line;
  const summary = join(line.eco.root, 'tools/bin/summary');
  await writeFile(summary, '');
  const sha = await checkOut(line);
  const ended = await runJob(job, {
    workspace,
    env: {
      ...environment,
      GITHUB_ACTIONS: 'true',
      GITHUB_SHA: sha,
      GITHUB_WORKSPACE: workspace,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TRACKING_ID: 'github_7',
    },
  });
  // The runner ends every process with this mark, once the job is over.
  const marked = line.eco.processes().filter(({ pid }) => hasVariable(pid, 'RUNNER_TRACKING_ID', 'github_7'));
  expect(marked).toEqual([]);
  return ended;
}

async function runGitlab(line: Pipeline, job: Job): Promise<JobEnd> {
  const { workspace, environment } = line;
  const sha = await checkOut(line);
  return runJob(job, { workspace, env: { ...environment, GITLAB_CI: 'true', CI_COMMIT_SHA: sha } });
}

function annotations({ log }: JobEnd): readonly string[] {
  return log.split('\n').filter((line) => line.trim().startsWith('::'));
}

type Pids = Readonly<Record<App, number>>;

async function pidsOf(eco: EcoRig): Promise<Pids> {
  return { api: await eco.pid('api'), mail: await eco.pid('mail'), web: await eco.pid('web') };
}

function changed(before: Pids, after: Pids): readonly App[] {
  return APPS.filter((name) => before[name] !== after[name]);
}

type Loads = readonly { readonly name: App; readonly load: Load }[];

async function startLoads({ ports }: Pipeline): Promise<Loads> {
  return Promise.all(
    APPS.map(async (name) => ({
      name,
      load: await startLoad({ protocol: 'http', port: ports[name], keepAlive: 3, close: 2, slow: 0, pause: 100 }),
    })),
  );
}

async function expectNoneLost(loads: Loads): Promise<void> {
  for (const { name, load } of loads) {
    const counts = await load.stop();
    console.log(`${name}: ${formatCounts(counts)}`);
    expect(counts.errors).toEqual({});
    expect(counts.failed).toBe(0);
    expect(counts.ok).toBeGreaterThan(0);
  }
}
