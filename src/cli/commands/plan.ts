import { resolve } from 'node:path';
import type { LoadedEcosystem } from '../../config/load-ecosystem.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Plan } from '../../domain/plan.ts';
import { planDocument } from '../../reconcile/plan-document.ts';
import { isOnlyDrift } from '../../reconcile/plan-summary.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { makePlan, type PlanOptions } from '../flow/make-plan.ts';
import { hostsOf, lookOnHosts } from '../flow/on-hosts.ts';
import { observeForPlan } from '../flow/observe.ts';
import { hint, renderDiagnostics, writeJson } from '../render/console.ts';
import { renderPlan } from '../render/plan-text.ts';

export interface PlanCommandOptions extends FileOptions, PlanOptions {
  readonly detailedExitcode?: boolean;
  /** Where to write what `eco apply` takes in the place of the ecosystem file. */
  readonly out?: string;
  readonly markdown?: boolean;
  /** Where the checkout will lie when it is applied, if not here. */
  readonly at?: string;
}

/** Shows what an apply would do, and has no effect but that a stopped daemon which keeps apps runs again. */
export async function plan(context: CliContext, options: PlanCommandOptions): Promise<number> {
  const { console } = context;
  if (options.at !== undefined && context.host !== null) {
    const { AT_IS_HERE } = await import('../render/host-text.ts');
    console.err(`${AT_IS_HERE}\n`);
    return EXIT.unclassified;
  }
  const loaded = await loadFile(context, options, 'compute');
  const hosts = loaded.ok || options.out !== undefined ? null : hostsOf(loaded.error);
  if (hosts !== null) return lookOnHosts(context, hosts.hosts, (there) => plan(there, options));
  if (!loaded.ok) return refuse(context, loaded.error);
  const { desired, warnings } = await place(context, loaded.value, options);
  await renderDiagnostics(console, warnings);

  const observation = await observeForPlan(context, desired.project);
  if (!observation.ok) return refuse(context, observation.error);
  const planned = await makePlan(desired, observation.value, options);
  if (!planned.ok) return refuse(context, planned.error);

  await show(context, planned.value, options);
  const problem = options.out === undefined ? null : await save(context, { plan: planned.value, desired, options });
  if (problem !== null) return fail(context, problem);
  return options.detailedExitcode === true ? detailedExitCode(planned.value) : EXIT.success;
}

async function place(
  { cwd }: CliContext,
  loaded: LoadedEcosystem,
  { at }: PlanCommandOptions,
): Promise<LoadedEcosystem> {
  if (at === undefined) return loaded;
  const { relocated } = await import('../flow/relocate.ts');
  return relocated(loaded, resolve(cwd, at));
}

async function refuse(context: CliContext, failure: Failure): Promise<ExitCode> {
  const { console } = context;
  if (console.summary !== null) {
    const { failureMarkdown } = await import('../render/job-text.ts');
    console.summary(failureMarkdown('plan', failure, console.cwd));
  }
  return fail(context, failure);
}

async function show({ console }: CliContext, plan: Plan, { markdown = false }: PlanCommandOptions): Promise<void> {
  const inMarkdown = markdown || console.summary !== null ? await planMarkdown(plan) : '';
  console.summary?.(inMarkdown);
  if (console.json) return writeJson(console, planDocument(plan));
  console.out(`${markdown ? inMarkdown : renderPlan(plan, console)}\n`);
}

async function planMarkdown(plan: Plan): Promise<string> {
  const { formatPlanMarkdown } = await import('../../reconcile/format-plan-markdown.ts');
  return formatPlanMarkdown(plan);
}

interface Planned {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly options: PlanCommandOptions;
}

async function save(context: CliContext, planned: Planned): Promise<Failure | null> {
  const { out = '' } = planned.options;
  const { savedPlanDocument } = await import('../flow/save-plan.ts');
  const document = await savedPlanDocument(context, planned);
  const path = resolve(context.cwd, out);
  if (!context.replaceFile(path, `${JSON.stringify(document, null, 2)}\n`)) {
    return { reason: 'file-not-written', file: out };
  }
  const { formatSaved } = await import('../render/saved-plan-text.ts');
  hint(context.console, formatSaved(out));
  return null;
}

function detailedExitCode(plan: Plan): ExitCode {
  if (isOnlyDrift(plan)) return EXIT.onlyDrift;
  return plan.steps.length > 0 ? EXIT.changesPending : EXIT.success;
}
