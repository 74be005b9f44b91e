import { revisionToRollBackTo, type AppHistory, type RevisionEntry } from '../../domain/history.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { RollbackAction } from '../../protocol/control.ts';
import { rollbackMeans } from '../../reconcile/rollback-means.ts';
import type { CliContext } from '../context.ts';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.ts';
import { findHistory, type AppHistoryOptions, type FoundHistory } from '../flow/app-history.ts';
import { patience, type PatienceOptions } from '../flow/patience.ts';
import { fail } from '../flow/fail.ts';
import { reminded } from '../flow/reminders.ts';
import { hint, renderFailure, say, writeJson } from '../render/console.ts';
import { formatWaiting } from '../render/lock-text.ts';
import {
  formatAlreadyThere,
  formatFileAsksForMore,
  formatRolledBack,
  formatRollingBack,
  rollbackDocument,
  type RollbackResult,
} from '../render/rollback-text.ts';

export interface RollbackOptions extends AppHistoryOptions, PatienceOptions {
  /** null: the last stable revision before the present one. */
  readonly to: number | null;
}

/** A change by hand: the file still asks for what it asked for, and the next apply goes forward again. */
export async function rollback(context: CliContext, options: RollbackOptions): Promise<ExitCode> {
  const patiently = patience(context, {
    lockTimeout: options.lockTimeout ?? 0,
    onWaiting: (lock, waited) => hint(context.console, formatWaiting(lock, waited)),
  });
  const result = await patiently(() => attempt(context, options));
  if (!result.ok) return fail(context, result.error);
  if (context.console.json) writeJson(context.console, rollbackDocument(result.value));
  return report(context, result.value);
}

/** From what the app is now; a failure is why nothing was begun. */
async function attempt(context: CliContext, options: RollbackOptions): Promise<Result<RollbackResult>> {
  const found = await findHistory(context, options);
  if (!found.ok) return found;
  const { app, history } = found.value;
  const chosen = chooseRevision(history, options.to);
  if (!chosen.ok) return chosen;
  const action = actionFor(chosen.value, app, history);
  if (!action.ok) return action;
  const result = await performRollback(context, found.value, action.value);
  return result.type === 'failed' && result.failure.reason === 'lock-held' ? err(result.failure) : ok(result);
}

function chooseRevision(history: AppHistory, to: number | null): Result<RevisionEntry> {
  const entry = revisionToRollBackTo(history, to);
  if (entry !== undefined) return ok(entry);
  const { app, revision: present, entries } = history;
  const known = entries.map(({ revision, stable }) => ({ revision, stable }));
  return err({ reason: 'no-such-revision', app, revision: to, present, known });
}

/** null: the app is that revision already. */
function actionFor(entry: RevisionEntry, app: ObservedApp, history: AppHistory): Result<RollbackAction | null> {
  const { revision, spec, source } = entry;
  if (revision === history.revision) return ok(null);
  // Of the same answer, so that masked secrets can be compared.
  const present = history.entries.find((candidate) => candidate.revision === history.revision)?.spec ?? app.spec;
  const as = rollbackMeans(spec, { ...app, spec: present });
  if (as !== null) return ok({ type: 'rollback', revision, as });
  const commit = source?.commit ?? null;
  return err({ reason: 'only-code-differs', app: app.name, revision, present: history.revision, commit });
}

async function performRollback(
  context: CliContext,
  { client, app, history }: FoundHistory,
  action: RollbackAction | null,
): Promise<RollbackResult> {
  if (action === null) return { type: 'already', history };
  const { project, name } = app;
  const request = { project, app: name, action, by: await context.actor(), asked: 'hand', manifest: null } as const;
  const { signal } = new AbortController();
  const outcome = await reminded(
    context.clock,
    (waited) => hint(context.console, formatRollingBack(name, waited)),
    () => client.step(request, { onProgress: () => {}, signal }),
  );
  if (!outcome.ok) return { type: 'failed', history, failure: outcome.error };
  return { type: 'done', history, revision: action.revision, serving: outcome.value.serving };
}

async function report({ console }: CliContext, result: RollbackResult): Promise<ExitCode> {
  switch (result.type) {
    case 'failed':
      await renderFailure(console, result.failure);
      return exitCodeOf(result.failure);
    case 'already':
      say(console, formatAlreadyThere(result.history));
      return EXIT.success;
    default: {
      say(console, formatRolledBack(result));
      const more = formatFileAsksForMore(result);
      if (more !== '') hint(console, more);
      return EXIT.success;
    }
  }
}
