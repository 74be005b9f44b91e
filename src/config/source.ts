/**
 * A place within the value that a file holds: keys and array indexes from the top. In an included file the way begins with
 * `includedAt` of that file.
 */
export type SourcePath = readonly (string | number)[];

/** No place of the including file: there the entries of `include` have numbers. */
export function includedAt(file: string): SourcePath {
  return ['include', file];
}

/** Half-open, in UTF-16 code units of the file's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a value and the parts of it stand in the text. */
export interface SourceNode {
  readonly span: Span;
  readonly entries: ReadonlyMap<string, SourceEntry>;
  readonly items: readonly SourceNode[];
}

export interface SourceEntry {
  readonly key: Span;
  readonly value: SourceNode;
}

/** The same key twice in one object: the last one counts. */
export interface DuplicateKey {
  readonly key: string;
  readonly first: Span;
  readonly again: Span;
}

/** Hears of each file whose text decides what an ecosystem is, whether or not it is there. */
export type OnRead = (file: string, as: FileRole) => void;

/** `own`: of the ecosystem alone. `imported`: code, which may be part of a program as well. */
export type FileRole = 'own' | 'imported';

/** A file that was read and parsed. */
export interface SourceDocument {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** null for modules: their values have no place in the text. */
  readonly positions: SourceNode | null;
  readonly duplicates: readonly DuplicateKey[];
  /** Where the ecosystem is in `value`: empty, or `['eco']` in a package.json. */
  readonly root: SourcePath;
}

/** A file that was read. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** `apps[0].env["MY KEY"]` */
export function formatSourcePath(path: SourcePath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[\w$-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
