import type { ExecutionEvent } from '../../execute/execute-plan.ts';
import { seconds, type Instant, type Milliseconds } from '../../domain/time.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { ProgressRenderer, SlowStep } from '../render/progress.ts';

/** A CI system takes a job that says nothing for longer than minutes to be dead, and a person sooner. */
export const REMIND: Milliseconds = seconds(10);

/** Does something that may take long, and tells again and again how long it has taken. */
export async function reminded<T>(
  clock: Clock,
  remind: (waited: Milliseconds) => void,
  work: () => Promise<T>,
): Promise<T> {
  const began = clock.now();
  const stop = everyWhile(clock, () => remind(clock.now() - began));
  try {
    return await work();
  } finally {
    stop();
  }
}

interface UnderWay extends Omit<SlowStep, 'took'> {
  readonly since: Instant;
}

/** A renderer, and who hears again and again of the steps that are under way, if any are. */
export function reminding(
  renderer: ProgressRenderer,
  { clock, remind }: { readonly clock: Clock; readonly remind: (steps: readonly SlowStep[]) => void },
): ProgressRenderer {
  const underWay = new Map<string, UnderWay>();
  const stop = everyWhile(clock, () => {
    const steps = [...underWay.values()].map(({ since, ...rest }) => ({ ...rest, took: clock.now() - since }));
    if (steps.length > 0) remind(steps);
  });
  return {
    onEvent: (event) => {
      note(event, underWay, clock.now());
      renderer.onEvent(event);
    },
    finish: async () => {
      stop();
      await renderer.finish();
    },
  };
}

function note(event: ExecutionEvent, underWay: Map<string, UnderWay>, now: Instant): void {
  const { step } = event;
  const known = underWay.get(step.id);
  switch (event.type) {
    case 'step_started':
      underWay.set(step.id, { step, since: now, workers: [] });
      break;
    case 'step_progress':
      if (known !== undefined) underWay.set(step.id, { ...known, workers: event.progress.workers });
      break;
    case 'step_succeeded':
    case 'step_failed':
    case 'step_skipped':
      underWay.delete(step.id);
      break;
    default:
      unreachable(event);
  }
}

/** Answers how to end it. */
function everyWhile(clock: Clock, callback: () => void): () => void {
  const next = (): Timer =>
    clock.after(REMIND, () => {
      callback();
      timer = next();
    });
  let timer = next();
  return () => timer.cancel();
}
