import type { FrameLine, Location, Position, Range } from '../domain/diagnostic.ts';
import { formatSourcePath, type SourceDocument, type SourceNode, type SourcePath, type Span } from './source.ts';

export type Part = 'key' | 'value';

/** The place of a key or a value in the file; of the nearest thing around it where it has none of its own. */
export function locate(document: SourceDocument, path: SourcePath, { part }: { readonly part: Part }): Location {
  const full = [...document.root, ...path];
  const span =
    document.positions === null
      ? searchText(document.text, full)
      : spanOf(document.positions, full, { part, text: document.text });
  return { ...locateSpan(document, span), path: formatSourcePath(path) };
}

/** A place in the text that belongs to no value, such as a syntax error. */
export function locateSpan(source: { readonly file: string; readonly text: string }, span: Span | null): Location {
  if (span === null) return wholeFile(source.file);
  const range = rangeOf(source.text, span);
  return { file: source.file, range, path: '', frame: frameOf(source.text, range.start.line) };
}

export function wholeFile(file: string): Location {
  return { file, range: null, path: '', frame: [] };
}

/** Lines and columns from 1, as parsers and stack traces give them. */
export function spanAt(text: string, line: number, column: number): Span {
  let start = 0;
  for (let passed = 1; passed < line; passed++) {
    const lineEnd = text.indexOf('\n', start);
    if (lineEnd < 0) break;
    start = lineEnd + 1;
  }
  const offset = Math.min(start + Math.max(0, column - 1), text.length);
  const word = /^[\w$.-]+/.exec(text.slice(offset, offset + 80))?.[0] ?? '';
  return { start: offset, end: offset + Math.max(1, word.length) };
}

function spanOf(
  root: SourceNode,
  path: SourcePath,
  { part, text }: { readonly part: Part; readonly text: string },
): Span {
  let node = root;
  let found = wordAt(text, node.span);
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    const entry = typeof step === 'string' ? node.entries.get(step) : undefined;
    const next = typeof step === 'number' ? node.items[step] : entry?.value;
    if (next === undefined) return found;
    found = last && part === 'value' ? next.span : (entry?.key ?? wordAt(text, next.span));
    node = next;
  }
  return found;
}

/** A whole object is too much to underline: its first line says enough. */
function wordAt(text: string, span: Span): Span {
  const lineEnd = text.indexOf('\n', span.start);
  const end = lineEnd < 0 ? span.end : Math.min(span.end, lineEnd);
  return { start: span.start, end: Math.max(end, span.start + 1) };
}

/**
 * Modules have no positions: the key is looked for in the text. Each step of the path narrows the search to what follows
 * the step before it; an index skips as many objects as it says.
 */
function searchText(text: string, path: SourcePath): Span | null {
  let found: Span | null = null;
  let from = 0;
  for (const step of path) {
    const next = typeof step === 'number' ? findItem(text, from, step) : findKey(text, from, step);
    if (next === null) return found;
    found = next;
    from = next.end;
  }
  return found;
}

function findKey(text: string, from: number, key: string): Span | null {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const match = new RegExp(`(?<![\\w$.-])(["']?)${escaped}\\1\\s*(?=[:=,}])`, 'g');
  match.lastIndex = from;
  const hit = match.exec(text);
  if (hit === null) return null;
  const quote = hit[1] ?? '';
  return { start: hit.index, end: hit.index + key.length + quote.length * 2 };
}

/** The start of the item with that index in the array that begins after `from`, by counting brackets. */
function findItem(text: string, from: number, index: number): Span | null {
  const open = text.indexOf('[', from);
  if (open < 0) return null;
  let depth = 0;
  let item = 0;
  for (let at = open + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (depth === 0 && item === index && /\S/.test(char)) return { start: at, end: at + 1 };
    if ('{[('.includes(char)) depth++;
    if ('}])'.includes(char)) depth--;
    if (depth < 0) return null;
    if (depth === 0 && char === ',') item++;
  }
  return null;
}

function rangeOf(text: string, span: Span): Range {
  return { start: positionOf(text, span.start), end: positionOf(text, Math.max(span.end, span.start)) };
}

function positionOf(text: string, offset: number): Position {
  const starts = lineStartsOf(text);
  const line = lineAt(starts, offset);
  return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
}

function frameOf(text: string, line: number): readonly FrameLine[] {
  const starts = lineStartsOf(text);
  return [line - 1, line]
    .filter((number) => number >= 1 && number <= starts.length)
    .map((number) => {
      const end = starts[number] ?? text.length + 1;
      return { number, text: text.slice(starts[number - 1], end - 1).replace(/\r$/, '') };
    });
}

/** The last of `starts` that is not after `offset`. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Of the text that was asked for last: a file with a mistake in each of its apps would else be read from its top for each. */
let latest: { readonly text: string; readonly starts: readonly number[] } = { text: '', starts: [0] };

function lineStartsOf(text: string): readonly number[] {
  if (latest.text === text) return latest.starts;
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  latest = { text, starts };
  return starts;
}
