import type { AppSpec } from '../domain/app-spec.ts';
import { FILE_KEYS, type Field } from './file-values.ts';

const FIELDS = Object.keys(FILE_KEYS) as readonly Field[];

/** What `ignore_changes` names is as it is on this machine, whatever the file says: `instances`, `env.LOG_LEVEL`. */
export function withoutIgnored(desired: AppSpec, present: AppSpec): AppSpec {
  const { ignoreChanges } = desired;
  const fields = FIELDS.filter((field) => ignoreChanges.includes(FILE_KEYS[field]));
  const kept: AppSpec = { ...desired, ...Object.fromEntries(fields.map((field) => [field, present[field]])) };
  const variables = ignoreChanges.filter((key) => key.startsWith('env.')).map((key) => key.slice('env.'.length));
  if (variables.length === 0) return kept;
  const env = new Map(Object.entries(kept.env));
  for (const name of variables) {
    const value = present.env[name];
    if (value === undefined) env.delete(name);
    else env.set(name, value);
  }
  const sorted = [...env].sort(([a], [b]) => (a < b ? -1 : 1));
  const sensitive = new Set([...kept.sensitiveEnv, ...present.sensitiveEnv]);
  return {
    ...kept,
    env: Object.fromEntries(sorted),
    sensitiveEnv: [...sensitive].filter((name) => env.has(name)).sort(),
  };
}
