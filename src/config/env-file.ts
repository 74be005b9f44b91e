import { parse } from 'dotenv';

interface EnvFileProblem {
  readonly line: number;
  readonly message: string;
}

export interface ParsedEnvFile {
  readonly env: Readonly<Record<string, string>>;
  readonly problems: readonly EnvFileProblem[];
}

const ASSIGNMENT = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=|:\s)\s*(.?)/;

/** `NAME=value` lines as dotenv reads them; nothing is expanded, a later line wins. What dotenv passes over in silence is told. */
export function parseEnvFile(source: string): ParsedEnvFile {
  const env = parse(source);
  const lines = source.split(/\r\n?|\n/);
  const problems = lines.flatMap((line, index) => {
    const message = problemOf(line, env, () => parse(lines.toSpliced(index, 1).join('\n')));
    return message === null ? [] : [{ line: index + 1, message }];
  });
  return { env, problems };
}

function problemOf(
  line: string,
  env: ParsedEnvFile['env'],
  without: () => Readonly<Record<string, string>>,
): string | null {
  if (/^\s*(#|$)/.test(line)) return null;
  const [assignment, name = '', quote = ''] = ASSIGNMENT.exec(line) ?? [];
  if (assignment === undefined) {
    // A line within a value of several lines is part of what is read.
    return isSame(env, without()) ? 'not a line of the form NAME=value' : null;
  }
  const isOpen = ['"', "'", '`'].includes(quote) && env[name]?.startsWith(quote) === true;
  return isOpen && line.includes(env[name] ?? '') ? `the ${quote} of "${name}" is not closed` : null;
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
