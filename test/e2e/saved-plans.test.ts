import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { documentSchemas, jsonLines } from '../support/document-schemas.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const SECRET = 'correct-horse-battery-staple';

async function write(eco: EcoRig, { level = 'info', project = 'shop' } = {}): Promise<void> {
  const env = { LOG_LEVEL: level };
  const web = { name: 'web', script: './worker.js', env, pass_env: ['DB_PASSWORD'] };
  const apps = [web, { name: 'other', script: 'sleep', args: ['1000'], interpreter: 'none' }];
  await eco.write({ 'ecosystem.json': { project, apps } });
}

const WITH_SECRET = { env: { DB_PASSWORD: SECRET } };

/** An app that runs, and a plan of what is to be changed about it. */
async function plan(eco: EcoRig): Promise<void> {
  await eco.write({ 'worker.js': 'setInterval(() => {}, 1000);' });
  await write(eco);
  await eco.ok(['apply'], WITH_SECRET);
  await write(eco, { level: 'debug' });
  await eco.ok(['plan', '--out', 'plan.json'], WITH_SECRET);
}

describe.concurrent('a saved plan', () => {
  test('is what is applied: it holds no secret, lies beside the code without being code, and is good for one time', async ({
    eco,
  }) => {
    await plan(eco);
    expect(await eco.read('plan.json')).not.toContain(SECRET);
    expect((await stat(eco.path('plan.json'))).mode & 0o777).toBe(0o600);
    const other = await eco.pid('other');
    const { stdout } = await eco.ok(['apply', 'plan.json'], WITH_SECRET);
    expect(stdout).toContain('env.LOG_LEVEL  "info" → "debug"');
    expect(stdout).not.toContain('worker.js');
    expect(await eco.pid('other')).toBe(other);
    expect((await eco.ok(['plan', '--detailed-exitcode'], WITH_SECRET)).stdout).toContain('No changes');
    const again = await eco.run(['apply', 'plan.json'], WITH_SECRET);
    expect(again.exitCode).toBe(6);
    expect(again.stderr).toContain('serial: planned at 1, now 2');
  });

  type Change = (eco: EcoRig) => Promise<{ readonly env?: Readonly<Record<string, string>> } | void>;
  const edited =
    (before: string, after: string): Change =>
    async (eco) =>
      eco.edit('plan.json', before, after);

  test.for<[what: string, change: Change, exitCode: number, reason: RegExp]>([
    [
      'after another apply',
      async (eco) => void (await eco.ok(['apply'], WITH_SECRET)),
      6,
      /serial: planned at 1, now 2/,
    ],
    [
      'after a change by hand',
      async (eco) => void (await eco.ok(['scale', 'other', '2'])),
      6,
      /serial: planned at 1, now 2/,
    ],
    [
      'in another project',
      async (eco) => write(eco, { level: 'debug', project: 'blog' }),
      6,
      /project: planned for shop/,
    ],
    ['on another host', async (eco) => edited('"host": "', '"host": "far-away.')(eco), 6, /host: planned for far-away/],
    [
      'in another home',
      async (eco) => ({ env: { DB_PASSWORD: SECRET, ECO_HOME: join(eco.root, 'other') } }),
      6,
      /host: planned for .*home\), this is .*other\)/,
    ],
    [
      'after the state of the host was lost',
      async (eco) => {
        await eco.edit('plan.json', '"lineage": "', '"lineage": "0');
      },
      6,
      /lineage: the project here is not the one/,
    ],
    [
      'with other code',
      async (eco) => eco.write({ 'worker.js': 'setInterval(() => {}, 999);' }),
      6,
      /code: that of web has changed/,
    ],
    ['with another file', async (eco) => write(eco, { level: 'trace' }), 6, /file: env.LOG_LEVEL of web has changed/],
    [
      'with another secret',
      async () => ({ env: { DB_PASSWORD: 'x' } }),
      6,
      /secret: env.DB_PASSWORD of web has another value/,
    ],
    ['by another eco', edited('"eco_version": "', '"eco_version": "0.0.1-'), 6, /eco version: planned by eco 0\.0\.1-/],
    [
      'that is cut off',
      async (eco) => eco.write({ 'plan.json': (await eco.read('plan.json')).slice(0, -100) }),
      3,
      /plan.json is no saved plan that this eco can read: it is cut off/,
    ],
    ['that is empty', async (eco) => eco.write({ 'plan.json': '' }), 3, /plan\.json/],
  ])('is not applied %s', async ([_what, change, exitCode, reason], { eco }) => {
    await plan(eco);
    const options = (await change(eco)) ?? {};
    const before = await eco.list();
    const result = await eco.run(['apply', 'plan.json'], { ...WITH_SECRET, ...options });
    expect([result.exitCode, result.stderr]).toEqual([exitCode, expect.stringMatching(reason)]);
    const pids = (apps: typeof before) => apps.map(({ name, workers }) => [name, workers.map(({ pid }) => pid)]);
    expect(pids(await eco.list())).toEqual(pids(before));
  });

  test('is of the schemas that come with the package, and so are plan, apply, down and list', async ({ eco }) => {
    const check = documentSchemas(join(eco.packageFolder, 'schemas'));
    await eco.copyFixture('apps/http', 'web');
    const web = { name: 'web', cwd: 'web', script: 'server.js', instances: 2, env: { PORT: await eco.port() } };
    const task = { name: 'task', kind: 'task', script: './task.js' };
    const apps = [{ ...web, depends_on: { task: 'completed' } }, task];
    await eco.write({ 'task.js': '', 'ecosystem.json': { project: 'shop', apps } });
    check('plan', JSON.parse((await eco.ok(['plan', '--json', '--out', 'first.json'])).stdout));
    check('plan', JSON.parse(await eco.read('first.json')));
    for (const line of jsonLines((await eco.ok(['apply', 'first.json', '--json'])).stdout)) check('apply', line);
    await eco.get(web.env.PORT);
    check('list', JSON.parse((await eco.ok(['list', '--json'])).stdout));

    await eco.ok(['scale', 'web', '1']);
    const drifted = await eco.run(['plan', '--json', '--detailed-exitcode']);
    expect(drifted.exitCode).toBe(4);
    check('plan', JSON.parse(drifted.stdout));
    await eco.write({ 'task.js': 'process.exit(1)', 'web/server.js': 'throw new Error("broken")' });
    expect((await eco.run(['plan', '--detailed-exitcode'])).exitCode).toBe(2);
    const failed = await eco.run(['apply', '--json', '--yes']);
    expect(failed.exitCode).toBe(8);
    for (const line of jsonLines(failed.stdout)) check('apply', line);
    check('list', JSON.parse((await eco.ok(['list', '--json'])).stdout));
    await eco.write({ 'broken.json': '{ "apps": [{ "name": 1 }' });
    const broken = await eco.run(['apply', 'broken.json', '--json']);
    expect(broken.exitCode).toBe(3);
    for (const line of jsonLines(broken.stdout)) check('apply', line);
    for (const line of jsonLines((await eco.ok(['down', '--json', '--yes'])).stdout)) check('apply', line);
  });
});
