import type { LoadedEcosystem, LoadOptions } from '../../config/load-ecosystem.ts';
import type { Failure } from '../../domain/failure.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { tell } from '../render/console.ts';

export interface FileOptions {
  readonly file?: string;
  readonly env?: string;
  /** Instead of the project that the file names. */
  readonly project?: string;
  readonly revision?: string;
  /** What would be a warning is an error. */
  readonly strict?: boolean;
  readonly onRead?: LoadOptions['onRead'];
  /** The folder of the file is copied to the other machine first. */
  readonly sync?: boolean;
  /** All apps run here, whatever machines the file names. */
  readonly development?: true;
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
    ...(options.onRead === undefined ? {} : { onRead: options.onRead }),
    ...whereOf(context, options),
    ...(options.sync === true ? { sync: true } : {}),
    cwd: context.cwd,
    environment: context.environment,
    home: context.home,
    codeRevision,
  });
  if (!loaded.ok) return options.strict === true ? asErrors(loaded.error) : loaded;
  const { desired, warnings, locateApp } = loaded.value;
  const took = Math.round(context.clock.now() - began);
  tell(
    context.console,
    `${desired.file}: ${desired.apps.length} apps of project ${desired.project}, read in ${took} ms`,
  );
  if (options.strict === true && warnings.length > 0)
    return asErrors({ reason: 'config-invalid', diagnostics: warnings });
  if (options.project === undefined) return loaded;
  return ok({ desired: { ...desired, project: options.project }, warnings, locateApp });
}

function whereOf({ host, hostGroup }: CliContext, { development }: FileOptions): Pick<LoadOptions, 'where'> {
  if (development === true) return { where: { type: 'anywhere' } };
  if (host !== null) return { where: { type: 'host', host } };
  return hostGroup === null ? {} : { where: { type: 'group', name: hostGroup } };
}

function asErrors(failure: Failure): Result<never> {
  if (failure.reason !== 'config-invalid') return err(failure);
  return err({
    ...failure,
    diagnostics: failure.diagnostics.map((diagnostic) => ({ ...diagnostic, severity: 'error' as const })),
  });
}
