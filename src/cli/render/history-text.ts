import type { AppHistory, RevisionEntry, RevisionResult } from '../../domain/history.ts';
import type { FieldChange } from '../../domain/plan.ts';
import { fileSpec } from '../../reconcile/file-values.ts';
import { formatExitCause } from '../../reconcile/exit-cause.ts';
import { formatValue } from '../../reconcile/format-value.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';
import { specChanges } from '../../reconcile/spec-changes.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';
import { unreachable } from '../../util/unreachable.ts';
import { shortCommit } from './commit-text.ts';
import { formatTable } from './table.ts';
import { formatMinute } from './time-text.ts';

const COLUMNS = ['', 'revision', 'when', 'who', 'commit', 'result', 'stable', 'changed'];

/** `eco history`: one line a revision, the newest last; the present one is marked. */
export function formatHistory(history: AppHistory): string {
  const { app, entries } = history;
  if (entries.length === 0) return `${printable(app)}: no revisions are recorded yet`;
  const rows = entries.map((entry, index) => row(entry, { history, before: entries[index - 1] }));
  return formatTable([COLUMNS, ...rows], [1]).join('\n');
}

interface Place {
  readonly history: AppHistory;
  readonly before: RevisionEntry | undefined;
}

function row(entry: RevisionEntry, { history, before }: Place): readonly string[] {
  const { revision, at, by, source, result, stable } = entry;
  return [
    revision === history.revision ? '*' : '',
    `${revision}`,
    formatMinute(at),
    printable(by.user),
    source === null
      ? '–'
      : `${printable(shortCommit(source.commit))}${source.dirty ? '+' : ''} ${printable(source.author)}`,
    printable(resultText(result)),
    stable ? 'yes' : 'no',
    before === undefined ? '–' : changesText(changesBetween(before, entry)),
  ];
}

function changesBetween(before: RevisionEntry, entry: RevisionEntry): readonly FieldChange[] {
  return specChanges(before.spec, entry.spec, {}).fields;
}

function resultText(result: RevisionResult): string {
  switch (result.type) {
    case 'under-way':
      return 'under way';
    case 'failed':
      return result.cause === null ? 'failed' : `failed: ${formatExitCause(result.cause)}`;
    case 'succeeded':
    case 'superseded':
    case 'interrupted':
      return result.type;
    default:
      return unreachable(result);
  }
}

const SHOWN_CHANGES = 3;

/** `instances 2 → 4, code`: a value only where it is short. */
function changesText(changes: readonly FieldChange[]): string {
  const words = changes.slice(0, SHOWN_CHANGES).map(({ path, before, after, sensitive }) => {
    const values = `${formatValue(path, before)} → ${formatValue(path, after)}`;
    return sensitive || path === 'code' || values.length > 24 ? printable(path) : `${printable(path)} ${values}`;
  });
  const rest = changes.length > SHOWN_CHANGES ? [`${changes.length - SHOWN_CHANGES} more`] : [];
  return words.length === 0 ? '–' : [...words, ...rest].join(', ');
}

/** `eco history --json`. Published; secrets are masked. */
export function historyDocument({ project, app, revision, appliedRevision, entries }: AppHistory) {
  return {
    format_version: FORMAT_VERSION,
    project,
    app,
    revision,
    file_revision: appliedRevision,
    revisions: entries.map((entry, index) => revisionEntry(entry, entries[index - 1])),
  } as const;
}

function revisionEntry(entry: RevisionEntry, before: RevisionEntry | undefined) {
  const { revision, at, by, source, result, stable, spec } = entry;
  return {
    revision,
    at: new Date(at).toISOString(),
    by: { user: by.user, host: by.host, pid: by.pid },
    commit: source?.commit ?? null,
    author: source?.author ?? null,
    dirty: source?.dirty ?? null,
    result: result.type,
    reason: result.type === 'failed' ? result.reason : null,
    cause: result.type === 'failed' ? withSnakeCaseKeys(result.cause) : null,
    stable,
    changes: before === undefined ? [] : changesBetween(before, entry),
    spec: fileSpec(spec),
  };
}
