import type { Diagnostic, FrameLine, Location, Range } from '../../domain/diagnostic.ts';
import { fileName } from './github-text.ts';

export interface DiagnosticFormat {
  /** Files in or below this folder are named relative to it. */
  readonly cwd: string;
}

/** For people: the message, the place in the file with the lines around it, other places, and what to do. */
export function formatDiagnostic(diagnostic: Diagnostic, { cwd }: DiagnosticFormat): string {
  const { severity, code, message, location, related, hint } = diagnostic;
  const lines = [`${severity}[${code}]: ${message}`, ...formatPlace(location, cwd)];
  for (const other of related) lines.push(`  = ${other.message}`, ...formatPlace(other.location, cwd));
  if (hint !== null) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}

/** The `Diagnostic` of the Language Server Protocol, with the file it belongs to. Positions count from 0. */
export interface LspDiagnostic {
  readonly uri: string;
  readonly range: LspRange;
  /** 1: error. 2: warning. */
  readonly severity: 1 | 2;
  readonly code: string;
  readonly source: 'eco';
  readonly message: string;
  readonly relatedInformation: readonly { readonly location: LspLocation; readonly message: string }[];
  /** What has no field of its own in the protocol. */
  readonly data: { readonly path: string; readonly hint: string | null };
}

export interface LspRange {
  readonly start: LspPosition;
  readonly end: LspPosition;
}

interface LspPosition {
  readonly line: number;
  readonly character: number;
}

interface LspLocation {
  readonly uri: string;
  readonly range: LspRange;
}

/** https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#diagnostic */
export function formatDiagnosticLsp(diagnostic: Diagnostic): LspDiagnostic {
  const { severity, code, message, location, related, hint } = diagnostic;
  return {
    ...lspLocation(location),
    severity: severity === 'error' ? 1 : 2,
    code,
    source: 'eco',
    message,
    relatedInformation: related.map((other) => ({ location: lspLocation(other.location), message: other.message })),
    data: { path: location.path, hint },
  };
}

function formatPlace(location: Location, cwd: string): readonly string[] {
  const { file, range, frame, path } = location;
  const name = fileName(file, cwd);
  const numbers = frame.map((line) => String(line.number));
  const width = Math.max(1, ...numbers.map((number) => number.length));
  const gutter = ' '.repeat(width + 1);
  if (range === null) return [`${' '.repeat(width)}┌─ ${name}${path === '' ? '' : ` (${path})`}`];
  const head = `${' '.repeat(width)}┌─ ${name}:${range.start.line}:${range.start.column}`;
  const marked = frame.find((line) => line.number === range.start.line);
  if (marked === undefined) return [head];
  const cut = excerptOf(marked, range);
  const lines = frame.map((line) => `${String(line.number).padStart(width)} │ ${visible(cut(line.text))}`.trimEnd());
  return [head, ...lines, `${gutter}│ ${underline(marked, range)}`];
}

/** In characters. Longer lines, as in a file that a program wrote, are cut around the place. */
const LONGEST_LINE = 200;
const BEFORE_PLACE = 80;

function excerptOf({ text }: FrameLine, { start }: Range): (text: string) => string {
  if (text.length <= LONGEST_LINE)
    return (line) => (line.length <= LONGEST_LINE ? line : `${line.slice(0, LONGEST_LINE)}…`);
  const from = Math.max(0, start.column - 1 - BEFORE_PLACE);
  return (line) => {
    const part = line.slice(from, from + LONGEST_LINE);
    return `${from > 0 ? '…' : ''}${part}${line.length > from + LONGEST_LINE ? '…' : ''}`;
  };
}

function underline({ text }: FrameLine, { start, end }: Range): string {
  const from = text.length <= LONGEST_LINE ? 0 : Math.max(0, start.column - 1 - BEFORE_PLACE);
  const before = `${from > 0 ? '…' : ''}${text.slice(from, start.column - 1)}`;
  const endsHere = Math.min(end.line === start.line ? end.column - 1 : text.length, from + LONGEST_LINE);
  const marked = text.slice(start.column - 1, Math.max(endsHere, start.column));
  return ' '.repeat(columnsOf(before)) + '~'.repeat(Math.max(1, columnsOf(marked)));
}

/** A tab is shown as one blank, and no character may move the cursor, so that the line of tildes fits. */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what must not reach the terminal
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001F\u007F-\u009F]/g, '\uFFFD');
}

/** How many columns of a terminal a text takes: none for marks that combine, two for wide letters and emoji. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const char of text) {
    if (/\p{Mark}|\u200D|\uFE0F/u.test(char)) continue;
    columns +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u.test(
        char,
      )
        ? 2
        : 1;
  }
  return columns;
}

function lspLocation(location: Location): LspLocation {
  const { range, file } = location;
  const start = { line: (range?.start.line ?? 1) - 1, character: (range?.start.column ?? 1) - 1 };
  const end = range === null ? start : { line: range.end.line - 1, character: range.end.column - 1 };
  return { uri: `file://${encodeURI(file).replace(/[?#]/g, encodeURIComponent)}`, range: { start, end } };
}
