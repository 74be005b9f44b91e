import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { ProjectLock } from '../../domain/lock.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Notice, Plan } from '../../domain/plan.ts';
import type { ExecutionEvent, ExecutionReport } from '../../execute/execute-plan.ts';
import { FORMAT_VERSION, noticeEntry, planDocument } from '../../reconcile/plan-document.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { ExitCode } from '../exit-codes.ts';
import { lockDocument } from './lock-text.ts';
import type { ProgressRenderer, Write } from './progress.ts';

export interface JsonProgress extends ProgressRenderer {
  /** The first line. */
  readonly version: (ecoVersion: string) => void;
  readonly diagnostic: (diagnostic: Diagnostic) => void;
  /** Where there is no plan to tell it. */
  readonly notice: (notice: Notice) => void;
  readonly plan: (plan: Plan) => void;
  /** Somebody else has the lock, and it is waited for. */
  readonly waiting: (lock: ProjectLock, waited: Milliseconds) => void;
  /** Why there are no steps at all: the run ends before it begins. */
  readonly failure: (failure: Failure) => void;
  /** The last line. `report` is null where nothing was executed. */
  readonly summary: (report: ExecutionReport | null, exitCode: ExitCode) => void;
}

/** `eco apply --json`: one JSON object a line, each with a `type`. */
export function jsonProgress(write: Write): JsonProgress {
  const line = (type: string, content: object) => write(`${JSON.stringify({ type, ...content })}\n`);
  return {
    version: (ecoVersion) => line('version', { format_version: FORMAT_VERSION, eco: ecoVersion }),
    diagnostic: (diagnostic) => line('diagnostic', diagnostic),
    notice: (notice) => line('notice', noticeEntry(notice)),
    plan: (plan) => line('plan', planDocument(plan)),
    waiting: (lock, waited) => line('waiting_for_lock', { waited_ms: Math.round(waited), lock: lockDocument(lock) }),
    failure: (failure) => line('failure', { failure: withSnakeCaseKeys(failure) }),
    summary: (report, exitCode) => line('summary', { exit_code: exitCode, ...outcomeCounts(report) }),
    onEvent: (event) => line(event.type, eventContent(event)),
    finish: async () => {},
  };
}

function eventContent(event: ExecutionEvent): object {
  const about = { app: event.step.app, action: event.step.action.type };
  switch (event.type) {
    case 'step_started':
      return about;
    case 'step_progress': {
      const workers = event.progress.workers.map(({ instance, phase, current }) => ({ instance, phase, current }));
      return { ...about, workers };
    }
    case 'step_succeeded':
      return { ...about, serving: event.serving };
    case 'step_failed':
    case 'step_skipped':
      return { ...about, failure: withSnakeCaseKeys(event.failure) };
    default:
      return unreachable(event);
  }
}

function outcomeCounts(report: ExecutionReport | null) {
  const count = (status: string) => (report?.outcomes ?? []).filter((outcome) => outcome.status === status).length;
  return { succeeded: count('succeeded'), failed: count('failed'), skipped: count('skipped') };
}
