import type { Diagnostic, Location } from '../../domain/diagnostic.ts';
import type { Failure } from '../../domain/failure.ts';
import type { ProjectLock } from '../../domain/lock.ts';
import type { AppName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan.ts';
import type { ExecutionEvent, ExecutionReport } from '../../execute/execute-plan.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { InterruptSignal } from '../../platform/interrupt.ts';
import type { CliContext } from '../context.ts';
import { exitCodeOf, exitCodeOfReport, type ExitCode } from '../exit-codes.ts';
import { annotateFailure, renderAnnotations, renderDiagnostics, hint, say } from '../render/console.ts';
import { formatWaiting } from '../render/lock-text.ts';
import { renderPlan } from '../render/plan-text.ts';
import { formatSlowSteps, plainProgress, type ProgressRenderer } from '../render/progress.ts';
import { jsonProgress } from '../render/progress-json.ts';
import { formatFailures, formatSummary } from '../render/report-text.ts';
import { fail } from './fail.ts';
import { reminding } from './reminders.ts';

/** What an apply says on its way, to people or to a program. */
export interface Reporter {
  readonly diagnostics: (diagnostics: readonly Diagnostic[]) => Promise<void>;
  readonly plan: (plan: Plan) => void;
  /** Somebody else has the lock, and it is waited for. */
  readonly waiting: (lock: ProjectLock, waited: Milliseconds) => void;
  /** The run ends before its first step. */
  readonly fail: (failure: Failure) => Promise<ExitCode>;
  /** The run ends without a failure and without a step. */
  readonly end: (exitCode: ExitCode) => Promise<ExitCode>;
  readonly progress: (plan: Plan, places: AppPlaces) => Promise<ExecutionProgress>;
}

/** Where the apps are in their file; null: nowhere. */
export type AppPlaces = (app: AppName) => Location | null;

export interface ExecutionProgress {
  readonly onEvent: (event: ExecutionEvent) => void;
  readonly finish: (report: ExecutionReport, interrupted: InterruptSignal | null) => Promise<ExitCode>;
}

export type ReporterContext = Pick<CliContext, 'console' | 'clock' | 'source'>;

/** `command`: as it was typed after `eco`. */
export async function createReporter(context: ReporterContext, command: 'apply' | 'down'): Promise<Reporter> {
  const { console } = context;
  const reporter = console.json ? jsonReporter(context) : await textReporter(context);
  if (console.annotations === null && console.summary === null) return reporter;
  const { forJob } = await import('./job-reporter.ts');
  return forJob(reporter, context, command);
}

async function textReporter({ console, clock }: ReporterContext): Promise<Reporter> {
  const folded = console.sections ? await import('./sections.ts').then(({ sections }) => sections(clock)) : null;
  return {
    diagnostics: async (diagnostics) => renderDiagnostics(console, diagnostics),
    plan: (plan) => {
      if (folded === null || console.quiet) return say(console, renderPlan(plan, console));
      console.command(`${folded.plan(plan, renderPlan(plan, console))}\n`);
    },
    waiting: (lock, waited) => hint(console, formatWaiting(lock, waited)),
    fail: async (failure) => fail({ console }, failure),
    end: async (exitCode) => exitCode,
    progress: async (plan) => {
      const renderer = await textProgress({ console, clock }, plan);
      return {
        onEvent: renderer.onEvent,
        finish: async (report, interrupted) => {
          await renderer.finish();
          const failures = formatFailures(report, folded?.workerReport);
          if (failures !== '') console.err(`\n${failures}\n\n`);
          say(console, formatSummary(plan, report));
          return exitCodeOfReport(report, interrupted);
        },
      };
    },
  };
}

async function textProgress(
  { console, clock }: Pick<CliContext, 'console' | 'clock'>,
  plan: Plan,
): Promise<ProgressRenderer> {
  if (console.quiet) return plainProgress(() => {});
  console.out('\n');
  if (!console.animated) {
    return reminding(plainProgress(console.out), {
      clock,
      remind: (steps) => console.out(`${formatSlowSteps(steps)}\n`),
    });
  }
  const { treeProgress } = await import('../render/progress-tree.ts');
  const { out: write, columns, rows, colour } = console;
  return treeProgress(plan, { write, columns, rows, colour });
}

/** NDJSON: a version first, a summary last, whatever happens between them. */
function jsonReporter({ console, clock }: ReporterContext): Reporter {
  const json = jsonProgress(console.out);
  json.version(ECO_VERSION);
  const showDiagnostics = async (diagnostics: readonly Diagnostic[]): Promise<void> => {
    diagnostics.forEach(json.diagnostic);
    await renderAnnotations(console, diagnostics);
  };
  const end = async (exitCode: ExitCode): Promise<ExitCode> => {
    json.summary(null, exitCode);
    return exitCode;
  };
  return {
    diagnostics: showDiagnostics,
    plan: json.plan,
    waiting: json.waiting,
    fail: async (failure) => {
      if (failure.reason === 'config-invalid') await showDiagnostics(failure.diagnostics);
      else json.failure(failure);
      await annotateFailure(console, failure);
      return end(exitCodeOf(failure));
    },
    end,
    progress: async () => jsonExecution(json, clock),
  };
}

/** What has been told of a step is told again while nothing happens. */
function jsonExecution(json: ReturnType<typeof jsonProgress>, clock: CliContext['clock']): ExecutionProgress {
  const renderer = reminding(json, {
    clock,
    remind: (steps) => {
      for (const { step, workers } of steps) {
        json.onEvent({ type: 'step_progress', step, progress: { app: step.app, workers } });
      }
    },
  });
  return {
    onEvent: renderer.onEvent,
    finish: async (report, interrupted) => {
      await renderer.finish();
      const exitCode = exitCodeOfReport(report, interrupted);
      json.summary(report, exitCode);
      return exitCode;
    },
  };
}
