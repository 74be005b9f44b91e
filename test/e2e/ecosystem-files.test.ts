import { chmod, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';

/** Writes down what it was given, and lives on. */
const TELLS = `
const { writeFileSync, renameSync } = require('node:fs');
const file = process.env.TELL + '-' + process.env.ECO_INSTANCE;
writeFileSync(file + '.part', JSON.stringify({ args: process.argv.slice(2), env: process.env }));
renameSync(file + '.part', file);
setInterval(() => {}, 1 << 30);
`;

interface Told {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function told(eco: EcoRig, name: string): Promise<Told> {
  return eco.eventually(async () => JSON.parse(await readFile(eco.path(name), 'utf8')) as Told);
}

describe.concurrent('a file', () => {
  test('that includes, extends and interpolates gives its workers what it says', async ({ eco }) => {
    await eco.write({
      'tells.js': TELLS,
      'packages/api/api.js': TELLS,
      'packages/api/ecosystem.yaml': 'apps: [{ name: api, script: ./api.js, env: { TELL: ../../api } }]',
      'ecosystem.yaml': [
        'project: shop',
        'include: ./packages/api/ecosystem.yaml',
        'defaults: { env: { REGION: "${REGION:-eu}" } }',
        'apps:',
        '  - name: mail',
        '    script: ./tells.js',
        '    args: --shard {{instance}}/{{instances}}',
        '    instances: 2',
        '    env: { TELL: mail, PRICE: "5$$", WHO: "{{app}}" }',
        '  - { name: reports, extends: mail, instances: 1, env: { TELL: reports } }',
      ].join('\n'),
    });
    await eco.ok(['apply'], { env: { REGION: 'us' } });
    expect(await told(eco, 'mail-0')).toMatchObject({
      args: ['--shard', '0/2'],
      env: { REGION: 'us', PRICE: '5$', WHO: 'mail' },
    });
    expect((await told(eco, 'mail-1')).args).toEqual(['--shard', '1/2']);
    expect(await told(eco, 'reports-0')).toMatchObject({ args: ['--shard', '0/1'], env: { WHO: 'reports' } });
    expect((await told(eco, 'api-0')).env).toMatchObject({ REGION: 'us', ECO_PROJECT: 'shop' });

    await eco.edit('ecosystem.yaml', 'instances: 2', 'instances: 3');
    await eco.ok(['apply'], { env: { REGION: 'us' } });
    expect((await told(eco, 'mail-2')).args).toEqual(['--shard', '2/3']);
    await eco.eventually(async () => (await told(eco, 'mail-0')).args[1] === '0/3');
    expect((await eco.ok(['plan'], { env: { REGION: 'us' } })).stdout).toContain('No changes');
  });
});

describe.concurrent('secrets', () => {
  const files = (secrets: object) => ({
    'tells.js': TELLS,
    'ecosystem.json': {
      project: 'shop',
      apps: [{ name: 'api', script: './tells.js', env: { TELL: 'api' }, secrets, listen_timeout: '20s' }],
    },
  });

  test('reach the app and nothing else', async ({ eco }) => {
    await eco.write({ 'db.txt': 'from-a-file-471234567891\n' });
    await chmod(eco.path('db.txt'), 0o600);
    await eco.write(
      files({
        DB: { file: './db.txt' },
        TOKEN: { command: 'printf from-a-command-$(basename "$PWD")-$((400000000000+71234567892))' },
      }),
    );
    const applied = await eco.ok(['apply', '--verbose']);
    expect((await told(eco, 'api-0')).env).toMatchObject({
      DB: 'from-a-file-471234567891',
      TOKEN: 'from-a-command-app-471234567892',
    });

    await eco.write({ 'db.txt': 'from-a-file-471234567894\n' });
    await eco.ok(['restart', 'api']);
    await eco.eventually(async () => (await told(eco, 'api-0')).env['DB'] === 'from-a-file-471234567894');
    expect((await eco.ok(['plan'])).stdout).toContain('No changes');
    const printed = await Promise.all([
      ...[
        ['describe', 'api'],
        ['describe', 'api', '--json'],
        ['history', 'api', '--json'],
        ['plan', '--json'],
      ].map((args) => eco.ok(args)),
      eco.ok(['list', '--json']),
    ]);
    expect([applied, ...printed].map(({ all }) => all).join('\n')).not.toMatch(/47123456789\d/);
    const kept = await readdir(eco.home, { recursive: true, withFileTypes: true });
    const texts = kept
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFile(join(parentPath, name)));
    expect(texts.length).toBeGreaterThan(3);
    expect((await Promise.all(texts)).join('\n')).not.toMatch(/47123456789\d/);
  });

  test('that cannot be had start no worker, and the report says which and why, but not what its command wrote', async ({
    eco,
  }) => {
    await eco.write(
      files({
        TOKEN: { command: 'echo half-a-secret; echo more >&2; exit 3' },
        NONE: { env: 'SHOP_NONE' },
        EMPTY: { command: 'true' },
      }),
    );
    const { exitCode, all } = await eco.run(['apply']);
    expect(all).toContain('the secret TOKEN cannot be had: its command ended with exit code 3');
    expect(all).toContain("the secret NONE cannot be had: the variable SHOP_NONE of eco's daemon is not set");
    expect(all).toContain('the secret EMPTY cannot be had: what its command prints is empty');
    expect(all).not.toMatch(/half-a-secret|more/);
    expect(exitCode).toBe(9);
  });

  test('of the environment that eco itself has are what containers give', async ({ eco }) => {
    await eco.write(files({ SIGNING: { env: 'SHOP_SIGNING' } }));
    const run = eco.start(['run'], { env: { SHOP_SIGNING: 'from outside' } });
    const { env } = await told(eco, 'api-0');
    expect(env).toMatchObject({ SIGNING: 'from outside' });
    expect(env).not.toHaveProperty('SHOP_SIGNING');
    run.kill('SIGTERM');
    await eco.eventually(() => run.exitCode !== null);
  });

  test('whose command takes long are not waited for once the app is to stop', async ({ eco }) => {
    await eco.write(files({ TOKEN: { command: 'echo $$ > command.pid; sleep 60' } }));
    const apply = eco.start(['apply']);
    await eco.eventually(async () => (await readFile(eco.path('command.pid'), 'utf8')) !== '');
    apply.kill('SIGKILL');
    await eco.eventually(async () => (await eco.run(['delete', 'api'])).exitCode === 0);
    expect(await eco.list()).toEqual([]);
  });
});

describe.concurrent('the environment', () => {
  test('is what pass_env, env files and env say, in that order', async ({ eco }) => {
    await eco.write({
      'tells.js': TELLS,
      '.env': 'A=first\nB="two\\nlines" # said\nC=`$A and "quotes"`\nexport D = spaced \nE=a#b\n',
      '.env.local': "A='second'\n",
      'ecosystem.json': {
        project: 'shop',
        apps: [
          {
            name: 'api',
            script: './tells.js',
            pass_env: ['PASSED_*', 'A'],
            env_file: ['.env', '.env.local'],
            env: { TELL: 'api', D: 'written' },
          },
        ],
      },
    });
    await eco.ok(['apply'], { env: { PASSED_ON: 'yes', A: 'zeroth', NOT_PASSED: 'x' } });
    const { env } = await told(eco, 'api-0');
    expect(env).toMatchObject({ A: 'second', B: 'two\nlines', C: '$A and "quotes"', D: 'written', E: 'a' });
    expect(env).toMatchObject({ PASSED_ON: 'yes', HOME: expect.any(String) as string });
    expect(env).not.toHaveProperty('NOT_PASSED');
    const described = (await eco.ok(['describe', 'api'])).stdout;
    expect(described).not.toMatch(/two|second|quotes/);
    expect(described).toMatch(/PASSED_ON +yes/);
  });
});
