export type Variables = Readonly<Record<string, string | undefined>>;

export type SubstitutionProblem =
  /** `message`: what the file says about it; empty where it says nothing. */
  | { readonly type: 'missing'; readonly name: string; readonly message: string }
  | { readonly type: 'malformed'; readonly name: null };

export interface Substituted {
  readonly value: string;
  readonly problems: readonly SubstitutionProblem[];
}

/**
 * `${V}` its value · `${V:-d}` `${V-d}` or else d · `${V:?m}` `${V?m}` or else a problem that says m · `${V:+x}` `${V+x}` x
 * if it has one · `$$` a dollar sign. With a colon an empty value counts as none. d, m and x may hold such forms in turn
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_02). Any other `$` stays.
 */
export function substitute(text: string, variables: Variables): Substituted {
  return readText(text, { at: 0, variables, ends: () => false });
}

interface Reading {
  readonly at: number;
  readonly variables: Variables;
  /** Whether the text ends before that character: within a form, at the brace that closes it. */
  readonly ends: (char: string) => boolean;
}

function readText(text: string, { at: start, variables, ends }: Reading): Substituted & { readonly end: number } {
  const problems: SubstitutionProblem[] = [];
  let value = '';
  let at = start;
  while (at < text.length && !ends(text.charAt(at))) {
    if (text.startsWith('$$', at)) {
      value += '$';
      at += 2;
    } else if (text.startsWith('${', at)) {
      const form = readForm(text, at + 2, variables);
      if (form === null)
        return { value: '', problems: [...problems, { type: 'malformed', name: null }], end: text.length };
      value += form.value;
      problems.push(...form.problems);
      at = form.end;
    } else {
      value += text.charAt(at++);
    }
  }
  return { value, problems, end: at };
}

const FORM = /([A-Za-z_]\w*)(:?[-?+])?/y;

/** From behind `${` to behind its `}`; null where it is no such form. */
function readForm(text: string, start: number, variables: Variables): (Substituted & { readonly end: number }) | null {
  FORM.lastIndex = start;
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, name = '', operator = ''] = match;
  const begin = start + match[0].length;
  const word = readText(text, { at: begin, variables, ends: (char) => char === '}' });
  const isBare = operator === '' && word.end > begin;
  if (text.charAt(word.end) !== '}' || isBare) return null;
  return { ...choose({ name, operator, word }, variables), end: word.end + 1 };
}

interface Form {
  readonly name: string;
  readonly operator: string;
  readonly word: Substituted;
}

/** What is wrong with a word that is not used is of no interest. */
function choose({ name, operator, word }: Form, variables: Variables): Substituted {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  const present = value !== undefined && !(operator.startsWith(':') && value === '');
  if (operator.endsWith('+')) return present ? word : { value: '', problems: [] };
  if (present) return { value, problems: [] };
  if (operator.endsWith('-')) return word;
  return { value: '', problems: [...word.problems, { type: 'missing', name, message: word.value }] };
}
