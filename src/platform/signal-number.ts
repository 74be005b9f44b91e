import { constants } from 'node:os';

/** 0 for a name that no signal has. */
export function signalNumber(name: string): number {
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1] ?? 0;
}
