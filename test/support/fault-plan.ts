import * as fc from 'fast-check';

/** The apps that a file may have; what they are is `FaultWorld`'s affair. */
export const APPS = ['web', 'api', 'queue', 'deaf', 'binary', 'tree', 'migrate'] as const;
export type AppName = (typeof APPS)[number];

/** One app as the file has it. */
export interface AppWish {
  readonly instances: number;
  readonly version: number;
  readonly killTimeout: number;
}

/** `nth` counts through whatever there is at that moment, again and again. */
export type Edit =
  | { readonly type: 'add'; readonly app: AppName; readonly instances: number }
  | { readonly type: 'remove' | 'change' | 'settings'; readonly nth: number }
  | { readonly type: 'scale'; readonly nth: number; readonly to: number };

export type Command =
  | { readonly type: 'apply' | 'daemon-stop' }
  | { readonly type: 'reload' | 'restart' | 'stop' | 'start' | 'delete' | 'rollback'; readonly nth: number }
  | { readonly type: 'scale'; readonly nth: number; readonly to: number };

export interface Kill {
  readonly victim: 'daemon' | 'command' | 'worker';
  readonly nth: number;
  /** Milliseconds after the command was begun. */
  readonly after: number;
}

/** What is done to the home while no daemon runs. */
export const DAMAGES = [
  'app document cut off',
  'app document of garbage',
  'app document of something else',
  'project document of garbage',
  'worker record cut off',
  'worker record lost',
  'worker record without its process',
  'worker dead, its number a stranger',
  'start numbers of garbage',
  'events of garbage',
  'leftovers of a writer',
  'two daemons at once',
] as const;
export type Damage = (typeof DAMAGES)[number];

export interface FaultRound {
  readonly edits: readonly Edit[];
  readonly command: Command;
  readonly kills: readonly Kill[];
  readonly damage: { readonly what: Damage; readonly nth: number } | null;
}

const nth = fc.nat({ max: 9 });
const count = fc.integer({ min: 1, max: 3 });

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('add' as const), app: fc.constantFrom(...APPS), instances: count }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom('remove' as const, 'change' as const, 'settings' as const), nth }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('scale' as const), nth, to: count }) },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ type: 'apply' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'daemon-stop' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('reload', 'restart', 'stop', 'start', 'delete', 'rollback').map((type) => type as 'reload'),
      nth,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('scale' as const), nth, to: count }) },
);

const kill: fc.Arbitrary<Kill> = fc.record({
  victim: fc.constantFrom('daemon' as const, 'daemon' as const, 'command' as const, 'worker' as const),
  nth,
  after: fc.integer({ min: 0, max: 2500 }),
});

const round: fc.Arbitrary<FaultRound> = fc.record({
  edits: fc.array(edit, { maxLength: 4 }),
  command,
  kills: fc.array(kill, { maxLength: 3 }),
  damage: fc.option(fc.record({ what: fc.constantFrom(...DAMAGES), nth }), { freq: 2 }),
});

/** The same for the same seed, on whatever machine. */
export function faultRounds(seed: number, rounds: number): readonly FaultRound[] {
  return fc.sample(round, { seed, numRuns: rounds });
}

export function formatRound({ edits, command: asked, kills, damage }: FaultRound): string {
  const parts = [
    ...edits.map((one) => `edit ${JSON.stringify(one)}`),
    `eco ${JSON.stringify(asked)}`,
    ...kills.map(({ victim, nth: which, after }) => `kill ${victim} ${which} after ${after} ms`),
    ...(damage === null ? [] : [`damage: ${damage.what} (${damage.nth})`]),
  ];
  return parts.join('; ');
}
