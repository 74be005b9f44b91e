import { describe, expect, test } from 'vitest';
import { withoutCommands, withoutCommandsInJson } from '../../src/cli/render/workflow-commands.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import type { StepOutcome } from '../../src/protocol/control.ts';
import { deferred } from '../../src/util/deferred.ts';
import { eventually } from '../support/eventually.ts';
import { app, fakeEco, loadedFile, observedApps, spec, type World } from './cli-fake-context.ts';

const BROKEN: Failure = {
  reason: 'rollout-failed',
  app: 'api',
  workers: [
    {
      worker: 'shop/api:0#7',
      cause: { type: 'exit-code', code: 1 },
      lastLines: ['::error::not mine', '@team `see`', "Error: Cannot find module './database'"],
    },
  ],
  serving: { revision: 41, ready: 2, desired: 2 },
};

const changed = [spec('api', { args: ['new'] }), spec('web')];
const failing: World = {
  observed: observedApps([app('api'), app('web')]),
  loaded: loadedFile(changed),
  onStep: async () => err(BROKEN),
  source: { commit: '0123456789abcdef', author: 'Ann', dirty: false },
};
const GITHUB = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: '/home/me/shop', GITHUB_STEP_SUMMARY: '/tmp/summary' };

describe('in GitHub Actions', () => {
  test.each([[['apply']], [['apply', '--json']]])('%j annotates the app that failed, with the cause', async (args) => {
    const { run, seen } = fakeEco({ ...failing, environment: GITHUB });
    expect(await run(...args)).toBe(8);
    expect(seen.err.split('\n').filter((line) => line.startsWith('::'))).toEqual([
      '::error file=ecosystem.yaml,line=7,col=5,title=eco%3A api::api: rollout failed, revision 41 is still serving (2/2 ready)' +
        "%0Ashop/api:0#7: exit code 1%0A    ::error::not mine%0A    @team `see`%0A    Error: Cannot find module './database'",
    ]);
  });

  test('apply adds what it did to the summary of the job, as text whatever it looks like', async () => {
    const { run, seen } = fakeEco({ ...failing, environment: GITHUB });
    await run('apply');
    expect(seen.summary).toMatchInlineSnapshot(`
      "### eco apply: shop · ecosystem.yaml · commit 0123456

      | app | | | revision |
      |---|---|---|---|
      | api | FAILED | api: rollout failed, revision 41 is still serving (2/2 ready) | 41 |

      **Not all applied: 1 failed · 1 unchanged**

      <details><summary>api: rollout failed, revision 41 is still serving (2/2 ready)</summary>

      \`\`\`text
      shop/api:0#7: exit code 1
          ::error::not mine
          @team \`see\`
          Error: Cannot find module './database'
        More of its output: eco logs api
      api: rollout failed, revision 41 is still serving (2/2 ready)
      \`\`\`

      </details>
      "
    `);
    const fine = fakeEco({ ...failing, environment: GITHUB, onStep: async () => ok(SERVING) });
    expect(await fine.run('apply')).toBe(0);
    expect(fine.seen.summary).toContain('| api | done | reloaded, 2/2 ready | 42 |');
    expect(fine.seen.err).toBe('');
  });

  test('so do an apply without changes, a plan, and what was refused', async () => {
    const same = { observed: observedApps([app('api')]), loaded: loadedFile([spec('api')]), environment: GITHUB };
    const runs: readonly (readonly [world: World, words: string, code: number, text: RegExp])[] = [
      [same, 'apply', 0, /^### eco apply: shop · ecosystem.yaml\n\nNo changes: 1 app matches ecosystem.yaml.\n$/],
      [{ ...failing, environment: GITHUB }, 'plan', 0, /^### eco plan: shop[^]+\| `~` \| api \|/],
      [{ ...same, loaded: loadedFile([]) }, 'apply', 7, /^### eco apply failed\n\n```text\n.*has no apps/],
      [{ ...same, loaded: loadedFile([]) }, 'plan', 7, /^### eco plan failed\n\n```text\n.*has no apps/],
      [{ environment: GITHUB }, 'apply', 3, /^### eco apply failed/],
    ];
    for (const [world, words, code, text] of runs) {
      const { run, seen } = fakeEco(world);
      expect(await run(words), words).toBe(code);
      expect(seen.summary).toMatch(text);
      expect(/^::error title=eco::/m.test(seen.err)).toBe(code === 7);
    }
  });

  test('no text can be taken for a command', () => {
    expect(withoutCommands('::a\n  ::b::c\r::d\nx ::e\n##[f] ##[g]\n:h\n')).toBe(
      ': :a\n  : :b::c\r: :d\nx ::e\n## [f] ## [g]\n:h\n',
    );
    const log = { line: '##[add-mask]e', number: 1 };
    const json = withoutCommandsInJson(JSON.stringify(log));
    expect(json).not.toContain('##[');
    expect(JSON.parse(json)).toEqual(log);
  });
});

describe('in GitLab', () => {
  const GITLAB = { GITLAB_CI: 'true' };

  test('the plan of an apply is folded under its numbers, and what a worker wrote is a section that is open', async () => {
    const { run, seen } = fakeEco({ ...failing, environment: GITLAB });
    expect(await run('apply')).toBe(8);
    expect(seen.out).toContain(
      '\u001B[0Ksection_start:0:eco_plan_0_1[collapsed=true]\r\u001B[0KPlan: 1 to reload · 1 unchanged\nshop · ecosystem.yaml',
    );
    expect(seen.out).toContain('Plan: 1 to reload · 1 unchanged\n\u001B[0Ksection_end:0:eco_plan_0_1\r\u001B[0K\n');
    expect(seen.err).toContain(
      '\u001B[0Ksection_start:0:eco_output_0_2\r\u001B[0Kshop/api:0#7: exit code 1\n    ::error::not mine\n',
    );
    expect(seen.err).toContain("'./database'\n\u001B[0Ksection_end:0:eco_output_0_2\r\u001B[0K\n");
    expect(seen.err).toContain('api: rollout failed, revision 41 is still serving (2/2 ready)');
  });

  test('nothing is folded where a program reads, and nothing that was asked for', async () => {
    for (const args of [['apply', '--json'], ['plan'], ['apply', '--quiet']]) {
      const { run, seen } = fakeEco({ ...failing, environment: GITLAB, onStep: async () => ok(SERVING) });
      expect(await run(...args)).toBe(0);
      expect(seen.out + seen.err).not.toContain('section_start');
    }
  });
});

const SERVING = { serving: { revision: 42, ready: 2, desired: 2 } };

describe('while it takes long', () => {
  test.each([
    ['apply', 'api: reload 1 worker … 0ms\n'],
    ['down', 'api: delete 1 worker … 0ms\nweb: delete 1 worker … 0ms\n'],
  ])('%s says again and again what is under way', async (command, line) => {
    const { run, seen, answer } = slowly();
    const done = run(command);
    await answer.asked;
    seen.passTime();
    seen.passTime();
    expect(seen.out.split(line)).toHaveLength(3);
    answer.give(ok(SERVING));
    expect(await done).toBe(0);
    const said = seen.out;
    seen.passTime();
    expect(seen.out).toBe(said);
  });

  test('apply --json tells again how far each step is', async () => {
    const { run, seen, answer } = slowly();
    const done = run('apply', '--json');
    await answer.asked;
    seen.passTime();
    expect(JSON.parse(seen.out.trimEnd().split('\n').at(-1) ?? '')).toEqual({
      type: 'step_progress',
      app: 'api',
      action: 'reload',
      workers: [],
    });
    answer.give(ok(SERVING));
    expect(await done).toBe(0);
  });

  test.each([['restart'], ['stop'], ['reload'], ['delete']])('so does %s', async (command) => {
    const { run, seen, answer } = slowly();
    const done = run(command, 'all');
    await answer.asked;
    seen.passTime();
    expect(seen.err).toBe(`Waiting (0ms): ${command} api, web\n`);
    answer.give(ok(SERVING));
    expect(await done).toBe(0);
  });

  test.each([
    ['daemon', 'stop', '--apps'],
    ['daemon', 'upgrade'],
  ])('so does %s %s', async (...words) => {
    const shutdown = deferred<void>();
    const { run, seen } = fakeEco({ ...failing, shutdown: shutdown.promise });
    const done = run(...words);
    await eventually(() => {
      seen.passTime();
      return seen.err.includes('Waiting (0ms) for the daemon to finish what it does\n');
    });
    shutdown.resolve();
    await done;
    expect(seen.calls).toContain(words.includes('--apps') ? 'shutdown with apps' : 'shutdown');
  });

  test('wait says every 10 s what it waits for', async () => {
    const observed = observedApps([app('api', { phase: 'starting' }), app('web')]);
    const { run, seen } = fakeEco({ observed });
    expect(await run('wait', 'all', '--timeout', '25s')).toBe(10);
    const lines = seen.err.split('\n').filter((line) => line.startsWith('Waiting'));
    expect(lines).toEqual([10, 20].map((span) => `Waiting (${span}s) for api (starting, 0/1 ready)`));
  });
});

/** Every step waits for one answer. */
function slowly() {
  const [asked, answer] = [deferred<void>(), deferred<Result<StepOutcome>>()];
  const eco = fakeEco({
    ...failing,
    onStep: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  return { ...eco, answer: { asked: asked.promise, give: answer.resolve } };
}

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('an apply that %s interrupts in its last step finishes it, and is no success', async (signal, code) => {
  for (const flags of [[], ['--json']]) {
    const { run, seen, answer } = slowly();
    const done = run('apply', ...flags);
    await answer.asked;
    seen.interrupt(signal, 1);
    answer.give(ok(SERVING));
    expect(await done).toBe(code);
    expect(seen.calls.at(-1)).toBe('release');
    expect(seen.out).toContain(flags.length === 0 ? 'Applied: 1 reloaded' : `"exit_code":${code},"succeeded":1`);
  }
});
