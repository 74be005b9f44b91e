import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { documentSchemas } from '../support/document-schemas.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const sleeper = (name: string, more: object = {}) => ({
  name,
  script: 'sleep',
  args: ['1000'],
  interpreter: 'none',
  ...more,
});

interface DriftDocument {
  readonly drift: readonly {
    readonly app: string;
    readonly path: string;
    readonly expected: unknown;
    readonly actual: unknown;
    readonly cause: string;
    readonly by: { readonly user: string } | null;
    readonly at: string | null;
  }[];
  readonly pending: readonly string[];
}

async function driftOf(
  eco: EcoRig,
  ...args: readonly string[]
): Promise<DriftDocument & { readonly exitCode: number }> {
  const { exitCode, stdout, all } = await eco.run(['drift', '--exit-code', '--json', ...args]);
  expect([0, 4], all).toContain(exitCode);
  const document = JSON.parse(stdout) as DriftDocument;
  documentSchemas(join(eco.packageFolder, 'schemas'))('drift', document);
  return { ...document, exitCode };
}

/** `api workers 1 → 0 deleted by hand` */
const lines = ({ drift }: DriftDocument) =>
  drift.map(({ app, path, expected, actual, cause }) =>
    path === 'code' ? `${app} ${cause}` : `${app} ${path} ${String(expected)} → ${String(actual)} ${cause}`,
  );

describe.concurrent('eco drift', () => {
  test('tells what was done by hand, by whom and when, until the next apply', async ({ eco }) => {
    const apps = [
      sleeper('deleted', { instances: 2 }),
      sleeper('ignored', { ignore_changes: ['instances'] }),
      sleeper('scaled', { instances: 2 }),
      sleeper('stopped'),
      { name: 'task', kind: 'task', script: './task.js' },
    ];
    await eco.write({ 'task.js': '', 'ecosystem.json': { project: 'shop', apps } });
    await eco.apply();
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0, drift: [], pending: [] });

    await eco.ok(['scale', 'scaled', '3']);
    await eco.ok(['scale', 'ignored', '2']);
    await eco.ok(['stop', 'stopped']);
    await eco.ok(['delete', 'deleted']);
    // What was deleted is known to the next daemon as well.
    await eco.ok(['daemon', 'stop']);
    const found = await driftOf(eco);
    expect(found).toMatchObject({ exitCode: 4, pending: [] });
    expect(lines(found)).toEqual([
      'deleted workers 2 → 0 deleted by hand',
      'scaled instances 2 → 3 scaled by hand',
      'stopped workers 1 → 0 stopped by hand',
    ]);
    for (const { by, at } of found.drift) {
      expect(by?.user).toBe(userInfo().username);
      expect(Math.abs(Date.now() - Date.parse(at ?? ''))).toBeLessThan(600_000);
    }
    const shown = await eco.run(['drift', '--exit-code']);
    expect(shown.exitCode).toBe(4);
    expect(shown.stdout).toMatch(/! deleted +workers 2 → 0 +deleted by hand: \S+, \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    expect(shown.stdout).toContain('Drift: 3 of 5 apps differ from the last apply. eco apply makes them match');
    const plan = await eco.run(['plan', '--detailed-exitcode']);
    expect(plan.exitCode, plan.all).toBe(4);
    expect(plan.stdout).toMatch(/\+ deleted +start 2 workers +deleted by hand/);
    expect(await driftOf(eco, '--only', 'ignored')).toMatchObject({ exitCode: 0 });

    await eco.edit('ecosystem.json', '"instances": 2', '"instances": 1');
    expect(await driftOf(eco)).toMatchObject({ exitCode: 4, pending: ['deleted'] });
    await eco.apply();
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0, drift: [], pending: [] });
  });

  test('tells of code that changed, of workers that die again and again, and of processes that are nobody’s', async ({
    eco,
  }) => {
    const program = 'setInterval(() => {}, 1000);';
    const dying = sleeper('dying', { restart: { delay: '5m', max_delay: '5m' } });
    await eco.write({
      'web/server.js': program,
      'ecosystem.json': { project: 'shop', apps: [{ name: 'web', cwd: 'web', script: './server.js' }, dying] },
    });
    await eco.apply();
    await eco.write({ 'web/server.js': `${program} // new` });
    expect(lines(await driftOf(eco))).toEqual(['web 1 file changed: server.js']);
    expect((await eco.run(['drift', '--exit-code'])).exitCode).toBe(4);
    await eco.apply();
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0 });

    await eco.eventually(async () => {
      const { status, workers } = await eco.app('dying');
      for (const { pid } of workers) if (pid !== null) process.kill(pid, 'SIGKILL');
      return status === 'backing-off';
    });
    const loop = ['dying workers 1 → 0 1 of 1 worker is backing off: killed by SIGKILL'];
    expect(lines(await driftOf(eco))).toEqual(loop);
    await eco.apply();
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0 });

    const stray = spawn('sleep', ['1000'], {
      detached: true,
      stdio: 'ignore',
      env: { ...eco.environment(), ECO_ID: `${eco.home} shop/web:0#999` },
    });
    const found = await driftOf(eco);
    stray.kill('SIGKILL');
    await once(stray, 'exit');
    expect(found).toMatchObject({ exitCode: 4, drift: [{ app: 'web', path: 'process', actual: stray.pid }] });
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0 });
  });

  test('is none where nothing was applied, and no daemon is started for it', async ({ eco }) => {
    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [sleeper('web')] } });
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0, drift: [], pending: ['web'] });
    expect((await eco.ok(['drift'])).all).toMatch(
      /No drift: nothing of project shop is applied here\.\n.*\(web\): eco plan/,
    );
    expect(await eco.json(['daemon', 'status'])).toMatchObject({ running: false });
    expect((await eco.run(['drift', 'other.json'])).exitCode).toBe(3);

    await eco.apply();
    const { pid } = await eco.json<{ readonly pid: number }>(['daemon', 'status']);
    process.kill(pid, 'SIGKILL');
    expect(await driftOf(eco)).toMatchObject({ exitCode: 0, drift: [], pending: [] });
    await eco.write({ 'other/ecosystem.json': { project: 'shop', apps: [sleeper('web')] } });
    expect((await eco.run(['drift'], { in: 'other' })).exitCode).toBe(7);
  });
});
