import { printable } from '../../reconcile/printable.ts';

/** A worker whose `limits` the kernel does not enforce, or not all of them. */
export function unlimitedText(problem: string): string {
  return `runs without all of its limits: ${printable(problem)}`;
}
