import { MOST_LEVELS } from './extent.ts';
import type { DuplicateKey, SourceEntry, SourceNode, Span } from './source.ts';

export interface JsonPositions {
  readonly node: SourceNode;
  readonly duplicates: readonly DuplicateKey[];
  /** The first list or object that is nested too deeply; nothing in it was looked at, and what follows may be wrong. */
  readonly tooDeep: Span | null;
}

/** Where things stand in a text that is known to be valid JSON5. `keyName` decodes a key as it is written. */
export function scanJson(text: string, keyName: (written: string) => string): JsonPositions {
  return new Scanner(text, keyName).scan();
}

/** White space and comments, as JSON5 has them (https://spec.json5.org/#white-space). */
const FILLER = /(?:[\s\uFEFF]|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;
const STRING = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y;
/** A number, a literal or a bare key. */
const WORD = /[^\s\uFEFF,:{}[\]/]+/y;

class Scanner {
  readonly #text: string;
  readonly #keyName: (written: string) => string;
  readonly #duplicates: DuplicateKey[] = [];
  #at = 0;
  #level = 0;
  #tooDeep: Span | null = null;

  constructor(text: string, keyName: (written: string) => string) {
    this.#text = text;
    this.#keyName = keyName;
  }

  scan(): JsonPositions {
    return { node: this.#value(), duplicates: this.#duplicates, tooDeep: this.#tooDeep };
  }

  #value(): SourceNode {
    this.#match(FILLER);
    const char = this.#text.charAt(this.#at);
    if (char === '{') return this.#nested(() => this.#object());
    if (char === '[') return this.#nested(() => this.#array());
    return { span: this.#token(), entries: new Map(), items: [] };
  }

  #nested(scan: () => SourceNode): SourceNode {
    if (this.#level === MOST_LEVELS) {
      const span = { start: this.#at, end: this.#at + 1 };
      this.#tooDeep ??= span;
      this.#at = this.#text.length;
      return { span, entries: new Map(), items: [] };
    }
    this.#level++;
    const node = scan();
    this.#level--;
    return node;
  }

  #object(): SourceNode {
    const start = this.#at++;
    const entries = new Map<string, SourceEntry>();
    while (!this.#closes('}')) {
      const key = this.#token();
      const name = this.#keyName(this.#text.slice(key.start, key.end));
      this.#match(FILLER);
      this.#at++;
      const first = entries.get(name);
      if (first !== undefined) this.#duplicates.push({ key: name, first: first.key, again: key });
      entries.set(name, { key, value: this.#value() });
    }
    return { span: { start, end: this.#at }, entries, items: [] };
  }

  #array(): SourceNode {
    const start = this.#at++;
    const items: SourceNode[] = [];
    while (!this.#closes(']')) items.push(this.#value());
    return { span: { start, end: this.#at }, entries: new Map(), items };
  }

  /** Passes fillers, a comma, and the bracket if it comes next. */
  #closes(bracket: string): boolean {
    this.#match(FILLER);
    if (this.#text.charAt(this.#at) === ',') this.#at++;
    this.#match(FILLER);
    const ends = this.#at >= this.#text.length || this.#text.charAt(this.#at) === bracket;
    if (ends) this.#at++;
    return ends;
  }

  #token(): Span {
    const start = this.#at;
    if (!this.#match(STRING) && !this.#match(WORD)) this.#at++;
    return { start, end: this.#at };
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const length = pattern.exec(this.#text)?.[0].length ?? 0;
    this.#at += length;
    return length > 0;
  }
}
