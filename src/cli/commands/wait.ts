import type { ObservedApp } from '../../domain/observed-state.ts';
import { readyCount } from '../../domain/observed-state.ts';
import type { Instant, Milliseconds } from '../../domain/time.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { REMIND } from '../flow/reminders.ts';
import { observeTargets, type TargetWords } from '../flow/observe-targets.ts';
import { waitVerdict, type WaitVerdict } from '../flow/wait-verdict.ts';
import { hint, say, writeJson } from '../render/console.ts';
import { listDocument } from '../render/list-document.ts';
import { formatCome, formatFailed, formatPending, formatStopped, NO_APPS_TO_WAIT_FOR } from '../render/wait-text.ts';

export interface WaitOptions extends TargetWords {
  readonly timeout?: Milliseconds;
}

type Waited = readonly { readonly app: ObservedApp; readonly verdict: WaitVerdict }[];

const INTERVAL: Milliseconds = 200;

/** Asks again and again: what an app waits for may be anything, time itself included. A daemon that dies meanwhile is replaced. */
export async function wait(context: CliContext, options: WaitOptions): Promise<ExitCode> {
  const { clock, console } = context;
  const givesUpAt: Instant = clock.now() + (options.timeout ?? Number.POSITIVE_INFINITY);
  const began = clock.now();
  let remindAt: Instant = began + REMIND;
  const told = new Set<string>();
  for (;;) {
    const observed = await observeTargets(context, options);
    if (!observed.ok) return fail(context, observed.error);
    const waited = observed.value.targets.map(({ app }) => ({ app, verdict: waitVerdict(app) }));
    if (waited.length === 0) say(console, NO_APPS_TO_WAIT_FOR);
    for (const { app, verdict } of waited) {
      const key = JSON.stringify([app.project, app.name]);
      if (verdict !== 'come' || told.has(key)) continue;
      told.add(key);
      say(console, formatCome(app));
    }
    const late = clock.now() >= givesUpAt;
    if (isOver(waited) || late) return finish(context, waited, options);
    if (clock.now() >= remindAt) {
      remindAt = clock.now() + REMIND;
      hint(
        console,
        formatPending(
          of(waited, 'pending').map(({ app }) => app),
          clock.now() - began,
        ),
      );
    }
    await context.pause(INTERVAL);
  }
}

/** One that needs somebody first ends the wait for all. */
function isOver(waited: Waited): boolean {
  const verdicts = waited.map(({ verdict }) => verdict);
  return !verdicts.includes('pending') || verdicts.some((verdict) => verdict === 'stopped' || verdict === 'failed');
}

async function finish(
  context: CliContext,
  waited: Waited,
  { timeout = 0 }: Pick<WaitOptions, 'timeout'>,
): Promise<ExitCode> {
  const { console } = context;
  if (console.json) writeJson(console, listDocument(waited.map(({ app }) => app)));
  for (const { app } of of(waited, 'stopped')) console.err(`${formatStopped(app)}\n`);
  for (const { app } of of(waited, 'failed')) console.err(`${formatFailed(app)}\n`);
  const [lost] = [...of(waited, 'failed'), ...of(waited, 'stopped')];
  if (lost !== undefined) {
    return lost.app.spec.kind === 'task' || readyCount(lost.app) > 0 ? EXIT.rolloutFailed : EXIT.nothingServes;
  }
  const [late] = of(waited, 'pending');
  return late === undefined ? EXIT.success : fail(context, { reason: 'timed-out', app: late.app.name, timeout });
}

function of(waited: Waited, wanted: WaitVerdict): Waited {
  return waited.filter(({ verdict }) => verdict === wanted);
}
