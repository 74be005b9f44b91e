import { basename } from 'node:path';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Host } from '../../domain/host.ts';

export function formatValid({ file, project, apps }: DesiredState, warnings: readonly Diagnostic[]): string {
  return `${basename(file)} is valid: ${countedText(apps.length, { project, warnings })}.`;
}

/** Of a file whose apps are for other machines, which were not asked. */
export function formatValidElsewhere(
  { file, project, apps, warnings }: Extract<Failure, { reason: 'runs-elsewhere' }>,
  hosts: readonly Host[],
): string {
  const counted = countedText(apps, { project, warnings });
  const machines = hosts.length === 1 ? '1 host' : `${hosts.length} hosts`;
  return `${basename(file)} is valid by itself: ${counted}. What is on its ${machines} is checked too by: eco validate --host all`;
}

interface Counted {
  readonly project: string;
  readonly warnings: readonly Diagnostic[];
}

function countedText(apps: number, { project, warnings }: Counted): string {
  const warned = warnings.length === 0 ? '' : warnings.length === 1 ? ', 1 warning' : `, ${warnings.length} warnings`;
  return `${apps === 1 ? '1 app' : `${apps} apps`} of project ${project}${warned}`;
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
