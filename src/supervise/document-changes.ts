import type { RevisionEntry, RevisionResult } from '../domain/history.ts';
import type { WorkerFailure } from '../domain/failure.ts';
import type { ClusterDocument, Target } from './cluster-document.ts';
import { targetFor, type TargetRequest } from './targets.ts';

/** What becomes of a document when something becomes of its app. */
type Change = Partial<ClusterDocument>;
type History = ClusterDocument['history'];
type Asked = Pick<RevisionEntry, 'by' | 'source' | 'at'>;

const KEPT_REVISIONS = 10;

/** With the change; of its history are left the last ten revisions, and those that are needed, however old. */
export function changedDocument(document: ClusterDocument, change: Change): ClusterDocument {
  const changed = { ...document, ...change };
  const needed = [changed.target.revision, changed.lastStable, changed.appliedRevision];
  return change.history === undefined ? changed : { ...changed, history: pruned(change.history, needed) };
}

/** A rollout towards the target begins: a new entry, or the one that its revision has already. */
export function begun({ history, lastRevision, lastGeneration }: ClusterDocument, target: Target, asked: Asked) {
  return {
    goal: 'running',
    deleting: false,
    lastRevision: Math.max(lastRevision, target.revision),
    lastGeneration: Math.max(lastGeneration, target.generation),
    history: withEntry(history, target, asked),
  } as const satisfies Change;
}

/** Settings that touch no process are as good as what they change. */
export function updated(
  document: ClusterDocument,
  request: Omit<TargetRequest, 'strategy'>,
  asked: Asked & { readonly fromFile: boolean },
): Change & Pick<ClusterDocument, 'target'> {
  const target = targetFor(document, { ...request, strategy: 'keep' });
  const wasStable = document.target.revision === document.lastStable;
  const history = withEntry(document.history, target, asked);
  return {
    target,
    lastRevision: Math.max(document.lastRevision, target.revision),
    ...(wasStable ? stableAs({ history }, target) : { history }),
    ...(asked.fromFile ? appliedAs(target) : {}),
  };
}

export function superseded({ history }: ClusterDocument, target: Target): Change {
  return { history: withResult(history, target.revision, { type: 'superseded' }) };
}

export function failed(
  { history }: ClusterDocument,
  { spec, revision }: Target,
  [first]: readonly WorkerFailure[],
): Change {
  const reason = spec.kind === 'task' ? 'task-failed' : 'rollout-failed';
  return { history: withResult(history, revision, { type: 'failed', reason, cause: first?.cause ?? null }) };
}

export function stableAs(
  { history }: Pick<ClusterDocument, 'history'>,
  { revision }: Target,
): Pick<ClusterDocument, 'history' | 'lastStable'> {
  return { history: withResult(history, revision, { type: 'succeeded' }), lastStable: revision };
}

/** The file has what it asks for: nothing that was done by hand is left. */
export function appliedAs({ spec, revision }: Target): Change {
  return { applied: spec, appliedRevision: revision, manualChanges: [] };
}

/** What was under way when a daemon ended is not any more. */
export function interrupted({ history }: ClusterDocument): Change {
  const result = { type: 'interrupted' } as const;
  return { history: history.map((entry) => (entry.result.type === 'under-way' ? { ...entry, result } : entry)) };
}

function withEntry(history: History, { revision, spec }: Target, { by, source, at }: Asked): History {
  const result = { type: 'under-way' } as const;
  if (history.some((entry) => entry.revision === revision)) return withResult(history, revision, result);
  return [...history, { revision, spec, source, by, at, result, stable: false }];
}

function withResult(history: History, revision: number, result: RevisionResult): History {
  return history.map((entry) =>
    entry.revision === revision ? { ...entry, result, stable: entry.stable || result.type === 'succeeded' } : entry,
  );
}

function pruned(history: History, needed: readonly (number | null)[]): History {
  const sorted = [...history].sort((a, b) => a.revision - b.revision);
  const recent = sorted.slice(-KEPT_REVISIONS);
  const older = sorted.slice(0, -KEPT_REVISIONS).filter(({ revision }) => needed.includes(revision));
  const dispensable = recent.filter(({ revision }) => !needed.includes(revision)).slice(0, older.length);
  return [...older, ...recent.filter((entry) => !dispensable.includes(entry))];
}

/** What a daemon before this one began, or what came up in the end by its restart policy, is as good as any. */
export function cameUp(document: ClusterDocument): Change {
  const { target, history } = document;
  const entry = history.find(({ revision }) => revision === target.revision);
  return entry?.stable === false && target.spec.kind === 'service' ? stableAs(document, target) : {};
}

/** Of workers that were taken to be ready before they listened: their successors shall be waited for. */
export function lateSockets({ sockets }: ClusterDocument, requested: Record<string, readonly string[]>): Change {
  const late = Object.entries(requested).filter(([instance, now]) => now.length > 0 && !sockets[instance]?.length);
  return late.length === 0 ? {} : { sockets: { ...sockets, ...Object.fromEntries(late) } };
}
