import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LogLedger } from '../../src/platform/log-ledger.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import { kill } from '../support/processes.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { firstGap, numbersByInstance, wholeLog } from '../support/written-lines.ts';

const noisy = (name: string, eco: EcoRig, more: object = {}) => ({
  name,
  script: eco.worker('prints-lines'),
  revision: 'none',
  ...more,
});
const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'noisy', apps } });

/** Few lines, or with `npm run test:logs` many. */
const FLOOD =
  process.env['ECO_LOG_LINES'] === undefined
    ? { lines: 40_000, workers: 2, maxSize: '256K' }
    : { lines: Number(process.env['ECO_LOG_LINES']), workers: 4, maxSize: '10M' };
const PATIENCE = 60_000 + FLOOD.lines / 2;

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

  test('merges the lines of all apps by time, also where only some say theirs', async ({ eco }) => {
    await eco.write({
      'ticker.js': `let n = 0; setInterval(() => console.log(process.env.ECO_APP, ++n), 200);`,
      ...fileWith(
        { name: 'dated', script: 'ticker.js', revision: 'none', time: true },
        { name: 'json', script: 'ticker.js', revision: 'none', log_type: 'json' },
        { name: 'plain', script: 'ticker.js', revision: 'none' },
      ),
    });
    await eco.apply();
    await eco.eventually(async () => (await lines(eco, ['plain', '--lines', '1000'])).length >= 12);
    await eco.ok(['stop', 'all']);
    const { stdout } = await eco.ok(['logs', '--json', '--lines', '1000', '--no-follow']);
    const all = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Line);
    const times = all.map(({ at }) => Date.parse(at ?? ''));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(all.slice(0, 12).map(({ app }) => app)).size).toBe(3);
    expect(all.every(({ app, message }) => message.startsWith(`${app} `))).toBe(true);
    expect((await eco.ok(['logs', 'json', '--lines', '1', '--no-follow'])).stdout).toMatch(/^json +\| json \d+\n$/);
  });

  test('of the last minutes, and only of lines that match', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco)));
    await eco.apply();
    await eco.eventually(async () => (await lines(eco, ['one', '--out', '--lines', '1000'])).length >= 30);
    await eco.ok(['stop', 'one']);
    expect(numbersIn(await lines(eco, ['one', '--out', '--since', '10m'])).slice(0, 3)).toEqual([1, 2, 3]);
    expect(numbersIn(await lines(eco, ['one', '--out', '--grep', '^out 2\\d$', '--lines', '3']))).toEqual([27, 28, 29]);
    expect(await lines(eco, ['one', '--grep', 'nothing of the kind'])).toEqual([]);
    const wrong = await eco.run(['logs', 'one', '--grep', '(']);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain('--grep');
  });

  test('flushed, are empty; the program writes on', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco), noisy('two', eco)));
    await eco.apply();
    await eco.eventually(async () => (await lines(eco, ['one', '--out', '--lines', '1000'])).length >= 20);
    expect((await eco.ok(['flush', 'one'])).stdout).toMatch(/^Flushed 2 logs, /);
    const first = await eco.eventually(async () => {
      const left = numbersIn(await lines(eco, ['one', '--out', '--lines', '1000']));
      return left.length > 3 && left;
    });
    expect(first[0]).toBeGreaterThan(20);
    expect(first).toEqual(first.map((_, index) => (first[0] ?? 0) + index));
    expect(numbersIn(await lines(eco, ['two', '--out', '--lines', '1000']))[0]).toBe(1);
    expect((await eco.run(['flush', 'oen'])).exitCode).toBe(1);
  });

  test('are kept when their app is deleted', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco, { cwd: '.', out_file: 'one.log' })));
    await eco.apply();
    await eco.eventually(async () => (await eco.read('one.log')).includes('out 3\n'));
    await eco.ok(['delete', 'one']);
    expect(await eco.read('one.log')).toMatch(/^out 1\nout 2\nout 3\n/);
  });

  test(
    'lose no line and double none in rotations, a killed daemon and a reload, and are followed all the while',
    async ({ eco }) => {
      const { lines: last, workers } = FLOOD;
      const flood = {
        name: 'flood',
        script: eco.worker('numbers-lines'),
        revision: 'none',
        instances: workers,
        env: { LINES: String(last) },
        logs: { rotate: { max_size: FLOOD.maxSize, keep: 1000, compress: true } },
      };
      const written = (runs: number): Promise<unknown> =>
        eco.eventually(() => wordsOfEnd(eco) === runs, { within: PATIENCE });
      await eco.write(fileWith(flood));
      const interrupted = eco.run(['apply']);
      await eco.eventually(() => filesOf(eco).some((name) => name.endsWith('.gz')));
      await killDaemon(eco);
      await interrupted;
      await eco.apply();
      await written(workers);

      const follow = eco.start(['logs', 'flood', '--lines', '1', '--follow', '--raw', '--out']);
      const exited = once(follow, 'exit');
      const followed: string[] = [];
      createInterface({ input: follow.stdout ?? ([] as never) }).on('line', (line) => followed.push(line));
      // The last lines so far: whoever has them misses nothing from now on.
      await eco.eventually(() => followed.length === workers);
      await eco.ok(['reload', 'flood'], { timeout: PATIENCE });
      await written(2 * workers);
      await eco.eventually(() => followed.length >= workers * (1 + last), { within: PATIENCE });
      follow.kill('SIGINT');
      await exited;
      for (const [before, ...numbers] of numbersByInstance(`${followed.join('\n')}\n`).values()) {
        expect(before).toBe(last);
        expect(firstGap(numbers, last)).toBeNull();
      }
      await eco.eventually(() => runsOf(eco, last) === 2 * workers);
      for (let instance = 0; instance < workers; instance += 1) {
        const shown = await lines(eco, [`flood:${instance}`, '--out', '--lines', String(3 * last)]);
        expect(runsIn(shown.join('\n'), last)).toBe(2);
      }
    },
    3 * PATIENCE,
  );

  test('are followed through rotations, a flush, a restart, more workers, a daemon that is killed and one that is stopped', async ({
    eco,
  }) => {
    const app = {
      name: 'counter',
      script: './counter.js',
      revision: 'none',
      instances: 2,
      merge_logs: false,
      logs: { rotate: { max_size: '64K', keep: 3 } },
    };
    await eco.write({
      'counter.js': `
        let n = 0;
        const run = process.env.NODE_APP_INSTANCE + '-' + process.pid;
        setInterval(() => { for (let i = 0; i < 5; i++) console.log(run, ++n, 'x'.repeat(60)); }, 5);`,
      ...fileWith(app),
    });
    await eco.apply();
    const follow = eco.start(['logs', 'counter', '--lines', '1', '--follow', '--raw', '--out']);
    const exited = once(follow, 'exit');
    const runs = new Map<string, number[]>();
    createInterface({ input: follow.stdout ?? ([] as never) }).on('line', (line) => {
      const [, run = '', number] = /^(\d-\d+) (\d+) x+$/.exec(line) ?? [];
      runs.set(run, [...(runs.get(run) ?? []), Number(number)]);
    });
    const latest = (instance: number): number =>
      [...runs]
        .filter(([run]) => run.startsWith(`${instance}-`))
        .at(-1)?.[1]
        .at(-1) ?? 0;
    const comesOn = async (instance: number): Promise<void> => {
      const before = latest(instance);
      await eco.eventually(() => latest(instance) > before + 50);
    };
    const rotated = (): boolean => archivesOf(eco, 'counter').length > 0;
    await comesOn(0);
    await eco.eventually(rotated);
    await eco.ok(['flush', 'counter']);
    await comesOn(1);
    await eco.ok(['restart', 'counter']);
    await eco.eventually(() => runs.size === 4);
    await killDaemon(eco);
    await comesOn(0);
    await eco.eventually(rotated);
    await eco.ok(['scale', 'counter', '3']);
    await eco.eventually(() => runs.size === 5);
    await eco.ok(['daemon', 'stop']);
    await eco.ok(['daemon', 'start']);
    await comesOn(2);
    await eco.ok(['flush', 'counter']);
    await comesOn(2);
    await eco.ok(['stop', 'counter']);
    follow.kill('SIGINT');
    await exited;
    const firsts = [...runs].map(([, numbers]) => numbers[0]);
    expect(firsts.slice(2)).toEqual([1, 1, 1]);
    for (const [run, numbers] of runs) {
      const [first = 0] = numbers;
      expect([
        run,
        firstGap(
          numbers.map((number) => number - first + 1),
          numbers.length,
        ),
      ]).toEqual([run, null]);
    }
  });

  test.for(['out_file', 'error_file', 'log_file'])(
    'that cannot be made: %s, and the daemon lives on',
    async (key, { eco }) => {
      const app = { name: 'web', script: './app.js', [key]: '/proc/nope/web.log' };
      await eco.write({ 'ecosystem.json': { project: 'shop', apps: [app] }, 'app.js': 'setInterval(() => {}, 1000)' });
      const { exitCode, all } = await eco.run(['apply']);
      expect(all).toContain("ENOENT: no such file or directory, mkdir '/proc/nope'");
      expect(exitCode).toBe(9);
      expect(await eco.app('web')).toMatchObject({ ready: 0 });
    },
  );

  test.for([
    ['out_file', './folder', 'app/folder: the log is a folder (EISDIR); name a file in it'],
    ['error_file', './server.js/err.log', 'server.js/err.log: the log cannot be opened: '],
    ['log_file', '/sys/kernel/eco.log', '/sys/kernel/eco.log: the log cannot be written ('],
  ])(
    'an app whose %s cannot be written is not started, and that is said',
    async ([key = '', file, message], { eco }) => {
      await eco.write({ 'folder/README.md': '', 'server.js': 'setInterval(() => {}, 1000);' });
      const app = { name: 'one', script: 'server.js', revision: 'none' };
      await eco.write(fileWith({ ...app, [key]: file }));
      const { exitCode, all } = await eco.run(['apply', '--yes']);
      expect(all).toContain(message);
      expect(exitCode).toBe(9);
      await eco.write(fileWith(app));
      await eco.apply();
    },
  );

  test('of an app that does not exist is an error', async ({ eco }) => {
    await eco.write(fileWith(noisy('one', eco)));
    await eco.apply();
    expect((await eco.run(['logs', 'oen', '--no-follow'])).exitCode).toBe(1);
  });
});

/** The log files of the app, and what was rotated out of them. */
function filesOf(eco: EcoRig): readonly string[] {
  return readdirSync(join(eco.home, 'logs', 'noisy')).filter((name) => name.startsWith('flood-'));
}

function archivesOf(eco: EcoRig, app: string): readonly string[] {
  return readdirSync(join(eco.home, 'logs', 'noisy')).filter((name) => new RegExp(`^${app}-.*\\.\\d+$`).test(name));
}

/** How many workers have written all of their lines. */
function wordsOfEnd(eco: EcoRig): number {
  const errors = filesOf(eco).filter((name) => name.endsWith('.err.log'));
  const texts = errors.map((name) => readFileSync(join(eco.home, 'logs', 'noisy', name), 'utf8'));
  return texts.join('').split('done\n').length - 1;
}

/** How often a worker has written all of its lines, in order and each once; throws if anything else is in the logs. */
function runsOf(eco: EcoRig, last: number): number {
  const ledger = new LogLedger(eco.home, Date.now);
  const live = filesOf(eco).filter((name) => name.endsWith('.out.log'));
  const paths = live.map((name) => join(eco.home, 'logs', 'noisy', name));
  return paths.map((path) => runsIn(wholeLog(path, ledger.document(path).start), last)).reduce((a, b) => a + b, 0);
}

function runsIn(text: string, last: number): number {
  let runs = 0;
  for (const numbers of numbersByInstance(text).values()) {
    for (let at = 0; at < numbers.length; at += last, runs += 1) {
      const gap = firstGap(numbers.slice(at, at + last), last);
      if (gap !== null) throw new Error(gap);
    }
  }
  return runs;
}

interface Line {
  readonly app: string;
  readonly instance: number | null;
  readonly line: string;
  readonly message: string;
  readonly at: string | null;
}

async function killDaemon(eco: EcoRig): Promise<void> {
  const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
  kill(pid);
}

async function lines(eco: EcoRig, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await eco.ok(['logs', ...args, '--raw', '--no-follow']);
  return stdout.split('\n').filter((line) => line !== '');
}

function numbersIn(texts: readonly string[]): readonly number[] {
  return texts.map((text) => Number(text.replace(/\D/g, '')));
}
