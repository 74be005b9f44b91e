import type { FileRole } from '../../config/source.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import { developmentSpec } from '../../domain/development.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { loadFile, type FileOptions } from './load-file.ts';

export interface LoadedDevelopment {
  readonly desired: DesiredState;
  readonly warnings: readonly Diagnostic[];
  /** What `desired` was made of. */
  readonly files: readonly ReadFile[];
}

export interface ReadFile {
  readonly file: string;
  readonly as: FileRole;
}

/** Taken if it is there; nobody asked for it. */
const PROFILE = 'development';
const NO_SUCH_PROFILE = 'ECO1904';

/** The apps as they run while somebody works on them. The files are known also where they are wrong. */
export async function loadDevelopment(
  context: CliContext,
  { instances, ...options }: FileOptions & { readonly instances: number | null },
): Promise<Result<LoadedDevelopment> & Pick<LoadedDevelopment, 'files'>> {
  const roles = new Map<string, FileRole>();
  const onRead = (file: string, as: FileRole): void => void (roles.get(file) === 'own' || roles.set(file, as));
  const loaded = await loadFile(
    context,
    { ...options, env: options.env ?? PROFILE, onRead, development: true },
    'skip',
  );
  const files = [...roles].map(([file, as]) => ({ file, as }));
  const matters = ({ code }: Diagnostic): boolean => options.env !== undefined || code !== NO_SUCH_PROFILE;
  if (!loaded.ok) {
    const { error } = loaded;
    const shown =
      error.reason === 'config-invalid' ? { ...error, diagnostics: error.diagnostics.filter(matters) } : error;
    return { ...err(shown), files };
  }
  const { desired, warnings } = loaded.value;
  const apps = desired.apps.map((spec) => developmentSpec(spec, { instances }));
  return { ...ok({ desired: { ...desired, apps }, warnings: warnings.filter(matters), files }), files };
}
