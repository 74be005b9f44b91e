import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const sleeper = (name: string) => ({ name, script: 'sleep', args: ['1000'], interpreter: 'none' });
const fileWith = (...apps: readonly object[]) => ({ 'ecosystem.json': { project: 'shop', apps } });
const QUESTION = { at: /\(y\/N\)|\[y\/N\]/i };

describe.concurrent('in a terminal, apply', () => {
  test('shows its progress, and asks nothing when nothing is lost', async ({ eco }) => {
    await eco.write(fileWith(sleeper('api'), sleeper('worker')));
    const { exitCode, all } = await eco.inTerminal(['apply'], { ...QUESTION, typed: 'n\r' });
    expect(exitCode).toBe(0);
    expect(all).not.toMatch(QUESTION.at);
    expect(all).toMatch(/api/);
    expect(all).toContain('\u001B[');
    expect((await eco.list()).map(({ status }) => status)).toEqual(['ready', 'ready']);
  });

  test('asks before it deletes, and does nothing on a no', async ({ eco }) => {
    await removeLegacy(eco);
    const { exitCode, all } = await eco.inTerminal(['apply'], { ...QUESTION, typed: 'n\r' });
    expect(all).toMatch(QUESTION.at);
    expect(exitCode).not.toBe(0);
    expect(await names(eco)).toEqual(['api', 'legacy']);
  });

  test('deletes on a yes', async ({ eco }) => {
    await removeLegacy(eco);
    expect((await eco.inTerminal(['apply'], { ...QUESTION, typed: 'y\r' })).exitCode).toBe(0);
    expect(await names(eco)).toEqual(['api']);
  });

  test('is interrupted at its question by Ctrl-C, and changes nothing', async ({ eco }) => {
    await removeLegacy(eco);
    expect((await eco.inTerminal(['apply'], { ...QUESTION, typed: '\u0003' })).exitCode).toBe(130);
    expect(await names(eco)).toEqual(['api', 'legacy']);
  });

  test('asks nothing with --yes, nor in CI, where it draws nothing either', async ({ eco }) => {
    await removeLegacy(eco);
    const sized = { COLUMNS: '80' };
    const withYes = await eco.inTerminal(['apply', '--yes'], { ...QUESTION, typed: 'n\r', env: sized });
    expect(withYes.all).not.toMatch(QUESTION.at);
    expect(withYes.exitCode).toBe(0);
    await removeLegacy(eco);
    const inCi = await eco.inTerminal(['apply'], { ...QUESTION, typed: 'n\r', env: { ...sized, CI: 'true' } });
    expect(inCi.all).not.toMatch(QUESTION.at);
    // What is drawn anew hides the cursor meanwhile.
    expect(withYes.all).toContain('\u001B[?25l');
    expect(inCi.all).not.toContain('\u001B[?25l');
    expect(inCi.exitCode).toBe(0);
    expect(await names(eco)).toEqual(['api']);
  });
});

async function removeLegacy(eco: EcoRig): Promise<void> {
  await eco.write(fileWith(sleeper('api'), sleeper('legacy')));
  await eco.apply();
  await eco.write(fileWith(sleeper('api')));
}

async function names(eco: EcoRig): Promise<readonly string[]> {
  return (await eco.list()).map(({ name }) => name);
}
