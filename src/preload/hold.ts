import type { ControlLink } from './control-link.ts';

/** How long after its drain a process waits for its stop signal, should no daemon be there to send it. */
const PATIENCE = 1000;

/**
 * A program whose last server has closed may have nothing left to do, and would end before its stop signal: the handlers
 * that it has for that would never run. What this answers holds it until it hears the signal or message, and no longer,
 * for most programs then end by having nothing left to do. Before the app: Node binds `process.emit` to each signal as it
 * is when the signal's first listener comes.
 */
export function installHold(link: ControlLink): (drainsWithin: number) => void {
  let hold: NodeJS.Timeout | undefined;
  const emit = process.emit.bind(process) as (event: string | symbol, ...args: unknown[]) => boolean;
  process.emit = ((event: string | symbol, ...args: unknown[]) => {
    if (hold !== undefined && typeof event === 'string' && /^SIG[A-Z]/.test(event)) clearTimeout(hold);
    return emit(event, ...args);
  }) as typeof process.emit;
  link.onMessage(({ type }) => {
    if (type === 'message') clearTimeout(hold);
  });
  return (drainsWithin) => {
    hold = setTimeout(() => {}, drainsWithin + PATIENCE);
  };
}
