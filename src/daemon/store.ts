import { join } from 'node:path';
import { completeSpec } from '../domain/complete-spec.ts';
import type { Origin } from '../domain/desired-state.ts';
import type { ProjectLock } from '../domain/lock.ts';
import type { AppKey, ProjectName, WorkerId } from '../domain/names.ts';
import type { DeletedApp } from '../domain/observed-state.ts';
import type { CodeManifest } from '../domain/revision.ts';
import type { Failure } from '../domain/failure.ts';
import {
  fileExists,
  foldersIn,
  jsonFilesIn,
  moveAside,
  readJsonFile,
  readJsonFolder,
  removeFile,
  removeUnfinished,
} from '../platform/json-file.ts';
import type { ExitRecord } from '../protocol/worker.ts';
import { completeDocument, type ClusterDocument } from '../supervise/cluster-document.ts';
import type { WorkerRecord } from '../supervise/ports.ts';
import { exitRecordPath, exitsPath, fileNameOf } from '../supervise/worker-launch.ts';
import { isAppDocument, isCount, isManifest, isProjectDocument, isProjectLock, isWorkerRecord } from './check-state.ts';
import { DocumentWriter, type WriteOptions, type WriterOptions } from './document-writer.ts';

/** Raised when a document gets a form that an older eco would misread; a field that it does not know is no such form. */
const FORMAT_VERSION = 1;

type StoreFailure = Extract<Failure, { reason: 'store-failed' }>;
/** Which daemon used the home last. */
export interface HomeDocument {
  readonly format: number;
  readonly version: string;
  readonly bootId: string;
}

export interface ProjectDocument {
  readonly name: ProjectName;
  readonly origin: Origin;
  readonly file: string;
  readonly serial: number;
  /** Absent from what an older eco wrote. */
  readonly lineage?: string;
  /** By hand since the last apply. As above. */
  readonly deletedApps?: readonly DeletedApp[];
}

/**
 * What must survive the daemon, as JSON files under ECO_HOME: `home.json`,
 * `projects/<project>.json`, `locks/<project>.json`, `apps/<project>/<app>.json`, `workers/<id>.json`, `code/<digest>.json`, `start-numbers.json`;
 * and what Node workers write themselves, `run/exits/<id>.json`.
 */
export class Store {
  readonly #home: string;
  readonly #options: WriterOptions;
  readonly #writer: DocumentWriter;
  /** The text of each worker record as written, for many changes of a worker change nothing of its record. */
  readonly #workers = new Map<WorkerId, string>();
  /** Digests of the manifests that are written: they never change. */
  readonly #manifests = new Set<string>();

  constructor(home: string, options: WriterOptions) {
    this.#home = home;
    this.#options = options;
    this.#writer = new DocumentWriter(options);
  }

  /**
   * Notes who uses the home from now on, and answers who did last; null if nobody did. Where that was an eco whose documents
   * this one would misread, nothing is noted.
   */
  takeHome({ version, bootId }: Omit<HomeDocument, 'format'>): {
    readonly last: HomeDocument | null;
    readonly newer: boolean;
  } {
    const path = join(this.#home, 'home.json');
    const last = (readJsonFile(path) ?? null) as HomeDocument | null;
    const newer = last !== null && last.format > FORMAT_VERSION;
    if (!newer) this.#writer.write(path, { format: FORMAT_VERSION, version, bootId }, { durable: true });
    return { last, newer };
  }

  /** What has been written until now, and is to survive a power cut, does. */
  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  /** What an earlier daemon did not come to write in full. */
  removeUnfinished(): void {
    const apps = foldersIn(join(this.#home, 'apps')).map((project) => join('apps', project));
    for (const folder of ['.', 'projects', 'workers', 'code', ...apps]) removeUnfinished(join(this.#home, folder));
  }

  loadProjects(): readonly ProjectDocument[] {
    return this.#load('projects', isProjectDocument).map(completeProject);
  }

  saveProject(document: ProjectDocument): void {
    this.#write(join(this.#home, 'projects', `${fileNameOf(document.name)}.json`), document, { durable: true });
  }

  loadLocks(): readonly ProjectLock[] {
    return this.#load('locks', isProjectLock);
  }

  /** Flushed to disk if it outlives a power cut: one that a command holds does not. */
  saveLock(lock: ProjectLock): void {
    this.#write(this.#lockFile(lock.project), lock, { durable: lock.message !== null });
  }

  removeLock(project: ProjectName): void {
    this.#writer.remove(this.#lockFile(project));
  }

  loadApps(): readonly ClusterDocument[] {
    const documents = foldersIn(join(this.#home, 'apps')).flatMap((project) =>
      this.#load(join('apps', project), isAppDocument),
    );
    return documents.map(completeDocument);
  }

  /** That it is being deleted need not survive a power cut, which ends its processes: its removal may not either. */
  saveApp(document: ClusterDocument): void {
    this.#write(this.#appFile(document.key), document, { durable: document.deleting !== true });
  }

  /** Not at all if not at once: the answer says why. */
  saveAppNow(document: ClusterDocument): StoreFailure | null {
    const path = this.#appFile(document.key);
    const problem = this.#writer.writeNow(path, { format: FORMAT_VERSION, value: document }, { durable: true });
    return problem === null ? null : { reason: 'store-failed', path, problem };
  }

  removeApp(key: AppKey): void {
    this.#writer.remove(this.#appFile(key));
  }

  /** Start numbers below it may have been used by an app that is gone. */
  loadRetiredNumbers(): number {
    const path = this.#numbersFile();
    return (fileExists(path) ? this.#checked(path, readJsonFile(path), isCount) : 0) ?? 0;
  }

  saveRetiredNumbers(below: number): void {
    this.#write(this.#numbersFile(), below, { durable: true });
  }

  loadWorkers(): readonly WorkerRecord[] {
    return this.#load('workers', isWorkerRecord);
  }

  /** Not flushed to disk: a power cut ends the process that the record is about. */
  saveWorker(record: WorkerRecord): void {
    const text = JSON.stringify(record);
    if (this.#workers.get(record.id) === text) return;
    this.#workers.set(record.id, text);
    this.#write(this.#workerFile(record.id), record, { durable: false });
  }

  forgetWorker(id: WorkerId): void {
    this.#workers.delete(id);
    this.#writer.remove(this.#workerFile(id));
    removeFile(exitRecordPath(this.#home, id));
  }

  /** What the worker's process said of its end; null if it has not, or not in full. */
  loadExitCode(id: WorkerId): number | null {
    const record = readJsonFile(exitRecordPath(this.#home, id)) as Partial<ExitRecord> | null | undefined;
    return isCount(record?.code) ? record.code : null;
  }

  /** Of processes that nobody remembers. */
  removeExitRecordsExcept(ids: ReadonlySet<WorkerId>): void {
    const kept = new Set([...ids].map((id) => exitRecordPath(this.#home, id)));
    const folder = exitsPath(this.#home);
    for (const path of jsonFilesIn(folder).map((name) => join(folder, `${name}.json`))) {
      if (!kept.has(path)) removeFile(path);
    }
  }

  saveManifest(digest: string, manifest: CodeManifest): void {
    if (this.#manifests.has(digest)) return;
    this.#manifests.add(digest);
    this.#write(this.#manifestFile(digest), manifest, { durable: false });
  }

  loadManifest(digest: string): CodeManifest {
    const path = this.#manifestFile(digest);
    return (fileExists(path) ? this.#checked(path, readJsonFile(path), isManifest) : undefined) ?? {};
  }

  /** Forgets the manifests that no app refers to any more. */
  removeManifestsExcept(digests: ReadonlySet<string>): void {
    for (const name of jsonFilesIn(join(this.#home, 'code'))) {
      if (!digests.has(name)) this.#writer.remove(this.#manifestFile(name));
    }
  }

  #lockFile(project: ProjectName): string {
    return join(this.#home, 'locks', `${fileNameOf(project)}.json`);
  }

  #appFile({ project, app }: AppKey): string {
    return join(this.#home, 'apps', fileNameOf(project), `${fileNameOf(app)}.json`);
  }

  #workerFile(id: WorkerId): string {
    return join(this.#home, 'workers', `${fileNameOf(id)}.json`);
  }

  #numbersFile(): string {
    return join(this.#home, 'start-numbers.json');
  }

  #manifestFile(digest: string): string {
    return join(this.#home, 'code', `${fileNameOf(digest)}.json`);
  }

  #load<T>(folder: string, check: Check<T>): readonly T[] {
    const path = join(this.#home, folder);
    return readJsonFolder(path).flatMap(([name, document]) => {
      const value = this.#checked(join(path, `${name}.json`), document, check);
      return value === undefined ? [] : [value];
    });
  }

  /** One that cannot be read is reported and kept aside, so that a person can look at it; a newer eco's is left to that. */
  #checked<T>(path: string, document: unknown, check: Check<T>): T | undefined {
    const { format, value } = (document ?? {}) as { readonly format?: unknown; readonly value?: unknown };
    if (format === FORMAT_VERSION && check(value)) return value;
    const newer = typeof format === 'number' && format > FORMAT_VERSION;
    const problem = newer ? 'written by a newer version of eco' : `not a document of eco's; kept as ${moveAside(path)}`;
    this.#options.onProblem(path, problem);
    return undefined;
  }

  #write(path: string, value: unknown, options: WriteOptions): void {
    this.#writer.write(path, { format: FORMAT_VERSION, value }, options);
  }
}

type Check<T> = (value: unknown) => value is T;

/** In today's shape, whichever eco wrote it. */
function completeProject(stored: ProjectDocument): ProjectDocument {
  const deletedApps = (stored.deletedApps ?? []).map((app) => ({ ...app, applied: completeSpec(app.applied) }));
  return { ...stored, deletedApps };
}
