import type { ClusterDocument } from '../supervise/cluster-document.ts';
import type { WorkerRecord } from '../supervise/ports.ts';
import type { ProjectLock } from '../domain/lock.ts';
import type { WorkerPhase } from '../domain/worker-state.ts';
import type { ProjectDocument } from './store.ts';

/**
 * What a daemon checks of a file of its own before it believes its type: enough that no broken one stops it, or lets it
 * signal a process by a number that is none.
 */
export function isAppDocument(value: unknown): value is ClusterDocument {
  const {
    key,
    target,
    history = [],
    manualChanges,
    goal,
    lastRevision,
    lastGeneration,
    startNumbers,
    sockets,
  } = fieldsOf(value);
  const { spec, revision, generation } = fieldsOf(target);
  const counts = [lastRevision, lastGeneration, startNumbers, revision, generation];
  const lists = [history, manualChanges];
  return (
    isKey(key) &&
    isSpec(spec) &&
    counts.every(isCount) &&
    lists.every((list) => Array.isArray(list) && list.every(isObject)) &&
    (history as readonly unknown[]).every((entry) => isSpec(fieldsOf(entry)['spec'])) &&
    (goal === 'running' || goal === 'stopped') &&
    Object.values(fieldsOf(sockets)).every(isTexts)
  );
}

export function isWorkerRecord(value: unknown): value is WorkerRecord {
  const { id, key, instance, generation, phase, restarts, process } = fieldsOf(value);
  return (
    isText(id) &&
    isKey(key) &&
    [instance, generation, restarts].every(isCount) &&
    typeof phase === 'string' &&
    Object.hasOwn(PHASES, phase) &&
    (process === null || isIdentity(process))
  );
}

export function isProjectDocument(value: unknown): value is ProjectDocument {
  const { name, origin, file, serial, lineage = 'none', deletedApps = [] } = fieldsOf(value);
  const { type, path, remote } = fieldsOf(origin);
  const hasOrigin = (type === 'folder' && typeof path === 'string') || (type === 'git' && typeof remote === 'string');
  return (
    isText(name) &&
    hasOrigin &&
    typeof file === 'string' &&
    isCount(serial) &&
    isText(lineage) &&
    Array.isArray(deletedApps) &&
    deletedApps.every(isDeletedApp)
  );
}

function isDeletedApp(value: unknown): boolean {
  const { name, applied, by, at } = fieldsOf(value);
  return isText(name) && isSpec(applied) && isText(fieldsOf(by)['user']) && isCount(at);
}

export function isProjectLock(value: unknown): value is ProjectLock {
  const { id, project, holder, since, message } = fieldsOf(value);
  const { user, host, command, startTime, space, pid } = fieldsOf(holder);
  const texts = [user, host, command, startTime, space];
  return (
    [id, project].every(isText) &&
    texts.every((text) => typeof text === 'string') &&
    [pid, since].every(isCount) &&
    (message === null || isText(message))
  );
}

export function isManifest(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((digest) => typeof digest === 'string');
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

const PHASES: Readonly<Record<WorkerPhase, true>> = {
  starting: true,
  ready: true,
  draining: true,
  stopping: true,
  'backing-off': true,
  stopped: true,
  completed: true,
  failed: true,
};

function isSpec(value: unknown): boolean {
  const { name, kind, script, cwd, instances, args, env, interpreter, rollout, code } = fieldsOf(value);
  const texts = [name, script, cwd, fieldsOf(interpreter)['type'], fieldsOf(code)['type']];
  return (
    texts.every(isText) &&
    (kind === 'service' || kind === 'task') &&
    isCount(instances) &&
    isTexts(args) &&
    isTexts(Object.values(fieldsOf(env))) &&
    isObject(rollout)
  );
}

/** 0, 1 and the negative ones are not processes that a daemon ever started. */
function isIdentity(value: unknown): boolean {
  const { pid, startTime, bootId } = fieldsOf(value);
  return isCount(pid) && pid > 1 && isText(startTime) && isText(bootId);
}

function isKey(value: unknown): boolean {
  const { project, app } = fieldsOf(value);
  return isText(project) && isText(app);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
