import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '../support/eco-test.ts';
import { kill } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const noisy = (name: string, eco: EcoRig, more: object = {}) => ({
  name,
  script: eco.worker('prints-lines'),
  revision: 'none',
  ...more,
});
const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'noisy', apps } });

describe.concurrent('logs', () => {
  test('prints the last lines of the chosen apps and ends', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco), noisy('two', eco), noisy('three', eco)));
    await eco.apply();
    await eco.ok(['stop', 'all']);

    const { stdout } = await eco.ok(['logs', 'one', 'two', '--lines', '3', '--no-follow']);
    expect(stdout).toMatch(/\bone\b.*out \d+/);
    expect(stdout).toMatch(/\btwo\b.*err \d+/);
    expect(stdout).not.toContain('three');
    expect(numbersIn(await lines(eco, ['one', '--out', '--lines', '3']))).toHaveLength(3);
  });

  test('prints every line that was written, in order', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco)));
    await eco.apply();
    await eco.eventually(async () => (await lines(eco, ['one', '--out', '--lines', '1000'])).length >= 20);
    await eco.ok(['stop', 'one']);
    const numbers = numbersIn(await lines(eco, ['one', '--out', '--lines', '1000']));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(await lines(eco, ['one', '--err', '--lines', '1'])).toEqual([`err ${numbers.length}`]);
  });

  test('keeps the lines of a worker that crashed', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco)));
    await eco.apply();
    kill(await eco.pid('one'));
    await eco.eventually(async () => {
      const numbers = numbersIn(await lines(eco, ['one', '--out', '--lines', '1000']));
      return numbers.filter((number) => number === 1).length === 2;
    });
  });

  test('follows several apps across a restart until it is interrupted', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco), noisy('two', eco)));
    await eco.apply();
    const follow = eco.start(['logs', 'one', 'two', '--lines', '0', '--follow', '--json']);
    const exited = once(follow, 'exit');
    const seen: Line[] = [];
    const reader = createInterface({ input: follow.stdout ?? ([] as never) });
    reader.on('line', (line) => seen.push(JSON.parse(line) as Line));
    const sees = (app: string, text: RegExp) =>
      eco.eventually(() => seen.some((line) => line.app === app && text.test(line.line)));

    await sees('one', /^out \d+$/);
    await sees('two', /^err \d+$/);
    await eco.ok(['restart', 'two']);
    await sees('two', /^out 1$/);
    follow.kill('SIGINT');
    await exited;
    expect(follow.signalCode === null || follow.signalCode === 'SIGINT').toBe(true);
  });

  test('of one instance leaves out the others', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco, { instances: 2, merge_logs: false })));
    await eco.apply();
    const ofInstance = (await eco.ok(['logs', 'one:1', '--json', '--no-follow'])).stdout.trim().split('\n');
    expect(new Set(ofInstance.map((line) => (JSON.parse(line) as Line).instance))).toEqual(new Set([1]));
  });

  test('go to the files that the ecosystem file names, with their paths from the cwd', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco, { cwd: 'app', out_file: 'logs/out.log', error_file: '/dev/null' })));
    await eco.write({ 'app/README.md': '' });
    await eco.apply();
    await eco.eventually(async () =>
      (await readFile(eco.path('app/logs/out.log'), 'utf8')).startsWith('out 1\nout 2\n'),
    );
    expect(await lines(eco, ['one', '--err', '--lines', '5'])).toEqual([]);
  });

  test('of an app that does not exist is an error', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco)));
    await eco.apply();
    expect((await eco.run(['logs', 'oen', '--no-follow'])).exitCode).toBe(1);
  });
});

interface Line {
  readonly app: string;
  readonly instance: number | null;
  readonly line: string;
}

async function lines(eco: EcoRig, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await eco.ok(['logs', ...args, '--raw', '--no-follow']);
  return stdout.split('\n').filter((line) => line !== '');
}

function numbersIn(texts: readonly string[]): readonly number[] {
  return texts.map((text) => Number(text.replace(/\D/g, '')));
}
