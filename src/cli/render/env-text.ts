import type { AppSpec } from '../../domain/app-spec.ts';
import { MASK } from '../../domain/mask.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';
import { byCodeUnit } from '../../util/compare.ts';

/** `NAME=value`, a line each, by name. */
export function formatEnv({ spec }: ObservedApp): string {
  return Object.entries(maskedEnv(spec))
    .map(([name, value]) => `${printable(name)}=${printable(value)}\n`)
    .join('');
}

/** What `--json` prints; published. */
export function envDocument(apps: readonly ObservedApp[]) {
  return {
    format_version: FORMAT_VERSION,
    apps: apps.map(({ project, name, spec }) => ({ project, app: name, env: maskedEnv(spec) })),
  } as const;
}

function maskedEnv({ env, secrets, sensitiveEnv }: AppSpec): Readonly<Record<string, string>> {
  const hidden = Object.keys(secrets).map((name): [string, string] => [name, MASK]);
  const entries = [...Object.entries(env), ...hidden].sort(([a], [b]) => byCodeUnit(a, b));
  return Object.fromEntries(entries.map(([name, value]) => [name, sensitiveEnv.includes(name) ? MASK : value]));
}
