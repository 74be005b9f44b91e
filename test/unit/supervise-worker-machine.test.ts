import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../src/domain/policies.ts';
import { seconds } from '../../src/domain/time.ts';
import type { AfterStop, ExitCause, WorkerState } from '../../src/domain/worker-state.ts';
import {
  deadlineOf,
  firstState,
  isDead,
  KILL_RETRY_INTERVAL,
  transition,
  type Context,
  type WorkerEvent,
  type WorkerPolicy,
} from '../../src/supervise/worker-machine.ts';

const NOW = 100_000;
const POLICY: WorkerPolicy = {
  kind: 'service',
  autorestart: true,
  maxRestarts: null,
  minUptime: seconds(60),
  restartDelay: null,
  expBackoffRestartDelay: null,
  stopExitCodes: [],
  restart: DEFAULTS.restart,
  killTimeout: seconds(4),
  readyTimeout: seconds(30),
};
const CRASH: ExitCause = { type: 'exit-code', code: 3 };
const LATE: ExitCause = { type: 'not-ready-in-time', timeout: 30_000, waitingFor: 'ready' };
const restarts = { total: 5, inSeries: 2 };

const STATES = {
  starting: { phase: 'starting', restarts, readyBy: NOW },
  ready: { phase: 'ready', restarts, since: NOW - 2000 },
  draining: { phase: 'draining', restarts, drainedBy: NOW, killAt: NOW + 1000, afterwards: { type: 'stay-stopped' } },
  'draining, late': {
    phase: 'draining',
    restarts,
    drainedBy: NOW,
    killAt: NOW + 1000,
    afterwards: { type: 'count-as-crash', cause: LATE, readyFor: null },
  },
  stopping: { phase: 'stopping', restarts, killAt: NOW, afterwards: { type: 'stay-stopped' } },
  'stopping, late': {
    phase: 'stopping',
    restarts,
    killAt: NOW,
    afterwards: { type: 'count-as-crash', cause: LATE, readyFor: null },
  },
  'backing-off': { phase: 'backing-off', restarts, retryAt: NOW, cause: CRASH },
  stopped: { phase: 'stopped', restarts },
  completed: { phase: 'completed', restarts },
  failed: { phase: 'failed', restarts, cause: CRASH },
} as const satisfies Readonly<Record<string, WorkerState>>;

const EVENTS = {
  spawned: { type: 'spawned' },
  'became-ready': { type: 'became-ready', provedFor: 1000 },
  'exited, tree gone': { type: 'exited', cause: CRASH, treeGone: true },
  'exited, tree left': { type: 'exited', cause: CRASH, treeGone: false },
  'tree-gone': { type: 'tree-gone' },
  'stop-requested': { type: 'stop-requested', handover: true },
  drained: { type: 'drained' },
  condemned: { type: 'condemned', cause: CRASH },
  'deadline-reached': { type: 'deadline-reached' },
} as const satisfies Readonly<Record<string, WorkerEvent>>;

function context(fields: Partial<Context> = {}): Context {
  return { policy: POLICY, now: NOW, random: 0.5, drainable: true, ...fields };
}

/** `draining until +3000, kill at +4000; drain` */
function format(state: WorkerState, event: WorkerEvent, fields: Partial<Context> = {}): string {
  const next = transition(state, event, context(fields));
  if (next.state === state && next.effects.length === 0) return '·';
  return [formatState(next.state), ...next.effects.map(({ type }) => type)].join('; ');
}

function formatAfterwards(afterwards: AfterStop): string {
  if (afterwards.type === 'stay-stopped' || afterwards.readyFor === null) return afterwards.type;
  return `${afterwards.type} after ${afterwards.readyFor}`;
}

function formatState(state: WorkerState): string {
  const at = (instant: number): string => `${instant >= NOW ? '+' : ''}${instant - NOW}`;
  const count = `${state.restarts.total}/${state.restarts.inSeries}`;
  switch (state.phase) {
    case 'starting':
      return `starting by ${at(state.readyBy)} (${count})`;
    case 'ready':
      return `ready since ${at(state.since)}`;
    case 'draining':
      return `draining by ${at(state.drainedBy)}, kill ${at(state.killAt)}, ${formatAfterwards(state.afterwards)}`;
    case 'stopping':
      return `stopping, kill ${at(state.killAt)}, ${formatAfterwards(state.afterwards)}`;
    case 'backing-off':
      return `backing-off until ${at(state.retryAt)} (${count})`;
    default:
      return `${state.phase} (${count})`;
  }
}

describe('every phase and every event', () => {
  const table = Object.entries(STATES).map(([name, state]) => {
    const rows = Object.entries(EVENTS).map(([event, value]) => `  ${event.padEnd(18)}→ ${format(state, value)}`);
    return [`${name}: ${formatState(state)}`, ...rows].join('\n');
  });
  test('gives what the table says', () => {
    expect(`\n${table.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      starting: starting by +0 (5/2)
        spawned           → starting by +30000 (5/2)
        became-ready      → ready since -1000
        exited, tree gone → backing-off until +2000 (6/3)
        exited, tree left → backing-off until +2000 (6/3); kill-tree
        tree-gone         → ·
        stop-requested    → draining by +3000, kill +4000, stay-stopped; drain
        drained           → ·
        condemned         → draining by +3000, kill +4000, count-as-crash; drain
        deadline-reached  → draining by +3000, kill +4000, count-as-crash; drain
      ready: ready since -2000
        spawned           → ·
        became-ready      → ·
        exited, tree gone → backing-off until +2000 (6/3)
        exited, tree left → backing-off until +2000 (6/3); kill-tree
        tree-gone         → ·
        stop-requested    → draining by +3000, kill +4000, stay-stopped; drain
        drained           → ·
        condemned         → stopping, kill +4000, count-as-crash after 2000; signal-stop
        deadline-reached  → ·
      draining: draining by +0, kill +1000, stay-stopped
        spawned           → ·
        became-ready      → ·
        exited, tree gone → stopped (5/2)
        exited, tree left → stopping, kill +1000, stay-stopped; signal-stop
        tree-gone         → ·
        stop-requested    → ·
        drained           → stopping, kill +1000, stay-stopped; signal-stop
        condemned         → ·
        deadline-reached  → stopping, kill +1000, stay-stopped; signal-stop
      draining, late: draining by +0, kill +1000, count-as-crash
        spawned           → ·
        became-ready      → ·
        exited, tree gone → backing-off until +2000 (6/3)
        exited, tree left → stopping, kill +1000, count-as-crash; signal-stop
        tree-gone         → ·
        stop-requested    → draining by +0, kill +1000, stay-stopped
        drained           → stopping, kill +1000, count-as-crash; signal-stop
        condemned         → ·
        deadline-reached  → stopping, kill +1000, count-as-crash; signal-stop
      stopping: stopping, kill +0, stay-stopped
        spawned           → ·
        became-ready      → ·
        exited, tree gone → stopped (5/2)
        exited, tree left → ·
        tree-gone         → stopped (5/2)
        stop-requested    → ·
        drained           → ·
        condemned         → ·
        deadline-reached  → stopping, kill +1000, stay-stopped; kill-tree
      stopping, late: stopping, kill +0, count-as-crash
        spawned           → ·
        became-ready      → ·
        exited, tree gone → backing-off until +2000 (6/3)
        exited, tree left → ·
        tree-gone         → backing-off until +2000 (6/3)
        stop-requested    → stopping, kill +0, stay-stopped
        drained           → ·
        condemned         → ·
        deadline-reached  → stopping, kill +1000, count-as-crash; kill-tree
      backing-off: backing-off until +0 (5/2)
        spawned           → ·
        became-ready      → ·
        exited, tree gone → ·
        exited, tree left → ·
        tree-gone         → ·
        stop-requested    → stopped (5/2)
        drained           → ·
        condemned         → ·
        deadline-reached  → starting by +30000 (5/2); spawn
      stopped: stopped (5/2)
        spawned           → ·
        became-ready      → ·
        exited, tree gone → ·
        exited, tree left → ·
        tree-gone         → ·
        stop-requested    → ·
        drained           → ·
        condemned         → ·
        deadline-reached  → ·
      completed: completed (5/2)
        spawned           → ·
        became-ready      → ·
        exited, tree gone → ·
        exited, tree left → ·
        tree-gone         → ·
        stop-requested    → ·
        drained           → ·
        condemned         → ·
        deadline-reached  → ·
      failed: failed (5/2)
        spawned           → ·
        became-ready      → ·
        exited, tree gone → ·
        exited, tree left → ·
        tree-gone         → ·
        stop-requested    → stopped (5/2)
        drained           → ·
        condemned         → ·
        deadline-reached  → ·
      "
    `);
  });
});

describe('what the table leaves open', () => {
  test('a worker that cannot be told to drain is stopped at once', () => {
    expect(format(STATES.ready, EVENTS['stop-requested'], { drainable: false })).toBe(
      'stopping, kill +4000, stay-stopped; signal-stop',
    );
  });

  test('a task has no time by which it must be ready', () => {
    const policy: WorkerPolicy = { ...POLICY, kind: 'task' };
    expect(firstState(policy, NOW).readyBy).toBe(Number.POSITIVE_INFINITY);
    expect(transition(STATES.starting, EVENTS.spawned, context({ policy })).state).toMatchObject({
      readyBy: Number.POSITIVE_INFINITY,
    });
  });

  test('a task that exits with 0 has completed, whatever it left behind goes', () => {
    const exited: WorkerEvent = { type: 'exited', cause: { type: 'exit-code', code: 0 }, treeGone: false };
    expect(format(STATES.starting, exited, { policy: { ...POLICY, kind: 'task' } })).toBe('completed (5/2); kill-tree');
  });

  test('the time to become ready begins when the process exists, not when it was asked for', () => {
    const waited = firstState(POLICY, NOW - 20_000);
    expect(deadlineOf(transition(waited, EVENTS.spawned, context()).state)).toBe(NOW + POLICY.readyTimeout);
  });

  test('a worker that is drained before its time has the rest of the kill timeout for its stop handlers', () => {
    const draining = transition(STATES.ready, EVENTS['stop-requested'], context()).state;
    const drained = transition(draining, EVENTS.drained, context({ now: NOW + 10 }));
    expect(drained).toEqual({
      state: { phase: 'stopping', restarts, killAt: NOW + POLICY.killTimeout, afterwards: { type: 'stay-stopped' } },
      effects: [{ type: 'signal-stop' }],
    });
  });
});

const policies: fc.Arbitrary<WorkerPolicy> = fc.record({
  kind: fc.constantFrom('service', 'task'),
  autorestart: fc.boolean(),
  maxRestarts: fc.option(fc.integer({ min: 0, max: 5 })),
  minUptime: fc.integer({ min: 0, max: 100_000 }),
  restartDelay: fc.option(fc.integer({ min: 0, max: 10_000 })),
  expBackoffRestartDelay: fc.option(fc.integer({ min: 1, max: 10_000 })),
  stopExitCodes: fc.subarray([0, 1, 3, 125]),
  restart: fc.record({
    delay: fc.integer({ min: 0, max: 10_000 }),
    maxDelay: fc.integer({ min: 0, max: 100_000 }),
    giveUp: fc.option(fc.record({ count: fc.nat(3), window: fc.nat(100_000) })),
  }),
  killTimeout: fc.integer({ min: 0, max: 60_000 }),
  readyTimeout: fc.integer({ min: 1, max: 60_000 }),
});

const causes: fc.Arbitrary<ExitCause> = fc.oneof(
  fc.record({ type: fc.constant('exit-code' as const), code: fc.constantFrom(0, 1, 3, 125) }),
  fc.record({ type: fc.constant('signal' as const), signal: fc.constant('SIGSEGV') }),
  fc.record({ type: fc.constant('spawn-error' as const), message: fc.constant('ENOENT') }),
  fc.constant({ type: 'unknown' as const }),
);

const events: fc.Arbitrary<WorkerEvent> = fc.oneof(
  fc.constantFrom<WorkerEvent>(
    { type: 'spawned' },
    { type: 'tree-gone' },
    { type: 'drained' },
    { type: 'deadline-reached' },
  ),
  fc.record({ type: fc.constant('became-ready' as const), provedFor: fc.integer({ min: 0, max: 1000 }) }),
  fc.record({ type: fc.constant('exited' as const), cause: causes, treeGone: fc.boolean() }),
  fc.record({ type: fc.constant('stop-requested' as const), handover: fc.boolean() }),
);

/** Something that happens, after some time, perhaps exactly when the deadline is due. */
const moments = fc.array(
  fc.record({
    event: events,
    after: fc.oneof(fc.constant('deadline' as const), fc.integer({ min: 0, max: 70_000 })),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    drainable: fc.boolean(),
  }),
  { maxLength: 40 },
);
type Moments = typeof moments extends fc.Arbitrary<infer T> ? T : never;

interface Lived {
  readonly state: WorkerState;
  readonly now: number;
}

/** Every state on the way, the first one included. */
function live(policy: WorkerPolicy, course: Moments): readonly Lived[] {
  const lived: Lived[] = [{ state: firstState(policy, 0), now: 0 }];
  for (const { event, after, random, drainable } of course) {
    const { state, now: before } = lived.at(-1) ?? { state: firstState(policy, 0), now: 0 };
    const due = deadlineOf(state);
    const now =
      after === 'deadline' ? Math.max(before, due === null || !Number.isFinite(due) ? 0 : due) : before + after;
    lived.push({ state: transition(state, event, { policy, now, random, drainable }).state, now });
  }
  return lived;
}

describe('whatever happens', () => {
  test('no transition leaves a deadline behind', () => {
    fc.assert(
      fc.property(policies, moments, fc.integer({ min: 0, max: 5000 }), (policy, course, late) => {
        for (const { state } of live(policy, course)) {
          const due = deadlineOf(state);
          if (due === null || !Number.isFinite(due)) continue;
          const now = due + late;
          const next = transition(
            state,
            { type: 'deadline-reached' },
            { policy, now, random: 0, drainable: true },
          ).state;
          const later = deadlineOf(next);
          expect(next.phase !== state.phase || later === null || later > now).toBe(true);
        }
      }),
    );
  });

  test('a worker that is asked to stop is stopped, if processes that are killed end', () => {
    fc.assert(
      fc.property(policies, moments, fc.boolean(), fc.boolean(), (policy, course, endsBySignal, drainable) => {
        const last = live(policy, course).at(-1);
        if (last === undefined) return;
        let { state, now } = last;
        const step = (event: WorkerEvent) => {
          const next = transition(state, event, { policy, now, random: 0.5, drainable });
          state = next.state;
          return next.effects.map(({ type }) => type);
        };
        let effects = step({ type: 'stop-requested', handover: false });
        for (let steps = 0; !isDead(state); steps += 1) {
          expect(steps).toBeLessThan(6);
          const ends = effects.includes('kill-tree') || (endsBySignal && effects.includes('signal-stop'));
          now = ends ? now : Math.max(now, deadlineOf(state) ?? now);
          effects = step(ends ? { type: 'exited', cause: CRASH, treeGone: true } : { type: 'deadline-reached' });
        }
        expect(['stopped', 'completed']).toContain(state.phase);
        expect(effects).toEqual([]);
      }),
    );
  });

  test('SIGKILL is asked for at the latest when the kill timeout is over', () => {
    fc.assert(
      fc.property(policies, moments, fc.boolean(), (policy, course, drainable) => {
        const last = live(policy, course).at(-1);
        if (last === undefined) return;
        const askedAt = last.now;
        let { state, now } = transitionAt(last, { type: 'stop-requested', handover: true }, { policy, drainable });
        if (last.state.phase === 'stopping' && last.state.killAt > askedAt + policy.killTimeout) {
          // It has been killed before and is asked again every second.
          expect(last.state.killAt - askedAt).toBeLessThanOrEqual(KILL_RETRY_INTERVAL);
          return;
        }
        for (let due = deadlineOf(state); due !== null; due = deadlineOf(state)) {
          now = Math.max(now, due);
          const next = transition(state, { type: 'deadline-reached' }, { policy, now, random: 0, drainable });
          state = next.state;
          if (!next.effects.some(({ type }) => type === 'kill-tree')) continue;
          expect(now).toBeLessThanOrEqual(askedAt + policy.killTimeout);
          return;
        }
        expect(isDead(state)).toBe(true);
      }),
    );
  });

  test('the number of restarts never falls, and a series is never longer than all of them', () => {
    fc.assert(
      fc.property(policies, moments, (policy, course) => {
        let before = 0;
        for (const { state } of live(policy, course)) {
          const { total, inSeries } = state.restarts;
          expect(total).toBeGreaterThanOrEqual(before);
          expect(inSeries).toBeLessThanOrEqual(total);
          before = total;
        }
      }),
    );
  });
});

function transitionAt(
  { state, now }: Lived,
  event: WorkerEvent,
  { policy, drainable }: Pick<Context, 'policy' | 'drainable'>,
): { state: WorkerState; now: number } {
  return { state: transition(state, event, { policy, now, random: 0, drainable }).state, now };
}
