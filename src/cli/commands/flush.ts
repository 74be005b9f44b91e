import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { logTargets } from '../flow/log-targets.ts';
import { observeIfAny } from '../flow/observe.ts';
import { say, writeJson } from '../render/console.ts';
import { formatFlushed } from '../render/flush-text.ts';

export interface FlushOptions {
  readonly targets: readonly string[];
  readonly project?: string;
}

export async function flush(context: CliContext, options: FlushOptions): Promise<ExitCode> {
  const { console } = context;
  const observation = await observeIfAny(context);
  if (!observation.ok) return fail(context, observation.error);
  const { client, observed } = observation.value;
  const targets = logTargets(observed, options);
  if (!targets.ok) return fail(context, targets.error);
  const nothing = client === null || targets.value.length === 0;
  const answer = nothing ? null : await client.flush({ targets: targets.value });
  if (answer?.ok === false) return fail(context, answer.error);
  const files = answer?.value.files ?? [];
  if (console.json) writeJson(console, { format_version: '1.0', files });
  say(console, formatFlushed(files));
  return 0;
}
