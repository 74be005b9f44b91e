import { inspect } from 'node:util';
import { inject, test } from 'vitest';
import { faultRounds, formatRound } from '../support/fault-plan.ts';
import { FaultWorld } from '../support/fault-world.ts';

/** The long form is run by hand: ECO_FAULT_MINUTES=30 ECO_FAULT_SEED=7 npm run test:faults */
const seed = Number(process.env['ECO_FAULT_SEED'] ?? 1);
const minutes = Number(process.env['ECO_FAULT_MINUTES'] ?? 0);
const ROUNDS = minutes > 0 ? 10 : 4;

test(
  'whatever dies and breaks: one apply makes it right, and nothing is doubled, lost or left behind',
  { timeout: minutes * 60_000 + 300_000 },
  async () => {
    const deadline = performance.now() + minutes * 60_000;
    let played = 0;
    for (let course = seed; course === seed || performance.now() < deadline; course += 1) {
      played += await play(course);
      console.log(`fault course ${course}: ${played} rounds so far`);
    }
  },
);

/** In a home of its own, so that its seed alone makes it happen again. */
async function play(course: number): Promise<number> {
  const world = await FaultWorld.create(inject('ecoPackage'));
  const rounds = faultRounds(course, ROUNDS);
  const told: string[] = [];
  let failure: unknown = null;
  try {
    for (const round of rounds) {
      told.push(formatRound(round));
      await world.play(round);
    }
    await world.end();
  } catch (error) {
    failure = error;
  }
  await world.dispose().catch((error: unknown) => (failure ??= error));
  if (failure !== null) {
    const story = told.map((line, i) => `${i + 1}. ${line}`).join('\n');
    throw new Error(
      `ECO_FAULT_SEED=${course}, round ${told.length}:\n${story}\n${inspect(failure)}\n${world.eco.logs}`,
      {
        cause: failure,
      },
    );
  }
  return rounds.length;
}
