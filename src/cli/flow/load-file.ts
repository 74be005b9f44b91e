import type { LoadedEcosystem, LoadOptions } from '../../config/load-ecosystem.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { tell } from '../render/console.ts';

export interface FileOptions {
  readonly file?: string;
  readonly env?: string;
  /** Instead of the project that the file names. */
  readonly project?: string;
  readonly revision?: string;
}

export async function loadFile(
  context: CliContext,
  options: FileOptions,
  codeRevision: LoadOptions['codeRevision'],
): Promise<Result<LoadedEcosystem>> {
  const began = context.clock.now();
  const loaded = await context.load({
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.env === undefined ? {} : { envName: options.env }),
    ...(options.revision === undefined ? {} : { revision: options.revision }),
    cwd: context.cwd,
    environment: context.environment,
    home: context.home,
    codeRevision,
  });
  if (!loaded.ok) return loaded;
  const { desired, warnings } = loaded.value;
  const took = Math.round(context.clock.now() - began);
  tell(
    context.console,
    `${desired.file}: ${desired.apps.length} apps of project ${desired.project}, read in ${took} ms`,
  );
  if (options.project === undefined) return loaded;
  return ok({ desired: { ...desired, project: options.project }, warnings });
}
