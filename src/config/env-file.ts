import { parse } from 'dotenv';

interface EnvFileProblem {
  readonly line: number;
  readonly message: string;
}

export interface ParsedEnvFile {
  readonly env: Readonly<Record<string, string>>;
  readonly problems: readonly EnvFileProblem[];
}

/** `NAME=value` lines as dotenv reads them; nothing is expanded, a later line wins. What dotenv passes over in silence is told. */
export function parseEnvFile(source: string): ParsedEnvFile {
  const env: Record<string, string> = {};
  const problems: EnvFileProblem[] = [];
  for (const { line, text, assigns } of partsOf(source.replace(/\r\n?/g, '\n'))) {
    // Of `A:` the blank that follows is a part.
    const read = assigns ? parse(`${text}\n`) : {};
    Object.assign(env, read);
    const message = assigns ? quoteProblem(text, read) : 'not a line of the form NAME=value';
    if (message !== null) problems.push({ line, message });
  }
  return { env, problems };
}

interface PartOfFile {
  /** Where it begins, from 1. */
  readonly line: number;
  /** Without what is blank at its end. */
  readonly text: string;
  /** Else it is a line that says nothing. */
  readonly assigns: boolean;
}

/**
 * What dotenv takes for an assignment, which may have several lines, from the beginning of one of them. Told apart here, for dotenv
 * looks at each blank line as often as there are blank lines before it.
 */
const ASSIGNMENT =
  /[^\S\n]*(?:export\s+)?[\w.-]+(?:\s*=\s*?|:\s+?)(?:\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\n]+)?\s*(?:#.*)?$/my;

/** Assignments, and lines that are none; neither comments nor what is blank. */
function* partsOf(source: string): Generator<PartOfFile> {
  for (let at = 0, line = 1; at < source.length;) {
    ASSIGNMENT.lastIndex = at;
    const assignment = ASSIGNMENT.exec(source)?.[0];
    const newline = source.indexOf('\n', at + (assignment?.length ?? 0));
    const end = newline < 0 ? source.length : newline + 1;
    const text = source.slice(at, end).trimEnd();
    if (assignment !== undefined || !/^\s*(#|$)/.test(text)) yield { line, text, assigns: assignment !== undefined };
    line += source.slice(at, end).split('\n').length - 1;
    at = end;
  }
}

/** A quote at the beginning of a value is part of it where no other ends the value. */
function quoteProblem(text: string, read: Readonly<Record<string, string>>): string | null {
  const [name, value] = Object.entries(read)[0] ?? ['', ''];
  const quote = /^[\w\s.-]+?(?:\s*=|:\s)\s*(['"`])/.exec(text)?.[1];
  return quote !== undefined && value.startsWith(quote) ? `the ${quote} of "${name}" is not closed` : null;
}
