import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { gone, isAlive, kill } from '../support/processes.ts';

/** The long form, by hand: ECO_FAULT_APPS=1000 npm run test:faults */
const count = Number(process.env['ECO_FAULT_APPS'] ?? 40);
const PATIENCE = 600_000;

describe('very many apps', () => {
  test('are applied, listed, planned, adopted and deleted', { timeout: PATIENCE }, async ({ eco }) => {
    const apps = Array.from({ length: count }, (_, i) => {
      return { name: `app-${i}`, script: 'sleep', args: ['3600'], interpreter: 'none', rollout: { min_ready: 0 } };
    });
    await eco.write({ 'ecosystem.json': { project: 'many', apps } });
    await timed('apply', () => eco.ok(['apply'], { timeout: PATIENCE }));
    await timed('list', () => eco.ok(['list']));
    await timed('plan', () => eco.ok(['plan'], { timeout: PATIENCE }));
    const before = await pids(eco);
    expect(before).toHaveLength(count);

    const daemon = await eco.json<{ readonly pid: number; readonly memory_bytes?: number }>(['daemon', 'status']);
    kill(daemon.pid);
    await gone([daemon.pid], { within: 5000 });
    await timed('list by the next daemon', () => eco.ok(['list']));
    expect(await pids(eco)).toEqual(before);
    expect((await timed('apply without changes', () => eco.ok(['apply'], { timeout: PATIENCE }))).stdout).toContain(
      'No changes',
    );

    await timed('down', () => eco.ok(['down', '--yes'], { timeout: PATIENCE }));
    expect(await eco.list()).toEqual([]);
    expect(before.filter(isAlive)).toEqual([]);
  });
});

async function timed<T>(what: string, action: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await action();
  console.log(`${count} apps: ${what} ${Math.round(performance.now() - started)} ms`);
  return result;
}

async function pids(eco: EcoRig): Promise<readonly number[]> {
  return (await eco.list()).flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? []));
}
