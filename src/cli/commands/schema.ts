import { readEcosystemSchema } from '../../platform/package-files.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';

export async function schema({ console }: CliContext): Promise<ExitCode> {
  console.out(await readEcosystemSchema());
  return 0;
}
