import type { Diagnostic, Location, RelatedLocation } from '../domain/diagnostic.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { locate, locateSpan, type Part } from './locate.ts';
import type { SourceDocument, SourcePath, Span } from './source.ts';

/** Collects what is to be said about one file. */
export interface Report {
  readonly error: (code: DiagnosticCode, path: SourcePath, finding: Finding) => void;
  readonly warning: (code: DiagnosticCode, path: SourcePath, finding: Finding) => void;
  /** At a place that no path leads to. */
  readonly warningAt: (code: DiagnosticCode, span: Span, finding: SpanFinding) => void;
  /** In file order; what was found first comes first where the place is the same. */
  readonly diagnostics: () => readonly Diagnostic[];
  readonly locate: (path: SourcePath, part: Part) => Location;
}

interface Finding {
  readonly message: string;
  /** What to point at; the value unless said otherwise. */
  readonly part?: Part;
  readonly hint?: string | undefined;
  readonly related?: readonly RelatedLocation[];
}

interface SpanFinding {
  readonly message: string;
  readonly related: readonly { readonly message: string; readonly span: Span }[];
}

export function createReport(document: SourceDocument, begun: readonly Diagnostic[] = []): Report {
  const found: Diagnostic[] = [...begun];
  const place = (path: SourcePath, part: Part): Location => locate(document, path, { part });
  const add = (severity: Diagnostic['severity'], code: DiagnosticCode, { path, finding }: Addition): void => {
    const location = place(path, finding.part ?? 'value');
    found.push({
      code,
      severity,
      message: finding.message,
      hint: finding.hint ?? null,
      location,
      related: finding.related ?? [],
    });
  };
  return {
    error: (code, path, finding) => add('error', code, { path, finding }),
    warning: (code, path, finding) => add('warning', code, { path, finding }),
    warningAt: (code, span, { message, related }) => {
      const others = related.map((other) => ({ message: other.message, location: locateSpan(document, other.span) }));
      const location = locateSpan(document, span);
      found.push({ code, severity: 'warning', message, hint: null, location, related: others });
    },
    diagnostics: () => inFileOrder(found),
    locate: place,
  };
}

interface Addition {
  readonly path: SourcePath;
  readonly finding: Finding;
}

function inFileOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => {
    const [left, right] = [a.location.range?.start, b.location.range?.start];
    if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
    return left.line - right.line || left.column - right.column;
  });
}
