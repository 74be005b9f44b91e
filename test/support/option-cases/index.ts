import { camelCase, APP_OPTIONS } from '../../../src/config/app-options.ts';
import { BOUND_CASES } from './bounds.ts';
import { LIFE_CASES } from './life.ts';
import type { OptionCase } from './option-case.ts';
import { OUTPUT_CASES } from './output.ts';
import { PROGRAM_CASES } from './program.ts';
import { VARIABLE_CASES } from './variables.ts';

/** One for each option of an app. */
export const OPTION_CASES: readonly OptionCase[] = [
  ...PROGRAM_CASES,
  ...VARIABLE_CASES,
  ...OUTPUT_CASES,
  ...LIFE_CASES,
  ...BOUND_CASES,
];

type Block = Readonly<Record<string, unknown>>;

/** The apps of one case as they stand in a file. */
export function appsOf({ option, written, beside = [] }: OptionCase): readonly Block[] {
  return [{ name: option, ...written }, ...beside].map((app) => ({ script: './tells.js', revision: 'none', ...app }));
}

/** The same with the option under each of its other names. */
export function respelled(app: Block, option: OptionCase['option']): readonly Block[] {
  const known = APP_OPTIONS.find(({ name }) => name === option);
  if (known === undefined) return [];
  const spellings = [known.name, ...known.aliases].flatMap((name) => [name, camelCase(name)]);
  return [...new Set(spellings)]
    .filter((spelling) => spelling !== option)
    .map((spelling) =>
      Object.fromEntries(Object.entries(app).map(([key, value]) => [key === option ? spelling : key, value])),
    );
}
