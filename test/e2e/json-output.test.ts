import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { commandsIn, documentSchemas, jsonLines, readDocumentSchemas } from '../support/document-schemas.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig, RunOptions } from '../support/eco-rig.ts';

interface Expected extends RunOptions {
  /** 0 unless told. */
  readonly exitCode?: number;
  /** Instead of the schema of its own. */
  readonly schema?: string;
}

/** Runs commands with `--json`, and checks all that each prints on stdout by the schema that names it. */
function checkedCommands(eco: EcoRig) {
  const folder = join(eco.packageFolder, 'schemas');
  const check = documentSchemas(folder);
  const schemas = new Map(
    readDocumentSchemas(folder).flatMap((own) => commandsIn(own).map((name) => [name, own.name])),
  );
  const checked = new Set<string>();
  /** Every line that was printed: a document, or of a stream. */
  const run = async (words: string, options: Expected = {}): Promise<readonly unknown[]> => {
    const { exitCode, stdout, all } = await eco.run([...words.split(' '), '--json'], options);
    expect(exitCode, `eco ${words}: ${all}`).toBe(options.exitCode ?? 0);
    return checkAll(words, stdout, options);
  };
  const checkAll = (words: string, stdout: string, { schema }: Expected = {}): readonly unknown[] => {
    const name = [...schemas.keys()].find((command) => `${words} `.startsWith(`${command} `)) ?? words;
    const lines = jsonLines(stdout);
    expect(lines.length, `eco ${words} prints nothing`).toBeGreaterThan(0);
    for (const line of lines) check(schema ?? schemas.get(name) ?? 'no schema', line);
    if (schema === undefined) checked.add(name);
    return lines;
  };
  return { check, run, checkAll, unchecked: () => [...schemas.keys()].filter((name) => !checked.has(name)) };
}

const TASK = { name: 'migrate', kind: 'task', script: './migrate.js' };

async function writeShop(eco: EcoRig, env: object): Promise<void> {
  await eco.copyFixture('apps/http', 'web');
  const web = { name: 'web', cwd: 'web', script: 'server.js', instances: 2, env };
  const apps = [{ ...web, depends_on: { migrate: 'completed' } }, TASK];
  await eco.write({ 'migrate.js': 'console.log("done")', 'ecosystem.json': { project: 'shop', apps } });
}

describe('what commands print with --json', () => {
  test('is of the schema that comes with the package, of every command', { timeout: 240_000 }, async ({ eco }) => {
    const { run, checkAll, check, unchecked } = checkedCommands(eco);
    const PORT = await eco.port();
    await eco.write({
      'new/index.js': '',
      'old/app.js': '',
      'old/ecosystem.config.js': 'module.exports = { apps: [{ script: "./app.js", name: "app", max_restarts: 0 }] };',
      'broken.json': '{ "apps": [{ "name": 1, "instnaces": 2 }] }',
    });
    const [shown] = await run('init --print', { in: 'new' });
    expect(shown).toMatchObject({ from: null, text: expect.stringContaining('index.js') });
    const [written] = await run('init --from ecosystem.config.js', { in: 'old' });
    expect(written).toMatchObject({ text: null, apps: ['app'] });

    await run('validate broken.json', { exitCode: 3 });
    for (const words of ['plan', 'drift', 'run'])
      await run(`${words} broken.json`, { exitCode: 3, schema: 'validate' });
    await run('apply broken.json', { exitCode: 3 });
    await run('list');
    await run('daemon status');

    await writeShop(eco, { PORT, API_TOKEN: 'x' });
    await run('validate');
    await run('plan --out plan.json');
    check('plan', JSON.parse(await eco.read('plan.json')));
    await run('apply plan.json');
    await eco.get(PORT);
    await run('drift');
    await writeShop(eco, { PORT, API_TOKEN: 'y' });
    await run('apply --yes');
    await run('rollback web');

    await eco.write({ 'web/server.js': 'throw new Error("broken")' });
    await run('apply --yes', { exitCode: 8 });
    await writeShop(eco, { PORT, API_TOKEN: 'y' });
    const [pid = 0] = await eco.pids('web');
    process.kill(pid, 'SIGKILL');
    await eco.eventually(async () => (await eco.app('web')).restarts > 0 && (await eco.app('web')).status === 'ready');
    await run('scale web +1');
    await run('scale web 0', { exitCode: 1 });
    for (const words of ['list --sort cpu', 'describe web', 'env web', 'history web', 'wait all', 'doctor'])
      await run(words);
    for (const words of ['logs', 'events --lines 1000', 'drift', 'plan', 'flush']) await run(words);
    for (const words of ['signal SIGCONT web:0', 'reset all', 'reload web', 'restart web', 'stop web', 'start web'])
      await run(words);

    const [locked] = await run('lock -m mine');
    await run('stop web', { exitCode: 5 });
    await run('apply', { exitCode: 5 });
    const { id } = (locked as { readonly lock: { readonly id: string } }).lock;
    await run(`unlock ${id}`);
    for (const words of ['delete web', 'drift', 'down --yes', 'list', 'stop all', 'reset all', 'flush'])
      await run(words);

    for (const words of ['startup --print', 'unstartup --print']) await run(words);
    for (const words of ['explain', 'explain ECO1203', 'explain exit-codes']) await run(words);
    for (const words of ['daemon start', 'daemon upgrade', 'daemon status', 'daemon stop']) await run(words);

    for (const words of ['monit', 'list --watch 100ms']) checkAll(words, await firstLines(eco, words));
    await eco.write({ 'tasks.json': { project: 'tasks', apps: [TASK] } });
    const ran = await eco.ok(['run', 'tasks.json', '--json']);
    for (const [words, { stdout, stderr }] of Object.entries({ run: ran, watch: await watched(eco) })) {
      checkAll(words, stdout);
      for (const line of jsonLines(stderr)) check('foreground', line);
    }
    expect(unchecked()).toEqual([]);
  });

  test('is a schema, of eco schema', async ({ eco }) => {
    const schema = await eco.json(['schema']);
    const ajv = new Ajv2020();
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(schema).toEqual(
      JSON.parse(await readFile(join(eco.packageFolder, 'schemas', 'ecosystem.schema.json'), 'utf8')),
    );
  });
});

/** Of a command that goes on until it is interrupted. */
async function firstLines(eco: EcoRig, words: string): Promise<string> {
  const command = eco.start([...words.split(' '), '--json']);
  if (command.stdout === null) throw new Error('the command has no stdout');
  const exited = once(command, 'exit');
  command.stdout.once('data', () => command.kill('SIGINT'));
  const stdout = await text(command.stdout);
  await exited;
  return stdout;
}

/** Through an ecosystem file that is edited, broken and mended. */
async function watched(eco: EcoRig): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const file = (level: string) => ({
    'ecosystem.json': { apps: [{ name: 'says', script: './says.js', env: { level } }] },
  });
  await eco.write({ 'says.js': 'console.log("up"); setInterval(() => {}, 1000);', ...file('one') });
  const watch = eco.start(['watch', '--json']);
  const exited = once(watch, 'close');
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    watch[stream]?.on('data', (chunk) => (said[stream] += String(chunk)));
  const says = (...types: readonly string[]) =>
    eco.eventually(() => types.every((type) => said.stderr.includes(`{"type":"${type}"`)), { within: 60_000 });
  await says('watching');
  await eco.write({ 'ecosystem.json': '{ "apps": 1 }' });
  await says('diagnostic', 'invalid');
  await eco.write(file('one'));
  await says('unchanged');
  await eco.write(file('two'));
  await says('plan', 'step_succeeded');
  watch.kill('SIGINT');
  await exited;
  return said;
}
