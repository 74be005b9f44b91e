import type { AppSpec } from './app-spec.ts';
import defaultSpec from './generated/default-spec.js';

/**
 * The spec with every field that its writer did not know yet: another version of eco, in a stored document or at the other
 * end of the socket. Such a field is what it is where a file says nothing: so the processes have run all along.
 */
export function completeSpec(spec: AppSpec): AppSpec {
  return completed(spec, defaultSpec) as AppSpec;
}

/** The same app where its file says no more than what it runs, and where. */
export function defaultSettings(spec: AppSpec): AppSpec {
  return { ...spec, ...defaultSpec };
}

/** Settings within settings as well, but for those of another kind (`type`) than the default's. */
function completed(value: unknown, fallback: unknown): unknown {
  if (!isSettings(value) || !isSettings(fallback) || value['type'] !== fallback['type']) return value;
  const missing = Object.entries(fallback).filter(([key]) => value[key] === undefined);
  const known = Object.entries(value).map(([key, own]) => [key, completed(own, fallback[key])] as const);
  return Object.fromEntries([...known, ...missing]);
}

function isSettings(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
