import type { AppName, ProjectName } from '../../domain/names.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';

export interface SignalResult {
  readonly project: ProjectName;
  readonly app: AppName;
  readonly pids: readonly number[];
}

export const NO_APPS_TO_SIGNAL = 'Nothing to signal: there are no apps.';

export function formatSignalled(signal: string, { app, pids }: SignalResult): string {
  if (pids.length === 0) return `${printable(app)}: nothing to signal, no process of it runs`;
  return `${printable(app)}: ${signal} sent to ${pids.join(', ')}`;
}

/** What `--json` prints; published. */
export function signalDocument(signal: string, results: readonly SignalResult[]) {
  return { format_version: FORMAT_VERSION, signal, results } as const;
}
