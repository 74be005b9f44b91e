import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { unreachable } from '../util/unreachable.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { extentProblem, MOST_LEVELS, type ExtentProblem } from './extent.ts';
import { locate } from './locate.ts';
import { formatSourcePath, type SourceDocument } from './source.ts';

/** Lets only values pass that every later stage can walk through. */
export function checkExtent(document: SourceDocument): Result<SourceDocument, Diagnostic> {
  const problem = extentProblem(document.value);
  return problem === null ? ok(document) : err(extentDiagnostic(document, problem));
}

export function extentDiagnostic(document: SourceDocument, problem: ExtentProblem): Diagnostic {
  const { code, message } = describeProblem(problem);
  const location = locate(document, problem.path, { part: 'value' });
  return { code, severity: 'error', message, hint: null, location, related: [] };
}

function describeProblem({ type, path }: ExtentProblem): { readonly code: DiagnosticCode; readonly message: string } {
  switch (type) {
    case 'circular':
      return { code: 'ECO1508', message: `the value contains itself at ${formatSourcePath(path)}` };
    case 'deep':
      return { code: 'ECO1015', message: `lists and objects are nested more than ${MOST_LEVELS} deep here` };
    case 'large':
      return { code: 'ECO1015', message: 'this stands for more than a million values' };
    default:
      return unreachable(type);
  }
}
