import { preloadWay } from '../domain/app-spec.ts';
import { appId, workerId, type AppKey, type WorkerId } from '../domain/names.ts';
import type { Clock } from '../platform/clock.ts';
import type { ProcessInfo, StartedProcess } from '../platform/process-table.ts';
import { PRELOAD_VARIABLE } from '../protocol/worker.ts';
import type { ClusterDocument } from './cluster-document.ts';
import type { ProcessIdentity, ProcessPort, WorkerRecord } from './ports.ts';
import { AUXILIARY_VARIABLE, ecoIdOf } from './worker-launch.ts';
import { isAliveProcess } from './worker-process.ts';

/** A process that a daemon of this home started as a worker, by what its own environment says. */
export interface Survivor {
  readonly id: WorkerId;
  readonly key: AppKey;
  readonly instance: number;
  readonly revision: number;
  /** It carries the orders to its preload, which no process inherits that a Node program starts. */
  readonly hasOrders: boolean;
  /** It is not the worker, which has died or was never started, but was started by it or for it. */
  readonly isLeftover: boolean;
  readonly identity: ProcessIdentity;
  /** The oldest process of the worker that lives: with it begins what is to be ended if nobody wants it. */
  readonly eldest: ProcessIdentity;
  readonly startedAt: number;
}

/** What to take over, and what to end: it belongs to no app, or its app has that worker already. */
export interface Inheritance {
  readonly records: readonly WorkerRecord[];
  readonly unwanted: readonly Unwanted[];
}

export type Unwanted = Pick<WorkerRecord, 'id' | 'key' | 'process'>;

/** Those of this home, each id once. Processes of other users cannot be read and are not among them. */
export function findSurvivors(home: string, processes: ProcessPort, clock: Pick<Clock, 'wallTime'>): Survivor[] {
  return processesById(processes).flatMap((members): Survivor[] => {
    const [first, ...others] = members.filter(({ info }) => info.pid === info.session);
    if (first === undefined) return [];
    const root = others.reduce((best, other) => (isRootRather(other, best) ? other : best), first);
    const { ECO_PROJECT: project = '', ECO_APP: app = '', ECO_INSTANCE, ECO_REVISION, ECO_ID = '' } = root.variables;
    const key = { project, app };
    const id = workerId(key, Number(ECO_INSTANCE), startNumberOf(ECO_ID));
    if (ECO_ID !== ecoIdOf(home, id)) return [];
    const eldest = members.reduce((best, other) => (other.age > best.age ? other : best), root);
    const identityOf = ({ info: { pid, startTime } }: StartedProcess) => ({ pid, startTime, bootId: processes.bootId });
    return [
      {
        id,
        key,
        instance: Number(ECO_INSTANCE),
        revision: Number(ECO_REVISION),
        hasOrders: hasOrders(root),
        isLeftover: isAuxiliary(root) || members.some(({ info }) => isOfDeadLeader(info, root, processes)),
        identity: identityOf(root),
        eldest: identityOf(eldest),
        startedAt: clock.wallTime() - root.age,
      },
    ];
  });
}

/** What carries the id of a worker, of whatever home. */
function processesById(processes: ProcessPort): readonly (readonly StartedProcess[])[] {
  const byId = new Map<string, StartedProcess[]>();
  for (const carrier of processes.startedWith('ECO_ID')) {
    const id = carrier.variables['ECO_ID'] ?? '';
    byId.set(id, [...(byId.get(id) ?? []), carrier]);
  }
  return [...byId.values()];
}

/** A hook, or a probe. */
function isAuxiliary({ variables }: StartedProcess): boolean {
  return variables[AUXILIARY_VARIABLE] !== undefined;
}

function hasOrders({ variables }: StartedProcess): boolean {
  return variables[PRELOAD_VARIABLE] !== undefined;
}

/** Its session began before that of the supposed root, which therefore is none: numbers rise, and one of a session is not given again. */
function isOfDeadLeader(
  { session }: ProcessInfo,
  { info: root }: StartedProcess,
  processes: Pick<ProcessPort, 'read'>,
): boolean {
  // 0 is a session outside of this container.
  if (session === 0 || session >= root.pid) return false;
  return processes.read(session)?.zombie !== false;
}

/** Its process cannot have outlived the machine. A run that has completed need not be repeated for that. */
export function endedByBoot(
  { process: identity, phase }: WorkerRecord,
  { rebooted, bootId }: { readonly rebooted: boolean; readonly bootId: string },
): boolean {
  if (phase === 'completed') return false;
  return identity === null ? rebooted : identity.bootId !== bootId;
}

/** The number after which no process of this home was ever started, by its id. */
export function startNumberOf(id: WorkerId): number {
  return Number(id.slice(id.lastIndexOf('#') + 1));
}

/**
 * What an earlier daemon wrote down, completed by what it did not come to write: it may have died after it started a
 * process and before it noted which.
 */
export function inherit(
  {
    documents,
    written,
    survivors,
  }: {
    readonly documents: readonly ClusterDocument[];
    readonly written: readonly WorkerRecord[];
    readonly survivors: readonly Survivor[];
  },
  processes: Pick<ProcessPort, 'bootId' | 'read'>,
): Inheritance {
  const apps = new Map(documents.map((document) => [appId(document.key), document]));
  const byId = new Map(survivors.map((survivor) => [survivor.id, survivor]));
  const completed = written.map((record) => completedRecord(record, byId.get(record.id)));
  const records = completed.filter(({ key }) => apps.has(appId(key)));
  const unwanted: Unwanted[] = completed.filter(({ key }) => !apps.has(appId(key)));
  const known = new Set(completed.filter(({ process }) => process !== null).map(({ id }) => id));
  for (const survivor of survivors.filter(({ id }) => !known.has(id))) {
    const document = apps.get(appId(survivor.key));
    const taken = records.some((record) => isSameWorker(record, survivor) && isAlive(record, processes));
    if (document !== undefined && !taken && isRoot(survivor, document)) records.push(newRecord(survivor, document));
    // Whoever does not want its processes ended with a worker has them left behind on purpose.
    else if (document?.target.spec.treekill !== false)
      unwanted.push({ id: survivor.id, key: survivor.key, process: survivor.eldest });
  }
  return { records, unwanted };
}

/** Its process was started, but the daemon died before it noted which one it is. */
function completedRecord(record: WorkerRecord, survivor: Survivor | undefined): WorkerRecord {
  const expected = record.phase === 'starting' || record.phase === 'stopping';
  if (record.process !== null || survivor === undefined || survivor.isLeftover || !expected) return record;
  return { ...record, process: survivor.identity, startedAt: survivor.startedAt };
}

/** Whether it is ready is judged anew. */
function newRecord({ id, key, instance, revision, identity, startedAt }: Survivor, { target }: ClusterDocument) {
  return {
    id,
    key,
    instance,
    // Of another revision: to be replaced like any old worker.
    generation: revision === target.revision ? target.generation : 0,
    phase: 'starting',
    restarts: 0,
    process: identity,
    startedAt,
    lastExit: null,
  } as const satisfies WorkerRecord;
}

function isSameWorker(record: WorkerRecord, { key, instance }: Survivor): boolean {
  return appId(record.key) === appId(key) && record.instance === instance;
}

function isAlive({ process }: WorkerRecord, processes: Pick<ProcessPort, 'bootId' | 'read'>): boolean {
  return process !== null && isAliveProcess(process, processes);
}

/** What a worker started may lead a session of its own and carry the worker's variables. */
function isRoot({ hasOrders, isLeftover }: Survivor, { target: { spec } }: ClusterDocument): boolean {
  return preloadWay(spec) === 'argument' ? hasOrders : !isLeftover;
}

function isRootRather(one: StartedProcess, other: StartedProcess): boolean {
  if (isAuxiliary(one) !== isAuxiliary(other)) return isAuxiliary(other);
  if (hasOrders(one) !== hasOrders(other)) return hasOrders(one);
  return one.age > other.age;
}
