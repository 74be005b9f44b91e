import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig, Files } from '../support/eco-rig.ts';

interface BadInput {
  readonly files: Files;
  /** The file that is applied. */
  readonly file: string;
  /** What the first diagnostic begins with, `file:line:col` where the input has lines. */
  readonly at: RegExp;
  readonly says: RegExp;
}

const json = (text: string, at: string, says: RegExp): BadInput => ({
  files: { 'ecosystem.json': text },
  file: 'ecosystem.json',
  at: new RegExp(`ecosystem\\.json:${at}\\b`),
  says,
});
const yaml = (text: string, at: string, says: RegExp): BadInput => ({
  files: { 'ecosystem.yaml': text },
  file: 'ecosystem.yaml',
  at: new RegExp(`ecosystem\\.yaml:${at}\\b`),
  says,
});
const js = (text: string, at: RegExp, says: RegExp): BadInput => ({
  files: { 'ecosystem.config.cjs': text },
  file: 'ecosystem.config.cjs',
  at,
  says,
});
const whole = (content: string | Buffer, says: RegExp): BadInput => ({
  files: { 'ecosystem.yaml': content },
  file: 'ecosystem.yaml',
  at: /ecosystem\.yaml/,
  says,
});

const BAD_INPUTS: Readonly<Record<string, BadInput>> = {
  'not YAML': yaml('project: bad\napps:\n  - name: [web\n    script: x.js\n', '\\d+:\\d+', /error\[ECO1\d{3}\]/),
  'not JSON': json('{\n  "project": "bad",\n  "apps": [}\n', '3:12', /error\[ECO1\d{3}\]/),
  'an unknown key': yaml(
    'project: bad\napps:\n  - name: web\n    script: server.js\n    instnaces: 2\n',
    '5:5',
    /ECO1203.*instnaces.*did you mean "instances"/,
  ),
  'a value of the wrong type': yaml('project: bad\napps:\n  - name: 7\n    script: [1]\n', '\\d+:\\d+', /error/),
  'a script that is missing': yaml(
    'project: bad\napps:\n  - name: web\n    script: nowhere.js\n',
    '4:13',
    /nowhere\.js/,
  ),
  'two apps of one name': yaml(
    'project: bad\napps:\n  - name: web\n    script: server.js\n  - name: web\n    script: server.js\n',
    '5:11',
    /web/,
  ),
  'a cycle of dependencies': yaml(
    'project: bad\napps:\n  - { name: a, script: server.js, depends_on: { b: ready } }\n  - { name: b, script: server.js, depends_on: { a: ready } }\n',
    '\\d+:\\d+',
    /a"? → "?b"? → "?a|b"? → "?a"? → "?b/,
  ),
  'instances: two': yaml(
    'project: bad\napps:\n  - name: web\n    script: server.js\n    instances: two\n',
    '5:16',
    /two/,
  ),
  'an env file that is missing': yaml(
    'project: bad\napps:\n  - name: web\n    script: server.js\n    env_file: .env\n',
    '5:15',
    /\.env/,
  ),
  'an env file that is a directory': {
    ...yaml('project: bad\napps:\n  - name: web\n    script: server.js\n    env_file: folder\n', '5:15', /folder/),
  },
  'a JS file that throws': js(
    '\n\nthrow new Error("no settings today");\n',
    /ecosystem\.config\.cjs:3:\d+/,
    /no settings today/,
  ),
  'a JS file that returns nothing': js('module.exports = () => {};\n', /ecosystem\.config\.cjs/, /nothing|undefined/),
  'a JS file that does not parse': js('module.exports = {\n  apps: [}\n};\n', /ecosystem\.config\.cjs:2/, /error/),
  'a JS file that ends the process': js(
    'console.log("printed");\nprocess.exit(0);\n',
    /ecosystem\.config\.cjs:2:1/,
    /ECO1509.*exit code 0/,
  ),
  'a JS file that waits for nothing': js(
    'module.exports = new Promise(() => {});\n',
    /ecosystem\.config\.cjs/,
    /ECO1504.*can no longer happen/,
  ),
  'an empty file': whole('', /empty/),
  'a directory': { files: {}, file: 'folder', at: /folder/, says: /directory|folder/ },
  'a file of 50 MB': whole(Buffer.alloc(50 * 1024 * 1024, '# nothing but a comment\n'), /MB|MiB|large|big/),
  'invalid UTF-8': whole(Buffer.from([0x61, 0x70, 0x70, 0x73, 0x3a, 0x20, 0xff, 0xfe, 0x0a]), /UTF-8/),
  'a file that does not exist': { files: {}, file: 'missing.yaml', at: /missing\.yaml/, says: /missing\.yaml/ },
};

describe.each(Object.entries(BAD_INPUTS))('%s', (_what, bad) => {
  test('is an error with exit 3, a position, and starts nothing', async ({ eco }) => {
    await prepare(eco, bad);
    for (const command of ['validate', 'plan', 'apply']) {
      const { exitCode, stdout, stderr } = await eco.run([command, bad.file]);
      expect({ command, exitCode, stdout }).toEqual({ command, exitCode: 3, stdout: '' });
      expect(stderr).toMatch(bad.at);
      expect(stderr).toMatch(bad.says);
    }
    expect(existsSync(join(eco.home, 'daemon.sock'))).toBe(false);
    expect(eco.processes()).toEqual([]);
  });
});

test('what a JS file prints is on stderr: the JSON on stdout stays whole, and no later exit code is its own', async ({
  eco,
}) => {
  await eco.write({
    'ecosystem.config.cjs':
      'console.log("one");\nprocess.stdout.write("two\\n");\nprocess.exitCode = 9;\nsetInterval(() => {}, 1000);\nmodule.exports = { project: "loud", apps: [] };\n',
  });
  const { exitCode, stdout, stderr } = await eco.run(['validate', '--json']);
  expect({ exitCode, valid: JSON.parse(stdout).valid, stderr }).toEqual({
    exitCode: 0,
    valid: true,
    stderr: 'one\ntwo\n',
  });
});

test('an env file that not even root can read is an error with exit 3 and its position', async ({ eco }) => {
  await prepare(eco, yaml('project: bad\napps:\n  - name: web\n    script: server.js\n    env_file: .env\n', '', /./));
  await symlink('.env', eco.path('.env'));
  const { exitCode, stderr } = await eco.run(['apply']);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/ecosystem\.yaml:5:15/);
  expect(eco.processes()).toEqual([]);
});

test('bad input of any kind changes nothing that runs', async ({ eco }) => {
  await eco.write({
    'good/ecosystem.json': {
      project: 'bad',
      apps: [{ name: 'web', script: 'sleep', args: ['1000'], interpreter: 'none' }],
    },
  });
  await eco.ok(['apply'], { in: 'good' });
  const before = await stateOf(eco);
  for (const bad of Object.values(BAD_INPUTS)) {
    await prepare(eco, bad);
    expect((await eco.run(['apply', '--yes', '--take-ownership', bad.file])).exitCode).toBe(3);
  }
  expect(await stateOf(eco)).toEqual(before);
});

test('all errors of a file come in one run, in its order, each with its code frame', async ({ eco }) => {
  await eco.write({
    'server.js': '',
    'ecosystem.yaml':
      'project: bad\napps:\n  - name: web\n    script: server.js\n    instances: two\n    kil_timeout: 3s\n  - script: gone.js\n',
  });
  const { exitCode, stderr } = await eco.run(['validate']);
  expect(exitCode).toBe(3);
  const positions = [...stderr.matchAll(/ecosystem\.yaml:(\d+:\d+)/g)].map(([, position]) => position);
  expect(positions).toEqual(['5:16', '6:5', '7:13']);
  expect(stderr).toMatch(/5 │ +instances: two\n +│ +~~~/);
  expect(stderr).toContain('did you mean "kill_timeout"');
});

test('a good file is valid, and a warning does not change that', async ({ eco }) => {
  await eco.write({
    'server.js': '',
    'ecosystem.config.cjs': 'module.exports = { apps: [{ script: "server.js", vizion: true }] };',
  });
  const { exitCode, stdout, stderr } = await eco.run(['validate']);
  expect(exitCode).toBe(0);
  expect(`${stdout}${stderr}`).toMatch(/vizion/);
});

async function prepare(eco: EcoRig, { files }: BadInput): Promise<void> {
  await mkdir(eco.path('folder'), { recursive: true });
  await eco.write({ 'server.js': 'setInterval(() => {}, 1000);', ...files });
}

async function stateOf(eco: EcoRig): Promise<unknown> {
  return (await eco.list()).map(({ name, project, status, revision, workers }) => ({
    name,
    project,
    status,
    revision,
    pids: workers.map(({ pid }) => pid),
  }));
}
