import { err, ok, type Result } from '../domain/result.ts';
import {
  ROLLBACK_MEANS,
  type ClaimRequest,
  type FlushRequest,
  type HistoryQuery,
  type LockRequest,
  type LogPlaces,
  type LogQuery,
  type ResetRequest,
  type ShutdownRequest,
  type SignalRequest,
  type StepRequest,
  type UnlockRequest,
} from './control.ts';

/**
 * What a daemon checks of a request before it believes its type: enough that a request of another version, or one typed
 * by hand, is answered with what is wrong with it, in words.
 */
export const parseStep = parser<StepRequest>(problemOfStep);
export const parseClaim = parser<ClaimRequest>(problemOfClaim);
export const parseLock = parser<LockRequest>(problemOfLock);
export const parseUnlock = parser<UnlockRequest>(problemOfUnlock);
export const parseLogQuery = parser<LogQuery>(problemOfLogQuery);
export const parseFlush = parser<FlushRequest>(problemOfFlush);
export const parseHistoryQuery = parser<HistoryQuery>(problemOfHistoryQuery);
export const parseSignal = parser<SignalRequest>(problemOfSignal);
export const parseReset = parser<ResetRequest>(problemOfOperation);
export const parseShutdown = parser<ShutdownRequest>(problemOfShutdown);

export type Parser<T> = (body: unknown) => Result<T, string>;

function parser<T>(problemOf: (body: unknown) => string | null): Parser<T> {
  return (body) => {
    const problem = body === undefined ? 'the body is not JSON' : problemOf(body);
    return problem === null ? ok(body as T) : err(problem);
  };
}

function problemOfStep(body: unknown): string | null {
  const { project, app, action, asked, by } = fieldsOf(body) as Partial<StepRequest>;
  if (!isName(project)) return '`project` must be a non-empty string';
  if (!isName(app)) return '`app` must be a non-empty string';
  if (asked !== 'file' && asked !== 'hand') return '`asked` must be "file" or "hand"';
  if (!isName(fieldsOf(by)['user'])) return '`by.user` must be a non-empty string';
  const { type, spec } = fieldsOf(action) as { readonly type?: unknown; readonly spec?: unknown };
  if (typeof type !== 'string' || !(ACTIONS as readonly string[]).includes(type)) {
    return `\`action.type\` must be one of ${ACTIONS.join(', ')}`;
  }
  if (type === 'rollback') return problemOfRollback(action);
  return NEED_SPEC.includes(type) ? problemOfSpec(spec, app) : null;
}

function problemOfRollback(action: unknown): string | null {
  const { revision, as } = fieldsOf(action);
  if (!Number.isInteger(revision) || Number(revision) < 1) return '`action.revision` must be a number of at least 1';
  const means: readonly unknown[] = ROLLBACK_MEANS;
  return means.includes(as) ? null : `\`action.as\` must be one of ${ROLLBACK_MEANS.join(', ')}`;
}

function problemOfHistoryQuery(query: unknown): string | null {
  const { project, app } = fieldsOf(query);
  if (!isName(project)) return '`project` must be a non-empty string';
  return isName(app) ? null : '`app` must be a non-empty string';
}

function problemOfClaim(body: unknown): string | null {
  const { project, origin, file, takeOwnership } = fieldsOf(body) as Partial<ClaimRequest>;
  if (!isName(project)) return '`project` must be a non-empty string';
  const { type } = fieldsOf(origin);
  if (type !== 'git' && type !== 'folder') return '`origin.type` must be "git" or "folder"';
  if (typeof file !== 'string') return '`file` must be a string';
  return typeof takeOwnership === 'boolean' ? null : '`takeOwnership` must be a boolean';
}

function problemOfLock(body: unknown): string | null {
  const { id, project, holder, message } = fieldsOf(body) as Partial<LockRequest>;
  if (!isName(id) || !isName(project)) return '`id` and `project` must be non-empty strings';
  const { user, host, command, startTime, space, pid } = fieldsOf(holder);
  if (![user, host, command, startTime, space].every((text) => typeof text === 'string') || !Number.isInteger(pid))
    return '`holder` must have a `user`, `host`, `pid`, `command`, `startTime` and `space`';
  return message === null || isName(message) ? null : '`message` must be a non-empty string or null';
}

function problemOfUnlock(body: unknown): string | null {
  const { id, by } = fieldsOf(body) as Partial<UnlockRequest>;
  if (!isName(id)) return '`id` must be a non-empty string';
  return by === null || isName(fieldsOf(by)['user']) ? null : '`by.user` must be a non-empty string';
}

function problemOfLogQuery(body: unknown): string | null {
  const { targets, lines, follow, streams, since, grep, resume } = fieldsOf(body) as Partial<LogQuery>;
  if (!Array.isArray(targets) || !Array.isArray(streams)) return '`targets` and `streams` must be arrays';
  if (lines !== null && !(typeof lines === 'number' && lines >= 0))
    return '`lines` must be a number of at least 0, or null';
  if (since !== null && typeof since !== 'number') return '`since` must be a time in milliseconds, or null';
  if (grep !== null && !isPattern(grep)) return '`grep` must be a regular expression, or null';
  if (resume !== null && !isPlaces(resume)) return '`resume` must have a time and a position of each file, or be null';
  return typeof follow === 'boolean' ? null : '`follow` must be a boolean';
}

function isPlaces(value: unknown): boolean {
  const { began, places } = fieldsOf(value) as Partial<LogPlaces>;
  if (typeof began !== 'number' || typeof places !== 'object' || places === null) return false;
  return Object.values(places).every((position) => typeof position === 'number' && position >= 0);
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === 'string' && new RegExp(value) instanceof RegExp;
  } catch {
    return false;
  }
}

function problemOfFlush(body: unknown): string | null {
  const { targets } = fieldsOf(body) as Partial<FlushRequest>;
  return Array.isArray(targets) ? null : '`targets` must be an array';
}

function problemOfSignal(body: unknown): string | null {
  const { instance, signal } = fieldsOf(body);
  if (instance !== null && !Number.isInteger(instance)) return '`instance` must be a number or null';
  if (typeof signal !== 'string' || !/^SIG[A-Z0-9]+$/.test(signal)) return '`signal` must be the name of a signal';
  return problemOfOperation(body);
}

/** What an operator asks of one app. */
function problemOfOperation(body: unknown): string | null {
  const { project, app, by } = fieldsOf(body);
  if (!isName(project)) return '`project` must be a non-empty string';
  if (!isName(app)) return '`app` must be a non-empty string';
  return isName(fieldsOf(by)['user']) ? null : '`by.user` must be a non-empty string';
}

function problemOfShutdown(body: unknown): string | null {
  const { apps, finishWithin = 0 } = fieldsOf(body) as Partial<ShutdownRequest>;
  if (typeof apps !== 'boolean') return '`apps` must be a boolean';
  return typeof finishWithin === 'number' && finishWithin >= 0 ? null : '`finishWithin` must be a number of at least 0';
}

const ACTIONS = [
  'start',
  'scale',
  'reload',
  'replace',
  'update',
  'delete',
  'stop',
  'restart',
  'rollback',
] as const satisfies readonly StepRequest['action']['type'][];
const NEED_SPEC: readonly string[] = ['start', 'scale', 'reload', 'replace', 'update'];

function problemOfSpec(spec: unknown, app: string): string | null {
  const { name, script, cwd, instances } = fieldsOf(spec);
  if (name !== app) return '`action.spec.name` must be the name of the app';
  if (!isName(script) || !isName(cwd)) return '`action.spec` must have a `script` and a `cwd`';
  return Number.isInteger(instances) && Number(instances) >= 1 ? null : '`action.spec.instances` must be at least 1';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
