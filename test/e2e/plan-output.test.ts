import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '../support/eco-test.ts';

const sleeper = (name: string, more: object = {}) => ({
  name,
  script: 'sleep',
  args: ['1000'],
  interpreter: 'none',
  ...more,
});
const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'shop', apps } });

describe.concurrent('plan', () => {
  test('of a first apply shows what is started, and starts nothing', async ({ eco, expect }) => {
    await eco.write(
      fileWith(sleeper('api', { depends_on: { migrate: 'completed' } }), sleeper('migrate', { kind: 'task' })),
    );
    const { stdout, exitCode } = await eco.run(['plan', '--detailed-exitcode']);
    expect(stdout).toMatchInlineSnapshot(`
      "shop · ecosystem.json · revision 0 → 1

      Changes
        + migrate  start 1 worker  not running yet
        + api      start 1 worker  after migrate is completed

      Plan: 2 to start
      "
    `);
    expect(exitCode).toBe(2);
    expect((await eco.run(['plan'])).exitCode).toBe(0);
    expect(eco.processes()).toEqual([]);
  });

  test('shows every kind of change field by field, with secrets masked', async ({ eco, expect }) => {
    await eco.copyFixture('apps/queue-worker', 'worker');
    const worker = { name: 'worker', cwd: 'worker', script: 'worker.js' };
    await eco.write(
      fileWith(
        { ...worker, env: { LOG_LEVEL: 'info', DB_PASSWORD: 'before-secret' } },
        sleeper('legacy'),
        sleeper('timed', { kill_timeout: '5s' }),
        sleeper('same'),
      ),
    );
    await eco.apply();
    await eco.edit('worker/worker.js', 'version = 1', 'version = 2');
    await eco.write(
      fileWith(
        { ...worker, env: { LOG_LEVEL: 'debug', DB_PASSWORD: 'after-secret' } },
        sleeper('timed', { kill_timeout: '7s' }),
        sleeper('same'),
        sleeper('added'),
      ),
    );
    const { stdout } = await eco.ok(['plan']);
    expect(stdout).toMatchInlineSnapshot(`
      "shop · ecosystem.json · revision 1 → 2

      Changes
        - legacy  delete 1 worker  no longer in ecosystem.json
        + added   start 1 worker   after legacy is deleted
        ~ timed   update settings  no process is touched
            kill_timeout  5s → 7s
        ~ worker  reload 1 worker  rolling, surge 1, no downtime
            env.DB_PASSWORD  *** (before) → *** (after)
            env.LOG_LEVEL    "info" → "debug"
            code             1 file changed: worker.js

      Plan: 1 to start, 1 to reload, 1 to delete, 1 to update · 1 unchanged
      "
    `);
    expect((await eco.ok(['apply', '--dry-run'])).stdout).toBe(stdout);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['legacy', 'same', 'timed', 'worker']);
  });

  test('--json is the published document', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api', { env: { API_TOKEN: 'hush-hush' } })));
    const document = await eco.json(['plan']);
    expect(document).toMatchObject({
      format_version: '1.0',
      project: 'shop',
      file: eco.path('ecosystem.json'),
      drift: [],
      changes: [{ app: 'api', action: 'start', needs: [] }],
      summary: { start: 1, reload: 0, scale: 0, replace: 0, delete: 0, update: 0, unchanged: 0 },
    });
    expect(JSON.stringify(document)).not.toContain('hush-hush');
  });

  test('finds the file from a folder below it', async ({ eco }) => {
    await eco.write({
      'ecosystem.yaml': 'project: shop\napps:\n  - script: sleep 1000\n    name: api\n',
      'src/deep/.keep': '',
    });
    await eco.git(['init', '--quiet']);
    expect((await eco.ok(['plan'], { in: 'src/deep' })).stdout).toContain('api');
  });
});

describe.concurrent('apply', () => {
  test('--json streams the plan, the steps and a summary', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api'), sleeper('worker', { depends_on: { api: 'ready' } })));
    const { stdout } = await eco.apply('--json');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly app?: string });
    expect(
      lines.filter(({ type }) => type !== 'step_progress').map(({ type, app }) => [type, app].join(' ').trim()),
    ).toEqual([
      'version',
      'plan',
      'step_started api',
      'step_succeeded api',
      'step_started worker',
      'step_succeeded worker',
      'summary',
    ]);
  });

  test('--only touches the named apps, --no-prune deletes none', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api'), sleeper('worker')));
    await eco.apply('--only', 'api');
    expect((await eco.list()).map(({ name }) => name)).toEqual(['api']);
    await eco.apply();
    await eco.write(fileWith(sleeper('worker', { args: ['1001'] })));
    const worker = await eco.pid('worker');
    await eco.apply('--no-prune');
    expect((await eco.list()).map(({ name }) => name)).toEqual(['api', 'worker']);
    expect(await eco.pid('worker')).not.toBe(worker);
  });

  test('--env merges the block of that environment', async ({ eco }) => {
    const port = await eco.port();
    await eco.write(
      fileWith({
        name: 'web',
        script: eco.worker('prints-environment'),
        revision: 'none',
        env: { PORT: port, LEVEL: 'info', KEPT: 'yes' },
        env_production: { LEVEL: 'warn' },
      }),
    );
    await eco.apply('--env', 'production');
    expect((await eco.get(port)).body['env']).toMatchObject({ LEVEL: 'warn', KEPT: 'yes' });
    await eco.apply();
    expect((await eco.get(port)).body['env']).toMatchObject({ LEVEL: 'info', KEPT: 'yes' });
  });

  test('gives an app what the file says and the base list, and nothing else of the shell', async ({ eco }) => {
    const port = await eco.port();
    await eco.write({
      '.env': 'FROM_FILE=1\nOVERRIDDEN=file\n',
      ...fileWith({
        name: 'web',
        script: eco.worker('prints-environment'),
        revision: 'none',
        env_file: '.env',
        pass_env: ['PASSED_*'],
        env: { PORT: port, OVERRIDDEN: 'env' },
      }),
    });
    await eco.ok(['apply'], { env: { PASSED_ON: 'yes', HELD_BACK: 'yes' } });
    const { env } = (await eco.get(port)).body as { readonly env: Readonly<Record<string, string>> };
    expect(env).toMatchObject({
      FROM_FILE: '1',
      OVERRIDDEN: 'env',
      PASSED_ON: 'yes',
      ECO_APP: 'web',
      ECO_PROJECT: 'shop',
    });
    expect(env).toMatchObject({ NODE_APP_INSTANCE: '0', ECO_INSTANCE: '0', PATH: process.env['PATH'] });
    expect(Object.keys(env)).not.toContain('HELD_BACK');
    expect(Object.keys(env)).not.toContain('NODE_OPTIONS');
  });

  test('--force reloads what did not change', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api')));
    await eco.apply();
    const api = await eco.pid('api');
    await eco.apply('--force');
    expect(await eco.pid('api')).not.toBe(api);
  });

  test('--revision is the identity of the code', async ({ eco }) => {
    await eco.copyFixture('apps/queue-worker', 'worker');
    await eco.write(fileWith({ name: 'worker', cwd: 'worker', script: 'worker.js' }));
    await eco.apply('--revision', 'abc');
    const first = await eco.pid('worker');
    await eco.edit('worker/worker.js', 'version = 1', 'version = 2');
    expect((await eco.apply('--revision', 'abc')).stdout).toContain('No changes');
    await eco.apply('--revision', 'def');
    expect(await eco.pid('worker')).not.toBe(first);
  });
});

test('a secret is in no output and no record but the state that needs it', async ({ eco }) => {
  const secrets = ['tell-nobody-1', 'tell-nobody-2', 'tell-nobody-3'];
  await eco.write({
    '.env': 'ORDINARY_NAME=tell-nobody-1\n',
    ...fileWith(
      sleeper('api', {
        env_file: '.env',
        env: { API_KEY: 'tell-nobody-2', DATABASE: 'postgres://me:tell-nobody-3@db/x' },
      }),
    ),
  });
  const outputs = [await eco.ok(['plan']), await eco.ok(['apply', '--json']), await eco.ok(['describe', 'api'])];
  outputs.push(
    await eco.ok(['describe', 'api', '--json']),
    await eco.ok(['list', '--json']),
    await eco.ok(['plan', '--force']),
  );
  for (const secret of secrets) {
    for (const { all } of outputs) expect(all).not.toContain(secret);
  }
  const records = (await readdir(eco.home)).filter((name) => /\.(log|jsonl)$/.test(name));
  expect(records).toContain('events.jsonl');
  for (const name of records) {
    const text = await readFile(join(eco.home, name), 'utf8');
    for (const secret of secrets) expect(text).not.toContain(secret);
  }
});

describe.concurrent('what needs no file', () => {
  test('help, the schema and the explanations are there, and start nothing', async ({ eco }) => {
    expect((await eco.run([])).all).toMatch(/apply/);
    const schema = await eco.ok(['schema']);
    expect(JSON.parse(schema.stdout)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
    expect((await eco.ok(['explain', 'ECO1203'])).stdout).toContain('ECO1203');
    const codes = (await eco.ok(['explain', 'exit-codes'])).stdout;
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143])
      expect(codes).toMatch(new RegExp(`^\\s*${code}\\b`, 'm'));
    expect((await eco.run(['explain', 'ECO0000'])).exitCode).toBe(1);
    expect(eco.processes()).toEqual([]);
  });

  test('an unknown command or option is an error with a suggestion', async ({ eco }) => {
    const command = await eco.run(['aply']);
    expect(command.exitCode).toBe(1);
    expect(command.stderr).toContain('apply');
    const option = await eco.run(['apply', '--dryrun']);
    expect(option.exitCode).toBe(1);
    expect(option.stderr).toContain('--dry-run');
  });

  test('apply without any ecosystem file says so', async ({ eco }) => {
    const { exitCode, stderr } = await eco.run(['apply']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('ecosystem.yaml');
  });
});
