import { appStatus, readyCount, type ObservedApp } from '../../domain/observed-state.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { printable } from '../../reconcile/printable.ts';
import { formatDuration } from './duration-text.ts';
import { formatTroubles } from './trouble-text.ts';

export const NO_APPS_TO_WAIT_FOR = 'Nothing to wait for: there are no apps.';

export function formatCome(app: ObservedApp): string {
  const { name, spec } = app;
  return spec.kind === 'task'
    ? `${printable(name)}: completed`
    : `${printable(name)}: ready (${readyCount(app)}/${spec.instances})`;
}

/** Shown again and again, with how long it has been. */
export function formatPending(apps: readonly ObservedApp[], waited: Milliseconds): string {
  const list = apps.map(
    (app) => `${printable(app.name)} (${appStatus(app)}, ${readyCount(app)}/${app.spec.instances} ready)`,
  );
  return `Waiting (${formatDuration(waited)}) for ${list.join(', ')}`;
}

export function formatStopped({ name }: ObservedApp): string {
  return `${printable(name)}: is stopped and will not become ready by itself; \`eco start ${printable(name)}\` starts it`;
}

export function formatFailed(app: ObservedApp): string {
  const name = printable(app.name);
  return [
    `${name}: has failed and is not started again; \`eco logs ${name}\` shows its output`,
    ...formatTroubles([app]),
  ].join('\n  ');
}
