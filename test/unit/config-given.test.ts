import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gatherEcosystem } from '../../src/config/gather-ecosystem.ts';
import { loadEcosystem, loadGiven } from '../../src/config/load-ecosystem.ts';

let root = '';
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'eco-given-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

/** Read in `here` with one environment, settled in `there` with another, as plain JSON in between. */
async function loadFar(file: string, environment: Readonly<Record<string, string>> = {}) {
  const options = { cwd: join(root, 'here'), environment, home: join(root, 'home'), codeRevision: 'compute' } as const;
  const gathered = await gatherEcosystem({ ...options, file });
  if (!gathered.ok) return gathered;
  const given = JSON.parse(JSON.stringify(gathered.value.given)) as typeof gathered.value.given;
  const { home, codeRevision } = options;
  return loadGiven(given, { folder: join(root, 'there'), environment: { PATH: '/bin' }, home, codeRevision });
}

test('the file, what it includes, its variables and env files are from here; its paths and programs are there', async () => {
  await write({
    'here/ecosystem.yaml': [
      'project: shop',
      'include: more/more.json',
      'defaults: { env_file: .env, pass_env: ["APP_*"] }',
      'apps:',
      '  - name: api',
      '    script: server.js',
      '    env: { NAME: "${NAME}" }',
      '    log_file: logs/api.log',
    ].join('\n'),
    'here/more/more.json': '{ "apps": [{ "name": "worker", "script": "./worker.js" }] }',
    'here/.env': 'SECRET=s3cret\n',
    'there/server.js': '',
    'there/more/worker.js': '',
  });
  const loaded = await loadFar('ecosystem.yaml', { NAME: 'here', APP_KEY: 'k', PATH: '/nowhere' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const { desired, warnings } = loaded.value;
  expect(warnings).toEqual([]);
  expect(desired).toMatchObject({
    project: 'shop',
    file: join(root, 'here/ecosystem.yaml'),
    origin: { type: 'folder', path: join(root, 'there') },
    apps: [
      {
        name: 'api',
        script: join(root, 'there/server.js'),
        cwd: join(root, 'there'),
        env: { APP_KEY: 'k', NAME: 'here', SECRET: 's3cret' },
        sensitiveEnv: expect.arrayContaining(['SECRET']) as unknown,
        combinedFile: { type: 'file', path: join(root, 'there/logs/api.log') },
      },
      { name: 'worker', script: join(root, 'there/more/worker.js'), env: { SECRET: 's3cret' } },
    ],
  });
  expect(
    Object.values(desired.manifests)
      .flatMap((files) => Object.keys(files))
      .sort(),
  ).toContain('server.js');
});

test('a mistake that only the machine there can see is shown at its place in the file here', async () => {
  await write({
    'here/ecosystem.yaml':
      'project: shop\napps:\n  - name: api\n    script: ./server.js\n  - name: job\n    script: ./a.js\n    cwd: jobs\n',
    'here/server.js': '',
    'there/a.js': '',
  });
  const loaded = await loadFar('ecosystem.yaml');
  const places =
    !loaded.ok && loaded.error.reason === 'config-invalid'
      ? loaded.error.diagnostics.map(({ code, message, location }) => [
          code,
          message,
          location.file,
          location.range?.start.line,
        ])
      : loaded;
  expect(places).toEqual([
    ['ECO1401', `the script ${join(root, 'there/server.js')} does not exist`, join(root, 'here/ecosystem.yaml'), 4],
    ['ECO1403', `the working folder ${join(root, 'there/jobs')} does not exist`, join(root, 'here/ecosystem.yaml'), 7],
  ]);
});

test('what is wrong with the file by itself is told without the machine there', async () => {
  await write({
    'here/ecosystem.yaml':
      'project: shop\napps:\n  - name: api\n    script: ./x.js\n    instances: many\n    pass_env: true\n',
  });
  const gathered = await gatherEcosystem({
    file: 'ecosystem.yaml',
    cwd: join(root, 'here'),
    environment: {},
    home: root,
    codeRevision: 'skip',
  });
  const codes = !gathered.ok && gathered.error.reason === 'config-invalid' ? gathered.error.diagnostics : [];
  expect(codes.map(({ code }) => code)).toEqual(['ECO1301']);
  await write({ 'here/ecosystem.yaml': 'apps:\n  - script: ./x.js\n    pass_env: true\n' });
  const whole = await loadFar('ecosystem.yaml');
  expect(!whole.ok && whole.error).toMatchObject({ diagnostics: [{ code: 'ECO1419' }] });
});

test.each(['ecosystem.config.js', 'ecosystem.config.cjs', 'package.json', 'ecosystem.json5'])(
  'loaded from afar, %s means what it means at home',
  async (name) => {
    const value = {
      apps: [
        { name: 'api', script: './a.js', instances: 2, env: { N: 1 } },
        { name: 'b', script: './a.js' },
      ],
    };
    const json = JSON.stringify(value, null, 2);
    const text =
      name === 'package.json'
        ? `{ "name": "shop", "eco": ${json} }`
        : name.includes('js5') || name.endsWith('json5')
          ? json
          : `module.exports = ${json};`;
    for (const folder of ['here', 'there']) await write({ [`${folder}/${name}`]: text, [`${folder}/a.js`]: '' });
    const far = await loadFar(name);
    const near = await loadEcosystem({
      file: name,
      cwd: join(root, 'there'),
      environment: { PATH: '/bin' },
      home: join(root, 'home'),
      codeRevision: 'compute',
    });
    if (!far.ok || !near.ok) throw new Error(JSON.stringify([far, near]));
    expect(far.value.desired.apps).toEqual(near.value.desired.apps);
    expect(far.value.desired.manifests).toEqual(near.value.desired.manifests);
  },
);
