/** A command line in words, as a shell reads it. */
export interface Words {
  readonly words: readonly string[];
  /** It means the same without a shell: no operators, variables, patterns or substitutions. */
  readonly plain: boolean;
}

/** null: a quote is not closed. Nothing is expanded. */
export function splitWords(line: string): Words | null {
  const words: string[] = [];
  let word: string | null = null;
  let plain = true;
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at);
      if (quoted === null) return null;
      plain &&= quoted.plain;
      word = (word ?? '') + quoted.text;
      at = quoted.end;
      continue;
    }
    at++;
    if (/\s/.test(char)) {
      // A line end between words ends a command.
      const isBetween = (word !== null || words.length > 0) && line.slice(at).trim() !== '';
      if (char === '\n' && isBetween) plain = false;
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '\\' && at < line.length) {
      word = (word ?? '') + line.charAt(at++);
    } else {
      if ('|&;<>()$`*?[]{}!'.includes(char) || (word === null && (char === '~' || char === '#'))) plain = false;
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return { words, plain };
}

interface Quoted {
  readonly text: string;
  readonly end: number;
  readonly plain: boolean;
}

/** Within double quotes a backslash escapes only `"`, `\`, `$` and a backtick (POSIX, Shell Command Language 2.2.3). */
function readQuoted(line: string, start: number): Quoted | null {
  const quote = line.charAt(start);
  let text = '';
  let plain = true;
  for (let at = start + 1; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === quote) return { text, end: at + 1, plain };
    const escapes = quote === '"' && char === '\\' && '"\\$`'.includes(line.charAt(at + 1)) && at + 1 < line.length;
    if (escapes) {
      at++;
      text += line.charAt(at);
      continue;
    }
    if (quote === '"' && (char === '$' || char === '`')) plain = false;
    text += char;
  }
  return null;
}

/** Leading `NAME=value` words, and what follows them. */
export function splitAssignments(words: readonly string[]): {
  readonly env: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
} {
  const count = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  const assignments = count < 0 ? words : words.slice(0, count);
  const env = assignments.map((word): [string, string] => {
    const equals = word.indexOf('=');
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
  return { env: Object.fromEntries(env), rest: words.slice(assignments.length) };
}
