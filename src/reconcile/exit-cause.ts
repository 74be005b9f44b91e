import type { ExitCause } from '../domain/worker-state.ts';
import { formatBytes } from './format-bytes.ts';
import { unreachable } from '../util/unreachable.ts';

/** Why a process ended, as the end of a sentence: `exit code 1`. */
export function formatExitCause(cause: ExitCause): string {
  switch (cause.type) {
    case 'exit-code':
      return `exit code ${cause.code}`;
    case 'signal':
      return `killed by ${cause.signal}`;
    case 'spawn-error':
      return `could not be started: ${cause.message}`;
    case 'not-ready-in-time':
      return `not ready within ${cause.timeout / 1000} s: it did not ${cause.waitingFor}`;
    case 'liveness-failed':
      return `ended after ${times(cause.failures)} of its liveness probe: ${cause.lastAnswer}`;
    case 'matched-fail-when':
      return `wrote a line that fail_when names: ${cause.line}`;
    case 'over-memory':
      return `its memory rose to ${formatBytes(cause.memoryBytes)}, above max_memory_restart (${formatBytes(cause.limit)})`;
    case 'unknown':
      return 'ended while no daemon watched it';
    default:
      return unreachable(cause);
  }
}

function times(failures: number): string {
  return failures === 1 ? 'a failure' : `${failures} failures in a row`;
}
