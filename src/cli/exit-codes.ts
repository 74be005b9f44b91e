import type { ExecutionReport } from '../execute/execute-plan.ts';
import type { Failure, FailureReason } from '../domain/failure.ts';
import type { InterruptSignal } from '../platform/interrupt.ts';

/** Published and frozen: scripts and CI jobs go by these numbers. */
export const EXIT = {
  success: 0,
  unclassified: 1,
  changesPending: 2,
  configInvalid: 3,
  onlyDrift: 4,
  lockHeld: 5,
  stalePlan: 6,
  refused: 7,
  rolloutFailed: 8,
  nothingServes: 9,
  timedOut: 10,
  daemon: 11,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ExitCodeText {
  readonly code: ExitCode;
  readonly meaning: string;
  /** What is true then, and what to do. */
  readonly explanation: string;
}

/** In rising order; what `eco explain exit-codes` prints. */
export const EXIT_CODES: readonly ExitCodeText[] = [
  {
    code: EXIT.success,
    meaning: 'success, or nothing to do',
    explanation: 'The processes match the file. For `eco plan`: the plan could be made, whatever it says.',
  },
  {
    code: EXIT.unclassified,
    meaning: 'unclassified error',
    explanation:
      'A misspelt command, option or app name, a file that could not be written, or a bug. The message says which.',
  },
  {
    code: EXIT.changesPending,
    meaning: '`plan --detailed-exitcode`: changes pending',
    explanation: 'Not an error: `eco apply` would change something. No other command exits with it.',
  },
  {
    code: EXIT.configInvalid,
    meaning: 'configuration invalid',
    explanation: 'The file cannot be used. Nothing was changed. `eco validate` shows every error with its place.',
  },
  {
    code: EXIT.onlyDrift,
    meaning: 'only drift: the file did not change since the last apply',
    explanation:
      'Of `plan --detailed-exitcode` and `drift --exit-code`. Somebody changed apps by hand, or processes are gone. `eco apply` brings them back to the file.',
  },
  {
    code: EXIT.lockHeld,
    meaning: 'lock held (who, since when, how to unlock)',
    explanation:
      'Another command changes this project, or somebody has locked it. `--lock-timeout` waits for it; `eco unlock` ends it.',
  },
  {
    code: EXIT.stalePlan,
    meaning: 'saved plan is stale, or for another project or host',
    explanation:
      'What `eco apply FILE` would do is not what was planned: the message says what differs. Nothing was changed. Make a new plan.',
  },
  {
    code: EXIT.refused,
    meaning: 'refused: owned by another project, empty set, mass delete',
    explanation:
      'Nothing was changed. The message names the option that allows it: `--take-ownership` or `--allow-empty`.',
  },
  {
    code: EXIT.rolloutFailed,
    meaning: 'rollout failed; the old version is still serving or was restored',
    explanation:
      'New workers did not become ready, or a task failed. The report shows why, and their last lines of output.',
  },
  {
    code: EXIT.nothingServes,
    meaning: 'rollout failed and nothing healthy is serving',
    explanation: 'At least one app has no worker that serves. The report shows why, and its last lines of output.',
  },
  {
    code: EXIT.timedOut,
    meaning: 'timed out; convergence goes on in the background',
    explanation: 'The daemon finishes what it began. `eco list` shows how far it is; applying again is safe.',
  },
  {
    code: EXIT.daemon,
    meaning: 'daemon unreachable or incompatible',
    explanation: 'Apps that run go on running. `eco daemon status` and the log of the daemon say more.',
  },
  {
    code: EXIT.interrupted,
    meaning: 'interrupted by SIGINT: the first Ctrl-C finishes the running step and stops, the second aborts',
    explanation:
      'Steps that had begun are finished by the daemon, the others were not begun. Applying again converges.',
  },
  {
    code: EXIT.terminated,
    meaning: 'interrupted by SIGTERM',
    explanation:
      'Steps that had begun are finished by the daemon, the others were not begun. Applying again converges.',
  },
];

export function exitCodeOf(failure: Failure): ExitCode {
  switch (failure.reason) {
    case 'rollout-failed':
      return failure.serving !== null && failure.serving.ready > 0 ? EXIT.rolloutFailed : EXIT.nothingServes;
    case 'interrupted':
      return failure.signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    default:
      return CODES[failure.reason];
  }
}

/** Of those whose reason says all. */
const CODES: Readonly<Record<Exclude<FailureReason, 'rollout-failed' | 'interrupted'>, ExitCode>> = {
  'config-invalid': EXIT.configInvalid,
  'plan-unreadable': EXIT.configInvalid,
  'plan-stale': EXIT.stalePlan,
  'owned-by-another-origin': EXIT.refused,
  'empty-desired-state': EXIT.refused,
  'lock-held': EXIT.lockHeld,
  'lock-lost': EXIT.lockHeld,
  'watched-already': EXIT.lockHeld,
  'task-failed': EXIT.rolloutFailed,
  'timed-out': EXIT.timedOut,
  'daemon-does-not-end': EXIT.timedOut,
  'daemon-unreachable': EXIT.daemon,
  'daemon-incompatible': EXIT.daemon,
  'daemon-ending': EXIT.daemon,
  'daemon-not-replaced': EXIT.daemon,
  'home-unusable': EXIT.daemon,
  'host-unreachable': EXIT.daemon,
  'host-lost': EXIT.daemon,
  'runs-elsewhere': EXIT.unclassified,
  'host-not-copied': EXIT.unclassified,
  'boot-not-arranged': EXIT.unclassified,
  superseded: EXIT.unclassified,
  skipped: EXIT.unclassified,
  'no-such-app': EXIT.unclassified,
  'no-such-lock': EXIT.unclassified,
  'file-not-written': EXIT.unclassified,
  'no-such-revision': EXIT.unclassified,
  'only-code-differs': EXIT.unclassified,
  'ambiguous-target': EXIT.unclassified,
  'bad-request': EXIT.unclassified,
  'store-failed': EXIT.unclassified,
};

/** Of several codes the one that a deploy has to know first. */
const WORST_FIRST: readonly ExitCode[] = [
  EXIT.nothingServes,
  EXIT.rolloutFailed,
  EXIT.interrupted,
  EXIT.terminated,
  EXIT.timedOut,
  EXIT.daemon,
  EXIT.lockHeld,
];

/**
 * 0 if every step succeeded. A step that was skipped because of another counts through that other. An interruption is no success, even
 * where nothing was left to begin: what would come after must not.
 */
export function exitCodeOfReport(report: ExecutionReport, interrupted: InterruptSignal | null): ExitCode {
  const codes = report.outcomes.flatMap((outcome) =>
    outcome.status === 'succeeded' ? [] : [exitCodeOf(outcome.failure)],
  );
  const worst = WORST_FIRST.find((code) => codes.includes(code)) ?? codes[0];
  return worst ?? (interrupted === null ? EXIT.success : exitCodeOf({ reason: 'interrupted', signal: interrupted }));
}
