import { sshWords, type SshOptions } from '../../client/ssh-words.ts';
import type { FarEco } from '../../client/dial.ts';
import type { CopyProblem, Failure } from '../../domain/failure.ts';
import { formatHost, type Host } from '../../domain/host.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { copyFolder } from '../../platform/rsync.ts';
import { SYNC_MARK, type SyncTarget } from '../../platform/sync-target.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { CliContext } from '../context.ts';
import { reminded } from '../flow/reminders.ts';
import { hint } from '../render/console.ts';
import { formatCopied, formatCopying } from '../render/copy-text.ts';

export interface CopyThere {
  readonly eco: FarEco;
  readonly host: Host;
  readonly ssh: SshOptions;
  /** The folder of the ecosystem file. */
  readonly from: string;
}

/** Makes the folder there the same as the one here; only one that nothing was in, or that was made so before. */
export async function copyThere(here: CliContext, { eco, host, ssh, from }: CopyThere): Promise<Result<void>> {
  const failed = (because: CopyProblem): Result<never> => err(failure(host, from, because));
  if (host.folder === null) return failed({ type: 'no-folder' });
  const prepared = await eco.call<SyncTarget>('prepare-sync', host.folder);
  if (!prepared.ok) return prepared;
  const target = prepared.value;
  const problem = problemOf(target);
  if (problem !== null) return failed(problem);
  const { console, clock } = here;
  const to = { user: host.user, name: host.name, folder: target.folder };
  hint(console, formatCopying(from, formatHost(host)));
  const copied = await reminded(
    clock,
    () => hint(console, formatCopying(from, formatHost(host))),
    () => copyFolder({ from, to, ssh: sshWords(host, ssh), keep: SYNC_MARK }),
  );
  switch (copied.type) {
    case 'copied':
      hint(console, formatCopied(copied.files));
      return ok(undefined);
    case 'not-here':
      return failed({ type: 'no-rsync-here' });
    case 'failed': {
      const isMissing = copied.output.some((line) => /rsync: (command )?not found/.test(line));
      return failed(isMissing ? { type: 'no-rsync-there' } : { ...copied, type: 'rsync' });
    }
    default:
      return unreachable(copied);
  }
}

function failure(host: Host, from: string, because: CopyProblem): Failure {
  return { reason: 'host-not-copied', host, from, because };
}

function problemOf(target: SyncTarget): CopyProblem | null {
  switch (target.type) {
    case 'ready':
      return null;
    case 'too-much':
      return target;
    case 'not-ours':
      return { ...target, mark: SYNC_MARK };
    case 'failed':
      return { ...target, type: 'not-made' };
    default:
      return unreachable(target);
  }
}
