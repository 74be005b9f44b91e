import type { Report } from './report.ts';
import { isRecord, type SourceDocument, type SourcePath } from './source.ts';
import { substitute, type SubstitutionProblem, type Variables } from './substitute.ts';

export interface InterpolateOptions {
  readonly environment: Variables;
  readonly report: Report;
  /** Where the file begins. */
  readonly at: SourcePath;
}

/**
 * `${NAME}` and its kin in the values of JSON and YAML, from the environment of the caller; modules have a language for that.
 * null: the report says what is missing, all of it.
 */
export function interpolate(document: SourceDocument, options: InterpolateOptions): SourceDocument | null {
  if (document.positions === null) return document;
  const walk = new Walk(options);
  const value = changeWithin(document.value, document.root, (top) => walk.top(top, options.at));
  return walk.failed ? null : { ...document, value };
}

/** The steps to the top of a file, to `defaults`, or to an app in any of the forms that a list of them has. */
const BLOCK = /^(defaults|(apps|pm2|static)(\/\d+)?|\d+)?$/;

class Walk {
  failed = false;
  readonly #options: InterpolateOptions;
  /** What YAML's anchors repeat is one object, and stays one. An object without a value yet is around this very place. */
  readonly #done = new Map<object, unknown>();

  constructor(options: InterpolateOptions) {
    this.#options = options;
  }

  /** What is not eco's is left as it is: the commands of `deploy` are for another shell. */
  top(value: unknown, path: SourcePath): unknown {
    if (!isRecord(value)) return this.#value(value, path);
    const { deploy, ...own } = value;
    const entries = this.#entries(own, path);
    return Object.fromEntries('deploy' in value ? [...entries, ['deploy', deploy]] : entries);
  }

  #value(value: unknown, path: SourcePath): unknown {
    if (typeof value === 'string') return this.#text(value, path);
    if (typeof value !== 'object' || value === null) return value;
    if (this.#done.has(value)) return this.#done.get(value) ?? value;
    this.#done.set(value, undefined);
    const result = Array.isArray(value)
      ? value.map((item: unknown, index) => this.#value(item, [...path, index]))
      : Object.fromEntries(this.#entries(value, path));
    this.#done.set(value, result);
    return result;
  }

  /** Keys for editors and for the writer's own use are nobody else's; within an option there are none. */
  #entries(value: object, path: SourcePath): readonly [string, unknown][] {
    const isBlock = BLOCK.test(path.slice(this.#options.at.length).join('/'));
    return Object.entries(value).map(([key, inner]) => {
      const isFree = isBlock && (key === '$schema' || key.startsWith('x-'));
      return [key, isFree ? inner : this.#value(inner, [...path, key])];
    });
  }

  #text(text: string, path: SourcePath): unknown {
    if (!text.includes('$')) return text;
    const { report, environment } = this.#options;
    const { value, problems } = substitute(text, environment);
    for (const problem of problems) {
      this.failed = true;
      reportProblem(problem, path, report);
    }
    // The only way for a variable to be one of the two that are no texts.
    return text !== value && (value === 'true' || value === 'false') ? value === 'true' : value;
  }
}

function reportProblem(problem: SubstitutionProblem, path: SourcePath, report: Report): void {
  const { name, type } = problem;
  if (type === 'malformed')
    return report.error('ECO1321', path, {
      message: 'this "${" begins no variable',
      hint: 'write ${NAME}; for a plain dollar sign, write $$',
    });
  if (problem.message !== '')
    return report.error('ECO1320', path, { message: `"${name}" is not set: ${problem.message}` });
  return report.error('ECO1320', path, {
    message: `the variable "${name}" is not set`,
    hint: `set it, or say what holds without it: \${${name}:-value}`,
  });
}

function changeWithin(value: unknown, [step, ...rest]: SourcePath, change: (value: unknown) => unknown): unknown {
  if (step === undefined) return change(value);
  return isRecord(value) ? { ...value, [step]: changeWithin(value[step], rest, change) } : value;
}
