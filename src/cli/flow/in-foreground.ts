import type { Result } from '../../domain/result.ts';
import { ok } from '../../domain/result.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { Timer } from '../../platform/clock.ts';
import type { InterruptSignal } from '../../platform/interrupt.ts';
import type { Foreground, ForegroundPlace } from '../../supervise/foreground.ts';
import { deferred } from '../../util/deferred.ts';
import type { CliContext } from '../context.ts';
import type { RunRenderer } from '../render/run-text.ts';

export interface InForeground extends ForegroundPlace {
  /** From the first signal until what still runs is killed. */
  readonly grace: Milliseconds;
  readonly renderer: Pick<RunRenderer, 'line' | 'event' | 'logProblem' | 'stopping' | 'killing'>;
  /** The apps end with the terminal. Where something else keeps `eco` running without one, they do not. */
  readonly hangUp: boolean;
}

export interface ForegroundSession {
  readonly foreground: Foreground;
  /** Called after anything that happened to a worker. */
  readonly changes: { notice: () => void };
}

export interface ForegroundWork<T> {
  readonly end: Promise<T>;
  /** Begin nothing more: all is stopped now. */
  readonly abandon: () => void;
}

export interface Interrupted {
  readonly type: 'interrupted';
  readonly signal: InterruptSignal;
}

/** What is being started when all is killed has no process yet. */
const KILL_INTERVAL: Milliseconds = 100;

/**
 * Keeps apps in this process until the work is done or a signal comes: the first one stops the apps, a second one kills them,
 * and so does the end of the grace. Answers once nothing of them is left.
 */
export async function inForeground<T>(
  context: CliContext,
  { grace, renderer, hangUp, ...place }: InForeground,
  begin: (session: ForegroundSession) => ForegroundWork<T>,
): Promise<Result<T | Interrupted>> {
  const changes = { notice: (): void => {} };
  const { line: onLine, event: onEvent, logProblem: onLogProblem } = renderer;
  const onChange = (): void => changes.notice();
  const opened = await context.foreground({ onLine, onEvent, onLogProblem, onChange }, place);
  if (!opened.ok) return opened;
  const foreground = opened.value;
  const interruption = deferred<Interrupted>();
  const killer = repeatedly(context, () => foreground.kill());
  const interrupt = (signal: InterruptSignal, count: number): void => {
    if (count === 1) {
      renderer.stopping(signal, grace);
      return interruption.resolve({ type: 'interrupted', signal });
    }
    renderer.killing();
    killer.start(0);
  };
  const ignore = context.onInterrupt(interrupt, { hangUp });
  try {
    const work = begin({ foreground, changes });
    const end = await Promise.race([work.end, interruption.promise]);
    work.abandon();
    killer.start(grace);
    await foreground.stop();
    return ok(end);
  } finally {
    ignore();
    killer.cancel();
    foreground.close();
  }
}

function repeatedly({ clock }: Pick<CliContext, 'clock'>, action: () => void) {
  let timer: Timer | null = null;
  const start = (after: Milliseconds): void => {
    timer?.cancel();
    timer = clock.after(after, () => {
      action();
      start(KILL_INTERVAL);
    });
  };
  return { start, cancel: (): void => timer?.cancel() };
}
