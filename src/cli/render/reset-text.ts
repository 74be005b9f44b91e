import type { ObservedApp } from '../../domain/observed-state.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';

export const NO_APPS_TO_RESET = 'Nothing to reset: there are no apps.';

export function formatReset({ name, workers }: ObservedApp): string {
  const restarts = workers.reduce((sum, worker) => sum + worker.restarts, 0);
  return `${printable(name)}: restarts ${restarts} → 0`;
}

/** What `--json` prints; published. */
export function resetDocument(apps: readonly ObservedApp[]) {
  return { format_version: FORMAT_VERSION, apps: apps.map(({ project, name }) => ({ project, app: name })) } as const;
}
