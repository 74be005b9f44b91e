import type { AppSpec } from './app-spec.ts';

const TEMPLATE = /\{\{(instance|instances|app|cwd)\}\}/g;
const COUNTED = /\{\{instances\}\}/;

/**
 * The spec with `{{instance}}`, `{{instances}}`, `{{app}}` and `{{cwd}}` in its arguments and variables as they are for one
 * worker, and `increment_var` counted, so that workers can be parts of a whole. Anything else in such braces is the app's own.
 */
export function specFor(instance: number, spec: AppSpec): AppSpec {
  const { name, instances, cwd, args, incrementVar } = spec;
  const env =
    incrementVar === null ? spec.env : { ...spec.env, [incrementVar]: counted(spec.env[incrementVar], instance) };
  const values = { instance: String(instance), instances: String(instances), app: name, cwd };
  const fill = (text: string): string => text.replace(TEMPLATE, (_, word: keyof typeof values) => values[word]);
  const variables = Object.entries(env).map(([variable, value]) => [variable, fill(value)]);
  return { ...spec, args: args.map(fill), env: Object.fromEntries(variables) };
}

function counted(from: string | undefined, instance: number): string {
  return String((Number(from) || 0) + instance);
}

/** Its workers are told how many they are: with another number each of them needs to start anew. */
export function isToldInstances({ args, env }: Pick<AppSpec, 'args' | 'env'>): boolean {
  return [...args, ...Object.values(env)].some((text) => COUNTED.test(text));
}
