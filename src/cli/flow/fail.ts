import type { Failure } from '../../domain/failure.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderFailure } from '../render/console.ts';

/** Says what went wrong, and gives the exit code for it. */
export async function fail({ console }: Pick<CliContext, 'console'>, failure: Failure): Promise<ExitCode> {
  await renderFailure(console, failure);
  const { exitCodeOf } = await import('../exit-codes.ts');
  return exitCodeOf(failure);
}
