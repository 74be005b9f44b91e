import type { AppKey } from '../domain/names.ts';
import type { Result } from '../domain/result.ts';
import type { StepOutcome } from '../protocol/control.ts';
import type { ClusterDocument } from './cluster-document.ts';
import type { Cluster } from './cluster.ts';
import type { SocketVault } from './socket-vault.ts';

export interface Move {
  /** Under its new name. */
  readonly key: AppKey;
  /** No process of that name has had a number from here on. */
  readonly startNumbers: number;
  readonly vault: SocketVault;
  readonly create: (document: ClusterDocument) => Cluster;
  readonly converge: (cluster: Cluster) => Promise<Result<StepOutcome>>;
  readonly remove: (cluster: Cluster) => Promise<unknown>;
}

/**
 * An app gets another name: its sockets and its history go over to the new one, whose workers are ready before those of
 * the old one are drained. Where the two cannot share what they listen on, the old ones go first. If the new workers fail,
 * the app is what and where it was.
 */
export async function moveApp(from: Cluster, move: Move): Promise<Result<StepOutcome>> {
  const { key, startNumbers, vault } = move;
  const sharing = from.workers.every(
    ({ sockets, managed, state }) => state.phase !== 'ready' || (managed && sockets.handsOver),
  );
  const document = { ...from.document, key, startNumbers, goal: 'running', deleting: false } as const;
  if (!sharing) await move.remove(from);
  else vault.move(from.key, key);
  const cluster = move.create(document);
  const outcome = await move.converge(cluster);
  if (!sharing) return outcome;
  if (!outcome.ok) {
    // Before its sockets are let go of.
    vault.move(key, from.key);
    await move.remove(cluster);
    return outcome;
  }
  const removed = move.remove(from);
  // A successor serves already: idle connections need not be cut.
  for (const worker of from.workers) worker.stop({ handover: true });
  await removed;
  return outcome;
}
