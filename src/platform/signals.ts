import { constants } from 'node:os';

/** `SIGUSR2`, `usr2` or `12`, as this system knows it; null if it does not. */
export function findSignal(text: string): NodeJS.Signals | null {
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const entries = Object.entries(constants.signals) as readonly (readonly [NodeJS.Signals, number])[];
  return entries.find(([known, number]) => known === name || `${number}` === text)?.[0] ?? null;
}
