import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RolloutPolicy } from '../../src/domain/policies.ts';
import type { ExitCause, WorkerState } from '../../src/domain/worker-state.ts';
import { rollStep, type RolloutInput, type RolloutWorker } from '../../src/supervise/rollout-machine.ts';

const NOW = 60_000;
const restarts = { total: 0, inSeries: 0 };
const TIMES = { minReady: 1000, progressDeadline: 600_000 };
const ROLLING: RolloutPolicy = { maxSurge: 1, maxUnavailable: 0, overlap: true, ...TIMES };
const REPLACING: RolloutPolicy = { maxSurge: 0, maxUnavailable: 99, overlap: false, ...TIMES };
const CRASH: ExitCause = { type: 'exit-code', code: 1 };
const LATE: ExitCause = { type: 'not-ready-in-time', timeout: 1, waitingFor: 'listen' };

/** `available` has been ready for long enough; `ready` has just become so. */
const STATES = {
  starting: { phase: 'starting', restarts, readyBy: NOW + 30_000 },
  ready: { phase: 'ready', restarts, since: NOW - 400 },
  available: { phase: 'ready', restarts, since: NOW - 1000 },
  draining: { phase: 'draining', restarts, drainedBy: NOW + 1, killAt: NOW + 2, afterwards: { type: 'stay-stopped' } },
  stopping: { phase: 'stopping', restarts, killAt: NOW + 2, afterwards: { type: 'stay-stopped' } },
  late: {
    phase: 'stopping',
    restarts,
    killAt: NOW + 2,
    afterwards: { type: 'count-as-crash', cause: LATE, readyFor: null },
  },
  crashed: { phase: 'backing-off', restarts, retryAt: NOW + 100, cause: CRASH },
  failed: { phase: 'failed', restarts, cause: CRASH },
  completed: { phase: 'completed', restarts },
  stopped: { phase: 'stopped', restarts },
} as const satisfies Readonly<Record<string, WorkerState>>;

/** `old:0 available`, `new:1 starting`: the id and the state. */
function workers(...lines: readonly string[]): readonly RolloutWorker[] {
  return lines.map((line) => {
    const [id = '', state = ''] = line.split(' ');
    const instance = Number(id.split(':')[1]);
    return { id, instance, current: id.startsWith('new'), state: STATES[state as keyof typeof STATES] };
  });
}

/** `start 0; stop old:1; wait 600` */
function format(desired: number, lines: readonly string[], fields: Partial<RolloutInput> = {}): string {
  const step = rollStep({
    desired,
    policy: ROLLING,
    workers: workers(...lines),
    kind: 'service',
    failFast: true,
    lastProgress: NOW,
    now: NOW,
    ...fields,
  });
  const { verdict } = step;
  const end =
    verdict.type === 'wait'
      ? `wait ${verdict.at === null ? '' : verdict.at - NOW}`
      : verdict.type === 'failed'
        ? `failed ${verdict.failures.map(({ worker, cause }) => `${worker} ${cause.type}`).join(', ')}`
        : verdict.type;
  return [
    ...(step.start.length > 0 ? [`start ${step.start.join(' ')}`] : []),
    ...(step.stop.length > 0 ? [`stop ${step.stop.join(' ')}`] : []),
    end,
  ].join('; ');
}

const REPLACE = { policy: REPLACING };
const SURGE_3 = { policy: { ...ROLLING, maxSurge: 3 } };
const IN_PLACE = { policy: { ...ROLLING, maxSurge: 0, maxUnavailable: 1 } };
const TASK = { kind: 'task', policy: REPLACING } as const;
const UNATTENDED = { failFast: false };

test.for<[string, number, readonly string[], Partial<RolloutInput>, string]>([
  ['first start: only the canary', 4, [], {}, 'start 0; wait 600000'],
  ['first start: the canary is not ready', 4, ['new:0 starting'], {}, 'wait 600000'],
  ['first start: the canary is not proved', 4, ['new:0 ready'], {}, 'wait 600'],
  ['first start: the canary is proved, all others at once', 4, ['new:0 available'], {}, 'start 1 2 3; wait 600000'],
  ['first start: a crash after the proof', 2, ['new:0 available', 'new:1 crashed'], {}, 'failed new:1 exit-code'],
  ['all there', 2, ['new:0 available', 'new:1 available'], {}, 'done'],
  ['all there, one of them fresh', 2, ['new:0 available', 'new:1 ready'], {}, 'wait 600'],
  ['one has gone', 3, ['new:0 available', 'new:2 available'], {}, 'start 1; wait 600000'],
  [
    'scaled down while the first one is gone: the last one goes only once its successor serves',
    1,
    ['new:1 available'],
    {},
    'start 0; wait 600000',
  ],
  ['scaled down: the successor serves', 1, ['new:0 available', 'new:1 available'], {}, 'stop new:1; wait 600000'],
  [
    'scaled down with a gap',
    2,
    ['new:1 available', 'new:2 available', 'new:3 available'],
    {},
    'stop new:2; wait 600000',
  ],
  [
    'scaled down with a gap, without room above',
    2,
    ['new:1 available', 'new:2 available'],
    IN_PLACE,
    'stop new:2; wait 600000',
  ],
  [
    'two of one number: the one that serves stays',
    1,
    ['new:0 starting', 'new:0 available'],
    {},
    'stop new:0; wait 600000',
  ],
  ['what is stopped does not count', 1, ['new:0 stopped', 'old:0 stopped'], {}, 'start 0; wait 600000'],

  ['rolling 1: the successor beside the old one', 1, ['old:0 available'], {}, 'start 0; wait 600000'],
  ['rolling 1: the successor is not proved', 1, ['old:0 available', 'new:0 ready'], {}, 'wait 600'],
  ['rolling 1: the old one goes', 1, ['old:0 available', 'new:0 available'], {}, 'stop old:0; wait 600000'],
  ['rolling 1: the old one is going', 1, ['old:0 draining', 'new:0 available'], {}, 'wait 600000'],
  ['rolling 1: the old one has gone', 1, ['new:0 available'], {}, 'done'],
  [
    'rolling 4: canary',
    4,
    ['old:0 available', 'old:1 available', 'old:2 available', 'old:3 available'],
    {},
    'start 0; wait 600000',
  ],
  [
    'rolling 4: the canary is proved',
    4,
    ['old:0 available', 'old:1 available', 'old:2 available', 'old:3 available', 'new:0 available'],
    {},
    'stop old:0; wait 600000',
  ],
  [
    'rolling 4: a place is free',
    4,
    ['old:0 draining', 'old:1 available', 'old:2 available', 'old:3 available', 'new:0 available'],
    {},
    'start 1; wait 600000',
  ],
  [
    'rolling 4: the last one',
    4,
    ['old:3 available', 'new:0 available', 'new:1 available', 'new:2 available'],
    {},
    'start 3; wait 600000',
  ],
  [
    'rolling 12, three above',
    12,
    Array.from({ length: 12 }, (_, i) => `old:${i} available`).concat('new:0 available'),
    SURGE_3,
    'start 1 2; stop old:0; wait 600000',
  ],
  ['one below: the old one goes first', 2, ['old:0 available', 'old:1 available'], IN_PLACE, 'stop old:0; wait 600000'],
  ['one below: then it is waited for', 2, ['old:0 draining', 'old:1 available'], IN_PLACE, 'wait 600000'],
  ['one below: then its successor comes', 2, ['old:1 available'], IN_PLACE, 'start 0; wait 600000'],
  ['one below: then the next', 2, ['new:0 available', 'old:1 available'], IN_PLACE, 'stop old:1; wait 600000'],
  [
    'rolling: old ones that do not serve go first, and at once',
    2,
    ['old:0 available', 'old:1 crashed'],
    {},
    'start 0; stop old:1; wait 600000',
  ],
  [
    'rolling: an old one that failed for good is nobody',
    2,
    ['old:0 available', 'old:1 failed'],
    {},
    'start 0; wait 600000',
  ],
  ['rolling: nothing old serves', 2, ['old:0 crashed', 'old:1 starting'], {}, 'start 0; stop old:0 old:1; wait 600000'],

  ['scale up', 3, ['new:0 available'], {}, 'start 1 2; wait 600000'],
  [
    'scale down takes the highest',
    1,
    ['new:2 available', 'new:0 available', 'new:1 available'],
    {},
    'stop new:1 new:2; wait 600000',
  ],
  [
    'scale down leaves a high one that serves until a low one does',
    1,
    ['new:0 starting', 'new:1 available'],
    {},
    'wait 600000',
  ],
  [
    'scale down leaves nobody fewer serving than desired',
    1,
    ['new:0 starting', 'new:1 available', 'old:0 available'],
    {},
    'stop new:1; wait 600000',
  ],
  [
    'scale down of what does not serve',
    1,
    ['new:0 available', 'new:1 failed', 'new:2 crashed'],
    UNATTENDED,
    'stop new:1 new:2; wait 600000',
  ],
  ['scale down waits for them to go', 1, ['new:0 available', 'new:1 stopping'], {}, 'wait 600000'],
  [
    'scale down during a reload',
    1,
    ['old:0 available', 'old:1 available', 'old:2 available'],
    {},
    'stop old:0 old:1; wait 600000',
  ],

  ['replace: all old ones go', 2, ['old:0 available', 'old:1 available'], REPLACE, 'stop old:0 old:1; wait 600000'],
  [
    'a worker that is ended because it failed comes back by itself: nobody takes its place',
    2,
    ['new:0 late', 'new:1 available'],
    UNATTENDED,
    'wait 600000',
  ],
  ['replace: none is started while one goes', 2, ['old:0 draining'], REPLACE, 'wait 600000'],
  ['replace: then the canary', 2, [], REPLACE, 'start 0; wait 600000'],
  ['replace: then the rest', 2, ['new:0 available'], REPLACE, 'start 1; wait 600000'],

  ['a canary that crashes fails the rollout', 2, ['old:0 available', 'new:0 crashed'], {}, 'failed new:0 exit-code'],
  ['a canary that gave up fails the rollout', 2, ['old:0 available', 'new:0 failed'], {}, 'failed new:0 exit-code'],
  [
    'a worker that is late fails the rollout while it is being ended',
    2,
    ['old:0 available', 'new:0 late'],
    {},
    'failed new:0 not-ready-in-time',
  ],
  [
    'the crash of an old one does not',
    2,
    ['old:0 crashed', 'old:1 available', 'new:0 starting'],
    {},
    'stop old:0; wait 600000',
  ],
  [
    'without anybody waiting a crash is left to the restart policy',
    2,
    ['new:0 crashed', 'new:1 available'],
    UNATTENDED,
    'wait 600000',
  ],
  [
    'without anybody waiting a failed one keeps its place',
    2,
    ['new:0 failed', 'new:1 available'],
    UNATTENDED,
    'wait 600000',
  ],

  ['tasks: no canary', 2, [], TASK, 'start 0 1; wait 600000'],
  ['tasks: all have completed', 2, ['new:0 completed', 'new:1 completed'], TASK, 'done'],
  ['tasks: one has not', 2, ['new:0 completed', 'new:1 starting'], TASK, 'wait 600000'],
  ['tasks: one has failed', 2, ['new:0 completed', 'new:1 failed'], TASK, 'failed new:1 exit-code'],
  ['tasks: fewer of them than have completed', 1, ['new:0 completed', 'new:1 completed'], TASK, 'done'],
  ['tasks: those of the last time are over', 2, ['old:0 completed', 'old:1 failed'], TASK, 'start 0 1; wait 600000'],

  [
    'superseded: what the last rollout left',
    2,
    ['old:0 available', 'old:1 available', 'old:2 starting'],
    {},
    'stop old:2; wait 600000',
  ],
  ['no progress for the whole deadline', 2, ['new:0 starting'], { lastProgress: NOW - 600_000 }, 'stalled'],
  ['some progress just before it', 2, ['new:0 starting'], { lastProgress: NOW - 599_999 }, 'wait 1'],
  ['done, though nothing has moved for long', 1, ['new:0 available'], { lastProgress: 0 }, 'done'],
])('%s', ([, desired, lines, fields, expected]) => {
  expect(format(desired, lines, fields)).toBe(expected);
});

interface Simulated {
  readonly id: string;
  readonly instance: number;
  readonly current: boolean;
  state: WorkerState;
}

/** What chance makes of one worker at one moment. */
type Chance = 'nothing' | 'time' | 'ready' | 'crash' | 'late' | 'gone';
const chances = fc.array(
  fc.tuple(fc.constantFrom<Chance>('nothing', 'time', 'ready', 'crash', 'late', 'gone'), fc.nat({ max: 30 })),
  { maxLength: 80 },
);

const populations = fc.record({
  desired: fc.integer({ min: 1, max: 12 }),
  policy: fc.oneof(
    fc.record({ maxSurge: fc.integer({ min: 1, max: 4 }), maxUnavailable: fc.integer({ min: 0, max: 3 }) }),
    fc.constant({ maxSurge: 0, maxUnavailable: 1 }),
    fc.constant(REPLACING),
  ),
  old: fc.array(
    fc.constantFrom<keyof typeof STATES>('available', 'ready', 'starting', 'crashed', 'draining', 'stopping'),
    {
      maxLength: 14,
    },
  ),
  current: fc.array(fc.constantFrom<keyof typeof STATES>('available', 'ready', 'starting', 'draining'), {
    maxLength: 14,
  }),
});

/** An app whose workers do what chance tells them, under the orders of `rollStep`. */
class Simulation {
  readonly desired: number;
  readonly policy: RolloutPolicy;
  readonly failFast: boolean;
  now = NOW;
  workers: Simulated[];
  #started = 0;

  constructor(
    { desired, policy, old, current }: typeof populations extends fc.Arbitrary<infer T> ? T : never,
    { failFast }: { readonly failFast: boolean },
  ) {
    this.desired = desired;
    this.policy = { ...ROLLING, ...policy };
    this.failFast = failFast;
    this.workers = [
      ...old.map((state, i) => ({ id: `old:${i}`, instance: i, current: false, state: STATES[state] as WorkerState })),
      ...current.map((state, i) => ({
        id: `kept:${i}`,
        instance: i,
        current: true,
        state: STATES[state] as WorkerState,
      })),
    ];
  }

  available(of = this.workers): number {
    return of.filter(({ state }) => state.phase === 'ready' && state.since + this.policy.minReady <= this.now).length;
  }

  /** Those that are not on their way out. */
  get total(): number {
    return this.workers.filter(({ state }) => ['starting', 'ready', 'backing-off'].includes(state.phase)).length;
  }

  step() {
    const { desired, policy, failFast, now } = this;
    const step = rollStep({
      desired,
      policy,
      workers: this.workers,
      kind: 'service',
      failFast,
      lastProgress: now,
      now,
    });
    for (const id of step.stop) {
      const worker = this.workers.find((candidate) => candidate.id === id);
      if (worker === undefined) throw new Error(`${id} does not exist`);
      worker.state = worker.state.phase === 'backing-off' ? STATES.stopped : STATES.stopping;
    }
    for (const instance of step.start) {
      this.#started += 1;
      this.workers.push({ id: `new:${this.#started}`, instance, current: true, state: STATES.starting });
    }
    return step;
  }

  happens(chance: Chance, which: number): void {
    if (chance === 'time') this.now += 1000;
    const worker = this.workers[which % Math.max(1, this.workers.length)];
    if (worker === undefined) return;
    const { phase } = worker.state;
    if (chance === 'ready' && (phase === 'starting' || phase === 'backing-off')) worker.state = this.#ready();
    if (chance === 'crash' && (phase === 'starting' || phase === 'ready')) worker.state = STATES.crashed;
    if (chance === 'late' && phase === 'starting') worker.state = STATES.late;
    if (chance === 'gone' && (phase === 'draining' || phase === 'stopping')) worker.state = STATES.stopped;
  }

  /** Every worker does what it should. */
  allBehave(): void {
    this.now += 1000;
    for (const worker of this.workers) {
      const { state } = worker;
      if (state.phase === 'starting' || state.phase === 'backing-off') worker.state = this.#ready();
      if (state.phase === 'draining') worker.state = STATES.stopped;
      if (state.phase === 'stopping') {
        worker.state = state.afterwards.type === 'stay-stopped' ? STATES.stopped : STATES.crashed;
      }
    }
  }

  #ready(): WorkerState {
    return { phase: 'ready', restarts, since: this.now };
  }
}

describe('whatever workers do', () => {
  test('there are never more than the surge allows, and eco itself never takes one too many away', () => {
    fc.assert(
      fc.property(populations, chances, (population, course) => {
        const app = new Simulation(population, { failFast: false });
        const { maxSurge, maxUnavailable } = app.policy;
        for (const [chance, which] of course) {
          const before = { total: app.total, available: app.available() };
          app.step();
          expect(app.total).toBeLessThanOrEqual(Math.max(before.total, app.desired + maxSurge));
          expect(app.available()).toBeGreaterThanOrEqual(Math.min(before.available, app.desired - maxUnavailable));
          app.happens(chance, which);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a ready old worker is stopped only while more are available than must be', () => {
    fc.assert(
      fc.property(populations, chances, (population, course) => {
        const app = new Simulation(population, { failFast: false });
        for (const [chance, which] of course) {
          const ready = new Set(app.workers.flatMap(({ id, state }) => (state.phase === 'ready' ? [id] : [])));
          const spare = app.available() - (app.desired - app.policy.maxUnavailable);
          const stopped = app.step().stop.filter((id) => id.startsWith('old') && ready.has(id));
          expect(stopped.length).toBeLessThanOrEqual(Math.max(0, spare));
          app.happens(chance, which);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('without overlap no new worker starts while an old one lives', () => {
    fc.assert(
      fc.property(populations, chances, (population, course) => {
        const app = new Simulation({ ...population, policy: REPLACING }, { failFast: false });
        for (const [chance, which] of course) {
          const oldLives = app.workers.some(({ current, state }) => !current && state.phase !== 'stopped');
          if (oldLives) expect(app.step().start).toEqual([]);
          else app.step();
          app.happens(chance, which);
        }
      }),
    );
  });

  test('no two workers of the new kind have the same number', () => {
    fc.assert(
      fc.property(populations, chances, (population, course) => {
        const app = new Simulation(population, { failFast: false });
        for (const [chance, which] of course) {
          app.step();
          const numbers = app.workers
            .filter(({ current, state }) => current && ['starting', 'ready', 'backing-off'].includes(state.phase))
            .map(({ instance }) => instance);
          expect(new Set(numbers).size).toBe(numbers.length);
          app.happens(chance, which);
        }
      }),
    );
  });

  test('once they behave, exactly as many as desired are there, all new', () => {
    fc.assert(
      fc.property(populations, chances, (population, course) => {
        const app = new Simulation(population, { failFast: false });
        for (const [chance, which] of course) {
          app.step();
          app.happens(chance, which);
        }
        for (let round = 0; app.step().verdict.type !== 'done'; round += 1) {
          expect(round).toBeLessThan(4 * (app.desired + 30));
          app.allBehave();
        }
        const left = app.workers.filter(({ state }) => state.phase !== 'stopped');
        expect(left.every(({ current }) => current)).toBe(true);
        expect(app.available(left)).toBe(app.desired);
        expect(left).toHaveLength(app.desired);
        expect(app.step()).toEqual({ start: [], stop: [], verdict: { type: 'done' } });
      }),
      { numRuns: 300 },
    );
  });
});
