import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeTargets } from '../flow/observe-targets.ts';
import { writeJson } from '../render/console.ts';
import { envDocument, formatEnv } from '../render/env-text.ts';

export interface EnvOptions {
  readonly target: string;
  readonly project?: string;
}

export async function env(context: CliContext, { target, ...options }: EnvOptions): Promise<ExitCode> {
  const { console } = context;
  const observed = await observeTargets(context, { ...options, targets: [target] });
  if (!observed.ok) return fail(context, observed.error);
  const apps = observed.value.targets.map(({ app }) => app);
  if (console.json) writeJson(console, envDocument(apps));
  else console.out(apps.map(formatEnv).join('\n'));
  return 0;
}
