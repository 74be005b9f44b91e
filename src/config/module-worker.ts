import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { answerFromThread } from '../platform/module-thread.ts';
import { extentProblem } from './extent.ts';
import type { ModuleAnswer, ModuleOutcome, ModuleQuestion, Uncopied } from './module-message.ts';
import { isRecord, type SourcePath } from './source.ts';

// The program that runs configuration modules, in a thread of its own. An error reaches the other end as an answer.
void answerFromThread(async (question): Promise<ModuleAnswer> => {
  const asked = question as ModuleQuestion;
  const outcome = await evaluate(asked);
  const loaded = Object.keys(createRequire(asked.file).cache);
  return { ...outcome, required: loaded.filter((file) => !file.includes('/node_modules/')) };
});

async function evaluate({ file, argv, environment }: ModuleQuestion): Promise<ModuleOutcome> {
  const namespace: unknown = await import(pathToFileURL(file).href);
  const exported = isRecord(namespace) ? exportOf(namespace) : undefined;
  const value: unknown = typeof exported === 'function' ? await exported({ env: environment, argv }) : await exported;
  const settled = isRecord(value) && 'default' in value && !('apps' in value) ? value['default'] : value;
  const problem = extentProblem(settled);
  if (problem !== null) return { type: 'unusable', problem };
  const uncopied: Uncopied[] = [];
  const data = copy(settled, { path: [], copies: new Map(), uncopied });
  return { type: 'value', value: data, uncopied };
}

/** `default.apps ?? apps ?? default`; a default export keeps its other keys, such as `project`. */
function exportOf(namespace: Readonly<Record<string, unknown>>): unknown {
  // Node ≥ 23 also gives a CommonJS module its value under this name.
  const { default: main, 'module.exports': _, ...named } = namespace;
  if (main !== undefined) return isRecord(main) && !hasApps(main) && hasApps(named) ? named : main;
  return Object.keys(named).length === 0 ? undefined : named;
}

function hasApps(value: Readonly<Record<string, unknown>>): boolean {
  return value['apps'] !== undefined;
}

interface Copying {
  readonly path: SourcePath;
  readonly copies: Map<object, unknown>;
  readonly uncopied: Uncopied[];
}

/** Each is an error, and costs a copy of what it stands in. */
const MOST_NAMED = 20;

/** As JSON has it, but for undefined and NaN, which stay; functions and symbols are only named. */
function copy(value: unknown, { path, copies, uncopied }: Copying): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') {
    if (uncopied.length < MOST_NAMED)
      uncopied.push({ path, type: typeof value === 'function' ? 'function' : 'symbol' });
    return null;
  }
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const inner = (step: string | number, part: unknown): unknown =>
    copy(part, { path: [...path, step], copies, uncopied });
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const [index, item] of value.entries()) list.push(inner(index, item));
    return list;
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), { path, copies, uncopied });
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [key, inner(key, part)]);
  const object = Object.fromEntries(entries);
  copies.set(value, object);
  return object;
}
