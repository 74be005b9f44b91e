import { readFile } from 'node:fs/promises';
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
