import { dirname } from 'node:path';
import type { Plan } from '../../domain/plan.ts';
import type { ExecutionReport } from '../../execute/execute-plan.ts';
import { EXIT } from '../exit-codes.ts';
import { annotate } from '../render/console.ts';
import {
  applyMarkdown,
  failureAnnotation,
  failureMarkdown,
  unchangedMarkdown,
  type JobReport,
} from '../render/job-text.ts';
import type { AppPlaces, Reporter, ReporterContext } from './reporter.ts';

/** Tells a CI system what a reporter tells people: failed apps as annotations of the file, all of it in the summary of the job. */
export function forJob(reporter: Reporter, context: ReporterContext, command: string): Reporter {
  const { console } = context;
  const summarize = console.summary ?? (() => {});
  let planned: Plan | null = null;
  const jobOf = async (plan: Plan): Promise<JobReport> => {
    const source = await context.source(dirname(plan.file));
    return { command, plan, commit: source?.commit ?? null };
  };
  return {
    ...reporter,
    plan: (plan) => {
      planned = plan;
      reporter.plan(plan);
    },
    fail: async (failure) => {
      summarize(failureMarkdown(command, failure, console.cwd));
      return reporter.fail(failure);
    },
    end: async (exitCode) => {
      if (planned !== null && exitCode === EXIT.success) summarize(unchangedMarkdown(await jobOf(planned)));
      return reporter.end(exitCode);
    },
    progress: async (plan, locateApp) => {
      const progress = await reporter.progress(plan, locateApp);
      return {
        ...progress,
        finish: async (report, interrupted) => {
          const exitCode = await progress.finish(report, interrupted);
          await annotate(console, annotationsOf(report, locateApp));
          summarize(applyMarkdown(await jobOf(plan), report));
          return exitCode;
        },
      };
    },
  };
}

function annotationsOf({ outcomes }: ExecutionReport, locateApp: AppPlaces) {
  return outcomes.flatMap((outcome) =>
    outcome.status === 'failed' ? [failureAnnotation(outcome.failure, locateApp(outcome.step.app))] : [],
  );
}
