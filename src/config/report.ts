import { dirname } from 'node:path';
import type { Diagnostic, Location, RelatedLocation } from '../domain/diagnostic.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { locate, locateSpan, type Part } from './locate.ts';
import type { SourceDocument, SourcePath, Span } from './source.ts';

/** Collects what is to be said about one file, and those that it includes. */
export interface Report {
  /** Places that begin with `includedAt` of that file are in it from now on. */
  readonly include: (document: SourceDocument) => void;
  /** What was found by somebody else. */
  readonly add: (diagnostic: Diagnostic) => void;
  /** The folder of the file that the place is in, on the machine that it is for. */
  readonly folderOf: (path: SourcePath) => string;
  readonly error: (code: DiagnosticCode, path: SourcePath, finding: Finding) => void;
  readonly warning: (code: DiagnosticCode, path: SourcePath, finding: Finding) => void;
  /** At a place that no path leads to. */
  readonly warningAt: (code: DiagnosticCode, place: SpanPlace, finding: SpanFinding) => void;
  /** File by file, each in its order; what was found first comes first where the place is the same. */
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

interface SpanPlace {
  readonly document: SourceDocument;
  readonly span: Span;
}

interface SpanFinding {
  readonly message: string;
  readonly related: readonly { readonly message: string; readonly span: Span }[];
}

export interface ReportOptions {
  /** Of the machine that the ecosystem is for; the same where it is this one. */
  readonly folderFor?: (folder: string) => string;
}

export function createReport(root: SourceDocument, { folderFor = (folder) => folder }: ReportOptions = {}): Report {
  const found: Diagnostic[] = [];
  const documents = new Map([[root.file, root]]);
  const documentOf = ([include, file]: SourcePath): SourceDocument | undefined =>
    include === 'include' && typeof file === 'string' ? documents.get(file) : undefined;
  const place = (path: SourcePath, part: Part): Location => {
    const included = documentOf(path);
    return included === undefined ? locate(root, path, { part }) : locate(included, path.slice(2), { part });
  };
  const add = (severity: Diagnostic['severity'], code: DiagnosticCode, { path, finding }: Addition): void => {
    const location = place(path, finding.part ?? 'value');
    found.push({
      code,
      severity,
      message: clipped(finding.message),
      hint: finding.hint ?? null,
      location,
      related: finding.related ?? [],
    });
  };
  return {
    include: (document) => void documents.set(document.file, document),
    add: (diagnostic) => void found.push(diagnostic),
    folderOf: (path) => folderFor(dirname((documentOf(path) ?? root).file)),
    error: (code, path, finding) => add('error', code, { path, finding }),
    warning: (code, path, finding) => add('warning', code, { path, finding }),
    warningAt: (code, { document, span }, { message, related }) => {
      const others = related.map((other) => ({ message: other.message, location: locateSpan(document, other.span) }));
      const location = locateSpan(document, span);
      found.push({ code, severity: 'warning', message, hint: null, location, related: others });
    },
    diagnostics: () => inFileOrder(found, [...documents.keys()]),
    locate: place,
  };
}

/** In characters. A name or a key of a file may be as long as the file. */
const LONGEST_MESSAGE = 1000;

function clipped(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE)}…`;
}

interface Addition {
  readonly path: SourcePath;
  readonly finding: Finding;
}

/** A file that could not be read is not among those that were: it comes last. */
function rankOf({ location }: Diagnostic, files: readonly string[]): number {
  const index = files.indexOf(location.file);
  return index < 0 ? files.length : index;
}

function inFileOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => {
    if (a.location.file !== b.location.file) return rankOf(a, files) - rankOf(b, files);
    const [left, right] = [a.location.range?.start, b.location.range?.start];
    if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
    return left.line - right.line || left.column - right.column;
  });
}
