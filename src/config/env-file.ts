interface EnvFileProblem {
  readonly line: number;
  readonly message: string;
}

export interface ParsedEnvFile {
  readonly env: Readonly<Record<string, string>>;
  readonly problems: readonly EnvFileProblem[];
}

const NAME = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:[ \t])[ \t]*/;

/**
 * `NAME=value` lines as dotenv reads them: comments, `export`, three kinds of quotes that may hold line ends, `\n` and `\r`
 * in double quotes. Nothing is expanded. A later line wins.
 */
export function parseEnvFile(source: string): ParsedEnvFile {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const found: [string, string][] = [];
  const problems: EnvFileProblem[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const read = readLine(text, at);
    if (read.entry !== null) found.push(read.entry);
    if (read.problem !== null) problems.push({ line, message: read.problem });
    line += text.slice(at, read.end).split('\n').length - 1;
    at = read.end;
  }
  return { env: Object.fromEntries(found), problems };
}

interface ReadLine {
  readonly entry: [string, string] | null;
  readonly problem: string | null;
  /** Where the next line begins. */
  readonly end: number;
}

function readLine(text: string, start: number): ReadLine {
  const lineEnd = endOfLine(text, start);
  const line = text.slice(start, lineEnd);
  const end = lineEnd + 1;
  if (/^\s*(#|$)/.test(line)) return { entry: null, problem: null, end };
  const match = NAME.exec(line);
  if (match === null) return { entry: null, problem: 'not a line of the form NAME=value', end };
  const [head, name = ''] = match;
  const valueStart = start + head.length;
  const quote = text.charAt(valueStart);
  if (quote !== '"' && quote !== "'" && quote !== '`')
    return { entry: [name, bareValue(text.slice(valueStart, lineEnd))], problem: null, end };
  const close = closingQuote(text, valueStart);
  if (close === null)
    return {
      entry: [name, bareValue(text.slice(valueStart, lineEnd))],
      problem: `the ${quote} of "${name}" is not closed`,
      end,
    };
  const inner = text.slice(valueStart + 1, close);
  return { entry: [name, quote === '"' ? unescape(inner) : inner], problem: null, end: endOfLine(text, close) + 1 };
}

function bareValue(text: string): string {
  return text.replace(/(^|\s)#.*$/, '').trim();
}

function closingQuote(text: string, start: number): number | null {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\' && quote === '"') at++;
    else if (text.charAt(at) === quote) return at;
  }
  return null;
}

function unescape(text: string): string {
  return text.replace(/\\([nrt"\\])/g, (_, letter: string) => ({ n: '\n', r: '\r', t: '\t' })[letter] ?? letter);
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}
