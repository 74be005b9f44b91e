import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Failure } from '../../domain/failure.ts';
import type { ProjectLock } from '../../domain/lock.ts';
import type { Plan } from '../../domain/plan.ts';
import type { ExecutionEvent, ExecutionReport } from '../../execute/execute-plan.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { exitCodeOf, exitCodeOfReport, type ExitCode } from '../exit-codes.ts';
import { renderAnnotations, renderDiagnostics, hint, say, type Console } from '../render/console.ts';
import { formatWaiting } from '../render/lock-text.ts';
import { renderPlan } from '../render/plan-text.ts';
import { plainProgress, type ProgressRenderer } from '../render/progress.ts';
import { jsonProgress } from '../render/progress-json.ts';
import { formatFailures, formatSummary } from '../render/report-text.ts';
import { fail } from './fail.ts';

/** What an apply says on its way, to people or to a program. */
export interface Reporter {
  readonly diagnostics: (diagnostics: readonly Diagnostic[]) => Promise<void>;
  readonly plan: (plan: Plan) => void;
  /** Somebody else has the lock, and it is waited for. */
  readonly waiting: (lock: ProjectLock, waited: Milliseconds) => void;
  /** The run ends before its first step. */
  readonly fail: (failure: Failure) => Promise<ExitCode>;
  /** The run ends without a failure and without a step. */
  readonly end: (exitCode: ExitCode) => ExitCode;
  readonly progress: (plan: Plan) => Promise<ExecutionProgress>;
}

export interface ExecutionProgress {
  readonly onEvent: (event: ExecutionEvent) => void;
  readonly finish: (report: ExecutionReport) => Promise<ExitCode>;
}

export function createReporter(console: Console): Reporter {
  return console.json ? jsonReporter(console) : textReporter(console);
}

function textReporter(console: Console): Reporter {
  return {
    diagnostics: async (diagnostics) => renderDiagnostics(console, diagnostics),
    plan: (plan) => say(console, renderPlan(plan, console)),
    waiting: (lock, waited) => hint(console, formatWaiting(lock, waited)),
    fail: async (failure) => fail({ console }, failure),
    end: (exitCode) => exitCode,
    progress: async (plan) => {
      const renderer = await textProgress(console, plan);
      return {
        onEvent: renderer.onEvent,
        finish: async (report) => {
          await renderer.finish();
          const failures = formatFailures(report);
          if (failures !== '') console.err(`\n${failures}\n\n`);
          say(console, formatSummary(plan, report));
          return exitCodeOfReport(report);
        },
      };
    },
  };
}

async function textProgress(console: Console, plan: Plan): Promise<ProgressRenderer> {
  if (console.quiet) return plainProgress(() => {});
  console.out('\n');
  if (!console.animated) return plainProgress(console.out);
  const { treeProgress } = await import('../render/progress-tree.ts');
  const { out: write, columns, rows, colour } = console;
  return treeProgress(plan, { write, columns, rows, colour });
}

/** NDJSON: a version first, a summary last, whatever happens between them. */
function jsonReporter(console: Console): Reporter {
  const json = jsonProgress(console.out);
  json.version(ECO_VERSION);
  const showDiagnostics = async (diagnostics: readonly Diagnostic[]): Promise<void> => {
    diagnostics.forEach(json.diagnostic);
    await renderAnnotations(console, diagnostics);
  };
  const end = (exitCode: ExitCode): ExitCode => {
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
      return end(exitCodeOf(failure));
    },
    end,
    progress: async () => ({
      onEvent: json.onEvent,
      finish: async (report) => {
        const exitCode = exitCodeOfReport(report);
        json.summary(report, exitCode);
        return exitCode;
      },
    }),
  };
}
