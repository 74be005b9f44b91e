import type { Failure, Serving } from '../../domain/failure.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import type { StepRequest } from '../../protocol/control.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { printable } from '../../reconcile/printable.ts';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { Operation } from '../flow/operation.ts';
import { formatDuration } from './duration-text.ts';
import { unlimitedText } from './unlimited-text.ts';

/** What became of an operation on one app. */
export type OperationResult =
  | {
      readonly type: 'done';
      readonly app: ObservedApp;
      readonly action: StepRequest['action'];
      readonly serving: Serving | null;
    }
  | { readonly type: 'already'; readonly app: ObservedApp }
  | { readonly type: 'too-few-workers'; readonly app: ObservedApp; readonly count: number }
  | { readonly type: 'failed'; readonly app: ObservedApp; readonly failure: Failure };

type Success = Extract<OperationResult, { type: 'done' | 'already' }>;

/** `several`: all apps of the same command; where they are of several projects, each is named with its own. */
export function formatOperation(operation: Operation, result: Success, several: readonly ObservedApp[]): string {
  const { app } = result;
  const projects = new Set(several.map(({ project }) => project));
  const label = projects.size > 1 ? `${app.project}/${app.name}` : app.name;
  if (result.type === 'already') return `${label}: ${alreadyText(operation, app)}`;
  return `${label}: ${doneText(result)}${servingText(result.serving)}`;
}

export function formatTooFewWorkers(app: ObservedApp, count: number): string {
  return `${app.name}: cannot have ${count} workers. An app has at least 1; \`eco stop ${app.name}\` ends it.`;
}

/** Shown again and again, with how long it has been. */
export function formatUnderWay({ type }: Operation, apps: readonly ObservedApp[], waited: Milliseconds): string {
  return printable(`Waiting (${formatDuration(waited)}): ${type} ${apps.map(({ name }) => name).join(', ')}`);
}

export function formatNothingTargeted({ type }: Operation): string {
  return `Nothing to ${type}: there are no apps.`;
}

/** What `--json` prints; published. */
export function operationDocument({ type }: Operation, results: readonly OperationResult[]) {
  return { format_version: '1.0', operation: type, results: results.map(resultEntry) } as const;
}

function resultEntry(result: OperationResult) {
  const serving = result.type === 'done' ? result.serving : null;
  return {
    app: result.app.name,
    project: result.app.project,
    result: result.type,
    ready: serving?.ready ?? null,
    desired: serving?.desired ?? null,
    failure: failureOf(result),
  };
}

function failureOf(result: OperationResult) {
  if (result.type === 'failed') return withSnakeCaseKeys(result.failure);
  return result.type === 'too-few-workers' ? { reason: 'too-few-workers', count: result.count } : null;
}

function alreadyText({ type }: Operation, app: ObservedApp): string {
  switch (type) {
    case 'start':
      return `already runs (${app.spec.instances}/${app.spec.instances} ready)`;
    case 'stop':
      return 'is stopped already';
    case 'scale':
      return `has ${app.spec.instances === 1 ? '1 worker' : `${app.spec.instances} workers`} already`;
    case 'restart':
    case 'reload':
    case 'delete':
      return 'is already as it should be';
    default:
      return unreachable(type);
  }
}

function doneText({ action }: Extract<OperationResult, { type: 'done' }>): string {
  switch (action.type) {
    case 'start':
      return 'started';
    case 'stop':
      return 'stopped';
    case 'restart':
    case 'replace':
      return 'restarted';
    case 'reload':
      return 'reloaded';
    case 'scale':
      return `scaled ${action.from} → ${action.to}`;
    case 'delete':
      return 'deleted';
    case 'update':
      return 'updated';
    case 'rollback':
      return `rolled back to revision ${action.revision}`;
    default:
      return unreachable(action);
  }
}

function servingText(serving: Serving | null): string {
  if (serving === null) return '';
  const { ready, desired, unlimited } = serving;
  return ` (${ready}/${desired} ready)${unlimited === undefined ? '' : `; ${unlimitedText(unlimited)}`}`;
}
