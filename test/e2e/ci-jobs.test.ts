import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const sleeper = (name: string) => ({ name, script: 'sleep', args: ['1000'], interpreter: 'none' });

describe.concurrent('a job', () => {
  test('that waits says so, at least every 10 s', async ({ eco }) => {
    await writeGated(eco);
    const apply = await startApply(eco);
    const waiting = eco.start(['wait', 'first']);
    let said = '';
    waiting.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const waited = once(waiting, 'close');
    const lines = /^first: start 1 worker … 1\ds: 0 starting$/m;
    await eco.eventually(() => lines.test(apply.out()) && said.includes('for first (starting, 0/1 ready)'), {
      within: 60_000,
    });
    await eco.write({ open: '' });
    expect(await apply.exited).toEqual([0, null]);
    expect(await waited).toEqual([0, null]);
  });

  test.for([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'that is cancelled by %s finishes the step that runs, releases the lock and exits with %i',
    async ([signal, code], { eco }) => {
      await writeGated(eco);
      const apply = await startApply(eco);
      apply.child.kill(signal);
      await eco.eventually(() => apply.err().includes(`${signal}: finishing the steps that run`));
      expect((await eco.run(['apply'])).exitCode).toBe(5);
      await eco.write({ open: '' });
      expect(await apply.exited).toEqual([code, null]);
      expect((await eco.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['first ready']);
      expect(await locksIn(eco)).toEqual([]);
      await eco.apply();
    },
  );

  test('that is cancelled twice leaves at once, and the daemon finishes the step', async ({ eco }) => {
    await writeGated(eco);
    const apply = await startApply(eco);
    // As a runner of GitHub's does it.
    apply.child.kill('SIGINT');
    await eco.eventually(() => apply.err().includes('SIGINT: finishing'));
    apply.child.kill('SIGTERM');
    expect(await apply.exited).toEqual([143, null]);
    expect(await locksIn(eco)).toEqual([]);
    await eco.write({ open: '' });
    await eco.ok(['wait', 'first']);
  });
});

/** Two steps, one after the other; each is done once the file `open` is there. */
async function writeGated(eco: EcoRig): Promise<void> {
  const gated = (name: string) => ({ name, script: './gated.js', wait_ready: true, listen_timeout: '50s' });
  await eco.write({
    'gated.js': `
      setInterval(() => {
        if (require('node:fs').existsSync('open')) process.send('ready');
      }, 20);
    `,
    'ecosystem.json': {
      project: 'shop',
      apps: [
        { ...gated('first'), revision: 'none' },
        { ...gated('second'), revision: 'none', depends_on: { first: 'ready' } },
      ],
    },
  });
}

/** Answers once its first step is under way. */
async function startApply(eco: EcoRig) {
  const child = eco.start(['apply'], { env: { CI: 'true' } });
  const exited = once(child, 'close');
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  await eco.eventually(() => out.includes('first: start'), { within: 30_000 });
  return { child, exited, out: () => out, err: () => err };
}

async function locksIn(eco: EcoRig): Promise<readonly string[]> {
  return readdir(join(eco.home, 'locks')).catch(() => []);
}

describe.concurrent('in a job of GitHub Actions', () => {
  const LINES = [
    '::error::forged',
    '  ::add-mask::e',
    'x ##[add-path]/tmp',
    '::stop-commands::forever',
    'a\r::debug::b',
  ];

  test('no line that an app has written is a command to the runner', async ({ eco }) => {
    await eco.write({
      'broken.js': `console.log(${JSON.stringify(LINES.join('\n'))}); process.exitCode = 1;`,
      'fine.js': `console.log(${JSON.stringify(LINES.join('\n'))}); setInterval(() => {}, 1000);`,
      'ecosystem.json': { project: 'shop', apps: [{ name: 'broken', script: './broken.js' }] },
      'fine.json': { project: 'fine', apps: [{ name: 'fine', script: './fine.js' }] },
    });
    const env = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: eco.folder };
    const commands = async (args: readonly string[]): Promise<readonly string[]> => {
      const { all } = await eco.run(args, { env });
      expect(all).toContain('add-mask');
      return commandsIn(all);
    };
    const annotation = /^::error file=ecosystem.json,line=5,col=15,title=eco%3A broken::broken: rollout failed/;
    for (const args of [['apply'], ['apply', '--json', '--force']]) {
      const given = await commands(args);
      expect(given).toHaveLength(1);
      expect(given[0]).toMatch(annotation);
    }
    await eco.apply('fine.json');
    for (const flags of [[], ['--raw'], ['--json']]) expect(await commands(['logs', 'fine', ...flags])).toEqual([]);
    expect((await commands(['run'])).length).toBeLessThanOrEqual(1);
  });
});

/** What the runner would take for one: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs. */
function commandsIn(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).filter((line) => line.trim().startsWith('::') || line.includes('##['));
}

/** Whatever asks a person in a terminal, or waits for one. */
const COMMANDS: readonly (readonly string[])[] = [
  ['plan', '--out', 'plan.json'],
  ['apply', 'plan.json'],
  ['apply'],
  ['scale', 'web', '2'],
  ['restart', 'web'],
  ['rollback', 'web'],
  ['stop', 'web'],
  ['start', 'web'],
  ['flush', 'web'],
  ['delete', 'web'],
  ['apply', '--allow-empty'],
  ['down'],
  ['init'],
  ['startup', '--print'],
  ['unstartup', '--print'],
  ['daemon', 'upgrade'],
  ['daemon', 'stop', '--apps'],
];

test('without a terminal no command asks, or waits for what nobody types', { timeout: 300_000 }, async ({ eco }) => {
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [sleeper('legacy'), sleeper('web')] } });
  await eco.apply();
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [sleeper('web')] } });
  for (const args of COMMANDS) {
    const child = spawn(eco.node, [eco.binary, ...args], {
      cwd: eco.folder,
      env: eco.environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(60_000) })) as [number | null];
    expect(code, `eco ${args.join(' ')}`).not.toBeNull();
    expect(said).not.toMatch(/\[y\/N\]/i);
  }
});
