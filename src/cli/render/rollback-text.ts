import type { Failure, Serving } from '../../domain/failure.ts';
import type { AppHistory } from '../../domain/history.ts';
import type { AppName } from '../../domain/names.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';
import { equalJson } from '../../util/compare.ts';
import { formatDuration } from './duration-text.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';

/** What became of a rollback; `history` is as it was before. */
export type RollbackResult =
  | {
      readonly type: 'done';
      readonly history: AppHistory;
      readonly revision: number;
      readonly serving: Serving | null;
    }
  | { readonly type: 'already'; readonly history: AppHistory }
  | { readonly type: 'failed'; readonly history: AppHistory; readonly failure: Failure };

type Done = Extract<RollbackResult, { type: 'done' }>;

/** Shown again and again, with how long it has been. */
export function formatRollingBack(app: AppName, waited: Milliseconds): string {
  return printable(`Waiting (${formatDuration(waited)}): rollback ${app}`);
}

export function formatRolledBack({ history, revision, serving }: Done): string {
  const ready = serving === null ? '' : ` (${serving.ready}/${serving.desired} ready)`;
  return `${printable(history.app)}: rolled back from revision ${history.revision} to ${revision}${ready}`;
}

export function formatAlreadyThere({ app, revision }: AppHistory): string {
  return `${printable(app)}: is revision ${revision} already`;
}

/** What a person must know who thinks that this is all; empty if the file asks for nothing else. */
export function formatFileAsksForMore(result: Done): string {
  const { appliedRevision } = result.history;
  const file =
    appliedRevision === null || appliedRevision === result.revision
      ? []
      : [`The file still asks for revision ${appliedRevision}: the next eco apply goes forward to it again.`];
  const code = codeDiffers(result)
    ? ['Only settings went back. The code on disk is as it was: eco keeps no code.']
    : [];
  return [...file, ...code].join('\n');
}

function codeDiffers({ history: { entries, revision: present }, revision }: Done): boolean {
  const codeOf = (number: number) => entries.find((entry) => entry.revision === number)?.spec.code;
  return !equalJson(codeOf(present), codeOf(revision));
}

/** `eco rollback --json`. Published. */
export function rollbackDocument(result: RollbackResult) {
  const { project, app, revision, appliedRevision } = result.history;
  const serving = result.type === 'done' ? result.serving : null;
  return {
    format_version: FORMAT_VERSION,
    project,
    app,
    result: result.type,
    from: revision,
    to: result.type === 'done' ? result.revision : null,
    file_revision: appliedRevision,
    ready: serving?.ready ?? null,
    desired: serving?.desired ?? null,
    failure: result.type === 'failed' ? withSnakeCaseKeys(result.failure) : null,
  } as const;
}
