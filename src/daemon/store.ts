import { join } from 'node:path';
import type { Origin } from '../domain/desired-state.ts';
import type { AppKey, ProjectName, WorkerId } from '../domain/names.ts';
import type { CodeManifest } from '../domain/revision.ts';
import {
  foldersIn,
  jsonFilesIn,
  readJsonFile,
  readJsonFolder,
  removeFile,
  writeJsonFile,
} from '../platform/json-file.ts';
import type { ClusterDocument } from '../supervise/cluster-document.ts';
import type { WorkerRecord } from '../supervise/ports.ts';
import { fileNameOf } from '../supervise/worker-launch.ts';

/** Raised when a document gets a form that an older eco would misread. */
const FORMAT_VERSION = 1;

export interface ProjectDocument {
  readonly name: ProjectName;
  readonly origin: Origin;
  readonly file: string;
  readonly serial: number;
}

/**
 * What must survive the daemon, as JSON files under ECO_HOME:
 * `projects/<project>.json`, `apps/<project>/<app>.json`, `workers/<id>.json`, `code/<digest>.json`.
 */
export class Store {
  readonly #home: string;
  readonly #onProblem: (path: string, problem: string) => void;
  /** The text of each worker record as written, for many changes of a worker change nothing of its record. */
  readonly #workers = new Map<WorkerId, string>();

  constructor(home: string, onProblem: (path: string, problem: string) => void) {
    this.#home = home;
    this.#onProblem = onProblem;
  }

  loadProjects(): readonly ProjectDocument[] {
    return this.#load(join(this.#home, 'projects')) as readonly ProjectDocument[];
  }

  saveProject(document: ProjectDocument): void {
    this.#write(join(this.#home, 'projects', `${fileNameOf(document.name)}.json`), document, { durable: true });
  }

  loadApps(): readonly ClusterDocument[] {
    const folder = join(this.#home, 'apps');
    const documents = foldersIn(folder).flatMap((project) => this.#load(join(folder, project)));
    // What the first versions did not keep.
    const added = { appliedRevision: null, history: [], lastStable: null };
    return (documents as readonly ClusterDocument[]).map((document) => ({ ...added, ...document }));
  }

  saveApp(document: ClusterDocument): void {
    this.#write(this.#appFile(document.key), document, { durable: true });
  }

  removeApp(key: AppKey): void {
    removeFile(this.#appFile(key));
  }

  loadWorkers(): readonly WorkerRecord[] {
    return this.#load(join(this.#home, 'workers')) as readonly WorkerRecord[];
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
    removeFile(this.#workerFile(id));
  }

  saveManifest(digest: string, manifest: CodeManifest): void {
    this.#write(this.#manifestFile(digest), manifest, { durable: false });
  }

  loadManifest(digest: string): CodeManifest {
    const document = readJsonFile(this.#manifestFile(digest)) as { readonly value?: CodeManifest } | undefined;
    return document?.value ?? {};
  }

  /** Forgets the manifests that no app refers to any more. */
  removeManifestsExcept(digests: ReadonlySet<string>): void {
    for (const name of jsonFilesIn(join(this.#home, 'code'))) {
      if (!digests.has(name)) removeFile(this.#manifestFile(name));
    }
  }

  #appFile({ project, app }: AppKey): string {
    return join(this.#home, 'apps', fileNameOf(project), `${fileNameOf(app)}.json`);
  }

  #workerFile(id: WorkerId): string {
    return join(this.#home, 'workers', `${fileNameOf(id)}.json`);
  }

  #manifestFile(digest: string): string {
    return join(this.#home, 'code', `${fileNameOf(digest)}.json`);
  }

  /** A document that cannot be read is reported and left where it is, so that a person can look at it. */
  #load(folder: string): readonly unknown[] {
    return readJsonFolder(folder).flatMap(([name, document]) => {
      const versioned = document as { readonly format?: number; readonly value?: unknown } | undefined;
      if (versioned?.format === FORMAT_VERSION && versioned.value !== undefined) return [versioned.value];
      this.#onProblem(join(folder, `${name}.json`), 'not a document of this version of eco');
      return [];
    });
  }

  #write(path: string, value: unknown, options: { readonly durable: boolean }): void {
    try {
      writeJsonFile(path, { format: FORMAT_VERSION, value }, options);
    } catch (error) {
      this.#onProblem(path, error instanceof Error ? error.message : String(error));
    }
  }
}
