import { basename, extname } from 'node:path';
import type { OptionName } from './app-options.ts';
import { readText } from './option-values.ts';
import type { Part } from './read-form.ts';
import { splitAssignments, splitWords } from './words.ts';

/** What the app is called in its file. PM2's rule: without a name, the base name of the script without its extension. */
export function appName({ options }: { readonly options: ReadonlyMap<OptionName, Part> }): string | null {
  const name = readText(options.get('name')?.value);
  if (name !== undefined) return name;
  const script = readText(options.get('script')?.value);
  return script === undefined ? null : defaultName(script);
}

/** Of a path, a command, or the program of a command line. */
export function defaultName(script: string): string {
  const [command = script] = /\s/.test(script)
    ? splitAssignments(splitWords(script)?.words ?? [script]).rest
    : [script];
  const base = basename(command);
  return base.length > extname(base).length ? base.slice(0, base.length - extname(base).length) : base;
}
