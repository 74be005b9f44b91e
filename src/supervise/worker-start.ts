import type { AppSpec } from '../domain/app-spec.ts';
import type { WorkerId } from '../domain/names.ts';
import type { ExitCause } from '../domain/worker-state.ts';
import type { LaunchedProcess, LaunchListener, LaunchRequest } from '../platform/launcher.ts';
import type { Asker } from './socket-vault.ts';
import { WorkerHooks, type HookedWorker } from './worker-hooks.ts';
import { AUXILIARY_VARIABLE, checkEnvironment, fileNameOf, launchRequest } from './worker-launch.ts';
import type { WorkerLogs } from './worker-logs.ts';
import type { WorkerOptions } from './worker-options.ts';
import { WorkerSecrets } from './worker-secrets.ts';

export interface WorkerStartOptions extends Pick<WorkerOptions, 'ports' | 'key' | 'instance' | 'revision'> {
  readonly logs: WorkerLogs;
}

/** A process that is to come. */
export interface PlannedProcess {
  readonly id: WorkerId;
  /** As it is by now. */
  readonly spec: () => AppSpec;
  readonly asker: Asker;
  readonly listener: LaunchListener;
  /** Asked again after whatever took its time. */
  readonly isWanted: () => boolean;
}

/** How the process of a worker comes to be: its secrets, its hooks, its limits, the launch itself. */
export class WorkerStart {
  readonly #options: WorkerStartOptions;
  readonly #secrets: WorkerSecrets;
  readonly #hooks: WorkerHooks;
  #underWay = false;
  #preparation = new AbortController();
  #unlimited: string | null = null;

  constructor(options: WorkerStartOptions) {
    this.#options = options;
    this.#secrets = new WorkerSecrets(options.ports.secret);
    this.#hooks = new WorkerHooks(options.ports);
  }

  /** Its end is still to be told. */
  get underWay(): boolean {
    return this.#underWay;
  }

  /** Why not all limits of the present process hold; null if they do. */
  get unlimited(): string | null {
    return this.#unlimited;
  }

  /** Answers why there is no process where there is none. */
  async launch(planned: PlannedProcess): Promise<LaunchedProcess | ExitCause> {
    this.#underWay = true;
    this.#preparation = new AbortController();
    await this.#options.ports.vacated(this.#options.key);
    const refused = await this.#prepare(planned, this.#preparation.signal);
    const launched = refused ?? (await this.#launch(planned));
    this.#underWay = false;
    return launched;
  }

  /** What comes before the process is not waited for any more. */
  abort(): void {
    this.#preparation.abort();
  }

  /** For a process that an earlier daemon started. */
  resume(spec: AppSpec, unlimited: string | null): void {
    this.#unlimited = unlimited;
    // Not awaited: for the checks that run in its environment. What cannot be had now is of use to none of them.
    void this.#secrets.read(spec, this.#preparation.signal);
  }

  postReady(id: WorkerId, spec: AppSpec): Promise<void> {
    return this.#hooks.postReady(this.#hooked(id, spec));
  }

  preStop(id: WorkerId, spec: AppSpec): Promise<void> {
    return this.#hooks.preStop(this.#hooked(id, spec));
  }

  /** What is run for the worker besides its process runs in the same environment. */
  environment(id: WorkerId, spec: AppSpec): Readonly<Record<string, string>> {
    const { key, instance, ports, revision } = this.#options;
    const self = { key, id, instance, revision, secrets: this.#secrets.values };
    return { ...checkEnvironment(spec, self, ports.surroundings), [AUXILIARY_VARIABLE]: '1' };
  }

  /** Answers what stands against the launch. */
  async #prepare(planned: PlannedProcess, signal: AbortSignal): Promise<ExitCause | null> {
    if (!planned.isWanted()) return { type: 'unknown' };
    const spec = planned.spec();
    const needsSecrets = Object.keys(spec.secrets).length > 0;
    const locked = needsSecrets ? await this.#secrets.read(spec, signal) : null;
    if (locked !== null || spec.hooks.preStart === null) return locked;
    return this.#hooks.preStart(this.#hooked(planned.id, planned.spec()), signal);
  }

  async #launch({ id, asker, listener, isWanted, ...planned }: PlannedProcess): Promise<LaunchedProcess | ExitCause> {
    if (!isWanted()) return { type: 'unknown' };
    const spec = planned.spec();
    const { ports, key, instance, revision, logs } = this.#options;
    const { vault } = ports;
    const inherits = { sockets: vault.inheritance(asker), ticketKeys: vault.ticketKeys(key) };
    const { values: secrets } = this.#secrets;
    const self = { key, id, instance, revision, canGroup: vault.canGroup, secrets, ...inherits };
    const request = this.#limited(launchRequest(spec, self, ports.surroundings), id, spec);
    logs.beginRun(request);
    return ports.launch(request, listener);
  }

  #limited(request: LaunchRequest, id: WorkerId, { limits }: AppSpec): LaunchRequest {
    this.#unlimited = null;
    if (limits === null) return request;
    const enclosed = this.#options.ports.cgroups.enclose(request, { name: fileNameOf(id), limits });
    this.#unlimited = enclosed.problem;
    return enclosed.request;
  }

  #hooked(id: WorkerId, spec: AppSpec): HookedWorker {
    return { id, spec, env: this.environment(id, spec) };
  }
}
