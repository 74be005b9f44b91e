import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { findHistory, type AppHistoryOptions } from '../flow/app-history.ts';
import { fail } from '../flow/fail.ts';
import { writeJson } from '../render/console.ts';

export async function history(context: CliContext, options: AppHistoryOptions): Promise<ExitCode> {
  const { console } = context;
  const found = await findHistory(context, options);
  if (!found.ok) return fail(context, found.error);
  const { formatHistory, historyDocument } = await import('../render/history-text.ts');
  if (console.json) writeJson(console, historyDocument(found.value.history));
  else console.out(`${formatHistory(found.value.history)}\n`);
  return 0;
}
