import type { ExitCause } from '../../domain/worker-state.ts';
import { formatExitCause } from '../../reconcile/exit-cause.ts';
import { printable } from '../../reconcile/printable.ts';

/** Why a process ended, with what that most often means. */
export function exitCauseText(cause: ExitCause): string {
  const meaning = meaningOf(cause);
  return `${printable(formatExitCause(cause))}${meaning === undefined ? '' : ` (${meaning})`}`;
}

function meaningOf(cause: ExitCause): string | undefined {
  if (cause.type === 'exit-code') return EXIT_CODE_MEANINGS.get(cause.code);
  return cause.type === 'signal' ? SIGNAL_MEANINGS.get(cause.signal) : undefined;
}

/** https://nodejs.org/api/process.html#exit-codes, and the shell's 126 and 127. */
const EXIT_CODE_MEANINGS: ReadonlyMap<number, string> = new Map([
  [9, 'Node refused an option; see interpreter_args'],
  [13, 'a top-level await never settled'],
  [126, 'found, but not executable'],
  [127, 'command not found'],
]);

const SIGNAL_MEANINGS: ReadonlyMap<string, string> = new Map([
  ['SIGKILL', 'by hand, or the machine ran out of memory'],
  ['SIGABRT', 'an assertion failed, or the heap limit was reached'],
  ['SIGSEGV', 'a crash in native code'],
]);
