import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '../support/eco-test.ts';
import { gone, hasVariable, kill } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const sleeper = (name: string, more: object = {}) => ({
  name,
  script: 'sleep',
  args: ['1000'],
  interpreter: 'none',
  ...more,
});
const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'faulty', apps } });

describe.concurrent('the daemon is killed', () => {
  test('in the middle of an apply: the command says so, and the next apply converges', async ({ eco }) => {
    const late = {
      script: eco.worker('sends-ready-late'),
      env: { READY_AFTER: 2000 },
      wait_ready: true,
      revision: 'none',
    };
    await eco.write(fileWith(sleeper('quick'), { name: 'late', ...late }));
    const { pid: daemon } = await startDaemon(eco);
    const apply = eco.start(['apply', '--json']);
    const exited = once(apply, 'exit');
    for await (const line of createInterface({ input: apply.stdout ?? ([] as never) })) {
      if (line.includes('"step_succeeded"')) break;
    }
    kill(daemon);
    expect(await exited).toEqual([11, null]);

    await eco.apply();
    expect((await eco.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['late ready', 'quick ready']);
    for (const name of ['late', 'quick']) {
      const running = eco.processes().filter(({ pid }) => hasVariable(pid, 'ECO_APP', name));
      expect(running.map(({ pid }) => pid)).toEqual(await eco.pids(name));
    }
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('while an app backs off: the next daemon goes on with its attempts', async ({ eco }) => {
    const flag = eco.path('may-live');
    const code = `require('node:fs').existsSync(${JSON.stringify(flag)}) ? setInterval(() => {}, 1000) : process.exit(1);`;
    await eco.write({
      ...fileWith({ name: 'moody', script: 'moody.js', restart_delay: 500, revision: 'none' }),
      'moody.js': code,
    });
    expect((await eco.run(['apply'])).exitCode).toBe(9);
    const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
    kill(pid);
    await gone([pid], { within: 2000 });
    await eco.write({ 'may-live': '' });
    await eco.eventually(async () => (await eco.app('moody')).status === 'ready');
  });

  test('again and again: never is an app doubled', async ({ eco }) => {
    await eco.copyFixture('apps/http', 'web');
    const port = await eco.port();
    await eco.write(
      fileWith({ name: 'web', cwd: 'web', script: 'server.js', instances: 2, env: { PORT: port } }, sleeper('other')),
    );
    await eco.apply();
    const pids = [...(await eco.pids('web')), ...(await eco.pids('other'))];
    for (let round = 0; round < 5; round += 1) {
      const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
      kill(pid);
      await gone([pid], { within: 2000 });
      expect([...(await eco.pids('web')), ...(await eco.pids('other'))]).toEqual(pids);
    }
    const apps = eco.processes().filter(({ command }) => !command.includes('ecod'));
    expect(new Set(apps.map(({ pid }) => pid))).toEqual(new Set(pids));
    expect((await eco.get(port)).status).toBe(200);
  });
});

describe.concurrent('state', () => {
  test('that is broken costs the app it belongs to at most its record: the daemon starts, the others are kept', async ({
    eco,
  }) => {
    await eco.write(fileWith(sleeper('broken'), sleeper('whole')));
    await eco.apply();
    const [whole, { pid }] = [await eco.pid('whole'), await eco.json<{ readonly pid: number }>(['daemon', 'status'])];
    kill(pid);
    await gone([pid], { within: 2000 });
    for (const name of await readdir(join(eco.home, 'apps'), { recursive: true })) {
      if (/broken.*\.json$/.test(name)) await writeFile(join(eco.home, 'apps', name), '{"key": {"proj');
    }
    await writeFile(join(eco.home, 'events.jsonl'), '{"type":');

    expect(await eco.pid('whole')).toBe(whole);
    await eco.apply();
    expect((await eco.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['broken ready', 'whole ready']);
    expect(await eco.pid('whole')).toBe(whole);
    const running = eco.processes().filter(({ pid }) => hasVariable(pid, 'ECO_APP', 'broken'));
    expect(running.map(({ pid }) => pid)).toEqual(await eco.pids('broken'));
    expect((await eco.apply()).stdout).toContain('No changes');
  });

  test('holds names of any kind apart', async ({ eco }) => {
    const names = ['a b', 'a/b', '..', 'ä (1)', 'a%2Fb', 'A/B'];
    await eco.write(fileWith(...names.map((name) => sleeper(name))));
    await eco.apply();
    await eco.ok(['daemon', 'stop']);
    const apps = await eco.list();
    expect(new Set(apps.map(({ name }) => name))).toEqual(new Set(names));
    expect(new Set(apps.flatMap(({ workers }) => workers.map(({ pid }) => pid))).size).toBe(names.length);
    expect((await eco.apply()).stdout).toContain('No changes: 6 apps match');
    await eco.ok(['delete', '..']);
    expect(await eco.list()).toHaveLength(5);
  });
});

describe.concurrent('two commands at once', () => {
  test('applying one file start each app once', async ({ eco }) => {
    await eco.write(fileWith(sleeper('one'), sleeper('two'), sleeper('three')));
    const apply = ['apply', '--lock-timeout', '60s'];
    const results = await Promise.all([eco.run(apply), eco.run(apply), eco.run(apply)]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    await eco.apply();
    for (const name of ['one', 'two', 'three']) {
      const running = eco.processes().filter(({ pid }) => hasVariable(pid, 'ECO_APP', name));
      expect(running.map(({ pid }) => pid)).toEqual(await eco.pids(name));
    }
  });
});

describe.concurrent('a home', () => {
  test('whose socket path is too long is an error with exit 11 that says so', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api')));
    const home = join(eco.root, 'x'.repeat(100));
    const { exitCode, all } = await eco.run(['apply'], { env: { ECO_HOME: home } });
    expect(exitCode).toBe(11);
    expect(all).toMatch(/long|107|108/);
    expect(eco.processes()).toEqual([]);
  });

  test('may have blanks in its path', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api')));
    const env = { ECO_HOME: join(eco.root, 'my home') };
    await eco.ok(['apply'], { env });
    expect((await eco.ok(['list'], { env })).stdout).toContain('api');
    await eco.ok(['daemon', 'stop', '--apps'], { env });
  });
});

test('a reader that goes away early is no error', async ({ eco }) => {
  await eco.write(fileWith(...Array.from({ length: 30 }, (_, index) => sleeper(`app-${index}`))));
  await eco.apply();
  const list = eco.start(['list', '--json']);
  list.stdout?.destroy();
  let complaint = '';
  list.stderr?.on('data', (text: Buffer) => (complaint += text.toString()));
  await once(list, 'close');
  expect(complaint).toBe('');
});

test('a program that fills its log cannot be lost for it: every line of a burst is in the file', async ({ eco }) => {
  const code = `for (let i = 1; i <= 20000; i += 1) process.stdout.write('line ' + i + ' of a burst that is longer than a pipe holds\\n'); setInterval(() => {}, 1000);`;
  await eco.write({ ...fileWith({ name: 'burst', script: 'burst.js', revision: 'none' }), 'burst.js': code });
  await eco.apply();
  const [log] = (await readdir(join(eco.home, 'logs'), { recursive: true })).filter((name) => name.endsWith('out.log'));
  await eco.eventually(async () => {
    const lines = (await readFile(join(eco.home, 'logs', log ?? ''), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(20000);
    expect(lines.at(-1)).toMatch(/^line 20000 /);
  });
});

async function startDaemon(eco: EcoRig): Promise<{ readonly pid: number }> {
  await eco.ok(['daemon', 'start']);
  return eco.json<{ readonly pid: number }>(['daemon', 'status']);
}
