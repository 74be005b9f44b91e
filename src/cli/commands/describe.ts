import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeIfAny } from '../flow/observe.ts';
import { writeJson } from '../render/console.ts';
import { resolveTargets } from '../targets.ts';

export interface DescribeOptions {
  readonly target: string;
  readonly project?: string;
}

export async function describe(context: CliContext, options: DescribeOptions): Promise<ExitCode> {
  const { console } = context;
  const observation = await observeIfAny(context);
  if (!observation.ok) return fail(context, observation.error);
  const targets = resolveTargets([options.target], observation.value.observed, {
    project: options.project ?? null,
    instances: 'refused',
  });
  if (!targets.ok) return fail(context, targets.error);
  const apps = targets.value.map(({ app }) => app);
  if (console.json) {
    const { describeDocument } = await import('../render/describe-text.ts');
    writeJson(console, describeDocument(apps));
    return 0;
  }
  const { formatDescription } = await import('../render/describe-text.ts');
  console.out(`${apps.map((app) => formatDescription(app, console)).join('\n\n')}\n`);
  return 0;
}
