import type { AppSpec } from '../domain/app-spec.ts';
import type { AppHistory } from '../domain/history.ts';
import { MASK } from '../domain/mask.ts';

/** Without the values of secrets: each is a number, the same one for the same value, so that changes still show. */
export function maskedHistory(history: AppHistory): AppHistory {
  const numbers = new Map<string, number>();
  const mask = (value: string): string => {
    const number = numbers.get(value) ?? numbers.size + 1;
    numbers.set(value, number);
    return `${MASK} (${number})`;
  };
  return { ...history, entries: history.entries.map((entry) => ({ ...entry, spec: maskedSpec(entry.spec, mask) })) };
}

function maskedSpec(spec: AppSpec, mask: (value: string) => string): AppSpec {
  const env = Object.entries(spec.env).map(([name, value]) => {
    return [name, spec.sensitiveEnv.includes(name) ? mask(value) : value] as const;
  });
  return { ...spec, env: Object.fromEntries(env) };
}
