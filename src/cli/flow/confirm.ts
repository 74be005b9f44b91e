import type { Plan } from '../../domain/plan.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { hint } from '../render/console.ts';
import { formatQuestion, NOTHING_CHANGED } from '../render/apply-text.ts';
import { wantsConfirmation } from './make-plan.ts';

/** Asks once, where a person is there to answer and has not already. null: go on; else the exit code to leave with. */
export async function confirmPlan(
  { console, ask }: Pick<CliContext, 'console' | 'ask'>,
  plan: Plan,
  { yes }: { readonly yes: boolean },
): Promise<ExitCode | null> {
  if (yes || !console.isInteractive || !wantsConfirmation(plan)) return null;
  const answer = await ask(formatQuestion(plan));
  if (answer === 'yes') return null;
  hint(console, NOTHING_CHANGED);
  return answer === 'interrupted' ? EXIT.interrupted : EXIT.unclassified;
}
