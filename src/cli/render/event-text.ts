import type { RecordedEvent } from '../../domain/event.ts';
import { formatExitCause } from '../../reconcile/exit-cause.ts';
import { printable } from '../../reconcile/printable.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';
import { unreachable } from '../../util/unreachable.ts';
import { formatDuration } from './duration-text.ts';
import { formatSecond } from './time-text.ts';

/** `2026-08-20 14:02:31 UTC  shop/api:0#3  exit code 1` */
export function formatEvent(event: RecordedEvent): string {
  return `${formatSecond(event.at)}  ${printable(subjectText(event))}  ${printable(whatHappened(event))}`;
}

/** What `eco events --json` prints on a line; published. */
export function eventDocument(event: RecordedEvent) {
  return withSnakeCaseKeys({ ...event, at: new Date(event.at).toISOString() });
}

function subjectText(event: RecordedEvent): string {
  if ('worker' in event) return event.worker;
  if ('app' in event) return `${event.project}/${event.app}`;
  return 'project' in event ? event.project : 'daemon';
}

/** Without when, and to whom. */
export function whatHappened(event: RecordedEvent): string {
  if ('worker' in event) return whatWorkerDid(event);
  switch (event.type) {
    case 'daemon-started':
      return `started, version ${event.version}, pid ${event.pid}`;
    case 'daemon-stopped':
      return `stopped, pid ${event.pid}`;
    case 'apply-started':
      return `apply ${event.serial} of ${event.file} by ${event.by.user}`;
    case 'project-locked':
      return `locked (${event.id}) by ${event.by.user}: ${event.message}`;
    case 'project-unlocked':
      return `unlocked (${event.id}) by ${event.by.user}`;
    case 'step-started':
      return `${event.action} asked for by ${event.by.user}`;
    case 'step-succeeded':
      return `${event.action} done`;
    case 'step-failed':
      return `${event.action} failed: ${event.failure}`;
    case 'restarts-reset':
      return `restarts counted from zero again, by ${event.by.user}`;
    case 'app-triggered':
      return `${event.trigger.type}: ${event.trigger.detail}`;
    case 'watch-braked':
      return `reloaded too often because its files change, last ${event.detail}: the next time in ${formatDuration(event.wait)}. If it writes them itself, name them in ignore_watch`;
    case 'run-skipped':
      return 'not run: the run before it is still under way';
    default:
      return unreachable(event);
  }
}

function whatWorkerDid(event: Extract<RecordedEvent, { readonly worker: string }>): string {
  switch (event.type) {
    case 'worker-signalled':
      return `${event.signal} sent by ${event.by.user}`;
    case 'worker-started':
      return `started, pid ${event.pid}`;
    case 'worker-adopted':
      return `taken over, pid ${event.pid}`;
    case 'worker-ready':
      return 'ready';
    case 'hook-failed':
      return `its ${event.hook} hook ${event.problem}`;
    case 'worker-retired':
      return `makes room for a successor: ${formatExitCause(event.cause)}`;
    case 'worker-exited':
      return event.expected ? `ended as asked: ${formatExitCause(event.cause)}` : formatExitCause(event.cause);
    default:
      return unreachable(event);
  }
}
