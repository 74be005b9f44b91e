import { relative, sep } from 'node:path';
import type { Diagnostic, Location } from '../../domain/diagnostic.ts';

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message */
export interface Annotation {
  readonly severity: Diagnostic['severity'];
  /** null: of no file. */
  readonly location: Pick<Location, 'file' | 'range'> | null;
  readonly title: string;
  readonly message: string;
}

/** `root`: files in or below this folder are named relative to it. */
export function formatAnnotation({ severity, location, title, message }: Annotation, root: string): string {
  const start = location?.range?.start;
  const properties = [
    ...(location === null ? [] : [`file=${escapeProperty(fileName(location.file, root))}`]),
    ...(start === undefined ? [] : [`line=${start.line}`, `col=${start.column}`]),
    `title=${escapeProperty(title)}`,
  ];
  return `::${severity} ${properties.join(',')}::${escapeData(message)}`;
}

export function diagnosticAnnotation({ severity, code, message, hint, location }: Diagnostic): Annotation {
  return { severity, location, title: code, message: hint === null ? message : `${message}\nhint: ${hint}` };
}

/** As it is, where it lies elsewhere. */
export function fileName(file: string, root: string): string {
  const name = relative(root, file);
  if (name === '') return '.';
  return name === '..' || name.startsWith(`..${sep}`) ? file : name;
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
