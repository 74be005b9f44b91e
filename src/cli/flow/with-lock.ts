import type { DaemonClient } from '../../client/daemon-client.ts';
import type { LockId } from '../../domain/lock.ts';
import type { ProjectName } from '../../domain/names.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { patience, type PatienceOptions } from './patience.ts';
import type { Reporter } from './reporter.ts';

export interface LockedRun {
  readonly client: DaemonClient;
  readonly project: ProjectName;
  readonly reporter: Reporter;
  readonly options: PatienceOptions;
}

/** Does something while nobody else can change the project: what it observes is still so when it acts on it. */
export async function withLock(
  context: CliContext,
  { client, project, reporter, options }: LockedRun,
  run: (lock: LockId) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { holdLock } = await import('../../client/hold-lock.ts');
  const { id, holder } = await context.newLock();
  const patiently = patience(context, { lockTimeout: options.lockTimeout ?? 0, onWaiting: reporter.waiting });
  const held = await patiently(() => holdLock(client, { id, project, holder, message: null }));
  if (!held.ok) return reporter.fail(held.error);
  try {
    return await run(held.value.lock.id);
  } finally {
    await held.value.release();
  }
}
