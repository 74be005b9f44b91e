import { basename } from 'node:path';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';

export function formatValid({ file, project, apps }: DesiredState, warnings: readonly Diagnostic[]): string {
  const counted = apps.length === 1 ? '1 app' : `${apps.length} apps`;
  const warned = warnings.length === 0 ? '' : warnings.length === 1 ? ', 1 warning' : `, ${warnings.length} warnings`;
  return `${basename(file)} is valid: ${counted} of project ${project}${warned}.`;
}

export interface Validation {
  /** null if it is invalid, or was not found. */
  readonly file: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** What `validate --json` prints; published. The diagnostics have the form of the Language Server Protocol, and their file. */
export async function validationDocument({ file, diagnostics }: Validation) {
  const { formatDiagnosticLsp } = await import('./diagnostics.ts');
  return {
    format_version: '1.0',
    valid: diagnostics.every(({ severity }) => severity !== 'error'),
    file,
    diagnostics: diagnostics.map((diagnostic) => ({
      file: diagnostic.location.file,
      path: diagnostic.location.path,
      ...formatDiagnosticLsp(diagnostic),
    })),
  } as const;
}
