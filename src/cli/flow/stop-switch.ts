import type { StopReason } from '../../execute/execute-plan.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { sharedAbortController } from '../../platform/abort.ts';
import type { InterruptSignal } from '../../platform/interrupt.ts';
import type { CliContext } from '../context.ts';

export interface StopSwitch {
  /** Begin nothing more. */
  readonly signal: AbortSignal;
  /** Wait for nothing more. */
  readonly abandon: AbortSignal;
  /** By what it was first; null: it was not. */
  readonly interrupted: () => InterruptSignal | null;
  readonly dispose: () => void;
}

/**
 * The first interrupt lets what runs finish, the second does not wait for it, and neither does the end of the time allowed.
 * The daemon goes on with what it was given in each case.
 */
export function stopSwitch(
  { clock, onInterrupt }: Pick<CliContext, 'clock' | 'onInterrupt'>,
  {
    timeout,
    onFirstInterrupt,
  }: { readonly timeout: Milliseconds | null; readonly onFirstInterrupt: (signal: InterruptSignal) => void },
): StopSwitch {
  const [stop, abandon] = [sharedAbortController(), sharedAbortController()];
  let first: InterruptSignal | null = null;
  const ignore = onInterrupt((signal, count) => {
    first ??= signal;
    if (count === 1) onFirstInterrupt(signal);
    const reason: StopReason = signal;
    (count === 1 ? stop : abandon).abort(reason);
  });
  const timer =
    timeout === null
      ? null
      : clock.after(timeout, () => {
          const reason: StopReason = { timeout };
          stop.abort(reason);
          abandon.abort(reason);
        });
  const dispose = (): void => {
    ignore();
    timer?.cancel();
  };
  return { signal: stop.signal, abandon: abandon.signal, interrupted: () => first, dispose };
}
