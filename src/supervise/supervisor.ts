import { byCodeUnit, byName } from '../util/compare.ts';
import { unreachable } from '../util/unreachable.ts';
import { appId, type AppKey, type WorkerId } from '../domain/names.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import { isToldInstances } from '../domain/templates.ts';
import type { AppHistory } from '../domain/history.ts';
import type { Actor, ObservedApp } from '../domain/observed-state.ts';
import type { RollbackAction, StepOutcome, StepRequest, WorkerProgress } from '../protocol/control.ts';
import { newDocument, type ClusterDocument } from './cluster-document.ts';
import { Cluster } from './cluster.ts';
import type { DocumentPort } from './kept-document.ts';
import type { ConvergeRequest } from './converge-request.ts';
import type { RotatedFile } from './log-keeper.ts';
import { moveApp } from './move-app.ts';
import { Occasions } from './occasions.ts';
import { Orphans } from './orphans.ts';
import type { SupervisePorts, WorkerRecord } from './ports.ts';
import { mayStart } from './start-order.ts';
import { rotatedFiles } from './rotated-files.ts';
import { becomesScheduled, manualChange, rollbackStep, startStrategy } from './step-strategy.ts';
import { standingOf, stopInOrder } from './stop-order.ts';
import type { Strategy } from './targets.ts';
import type { Worker } from './worker.ts';
import type { LinkedWorker } from './worker-links.ts';
import { endedByBoot, findSurvivors, inherit, startNumberOf } from './survivors.ts';

/** Where the documents of apps are kept. */
export interface AppStore extends DocumentPort {
  /** Start numbers below may have been used by an app that is gone, and are not used again. */
  readonly retiredNumbers: () => number;
  readonly retireNumbers: (below: number) => void;
  readonly remove: (key: AppKey) => void;
}

export interface SupervisorOptions {
  readonly ports: SupervisePorts;
  readonly apps: AppStore;
  /** Something about a worker may have changed. */
  readonly onChange?: () => void;
}

type OnProgress = (workers: readonly WorkerProgress[]) => void;

type StartAction = Extract<StepRequest['action'], { type: 'start' }>;

type Asker = Pick<ConvergeRequest, 'fromFile' | 'onProgress' | 'by' | 'source' | 'rollback' | 'revision'>;

const ECO_ITSELF: Actor = { user: 'eco', host: 'this machine', pid: 0 };

/** Keeps every app as it was last told to, and carries out one step at a time for each. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clusters = new Map<string, Cluster>();
  readonly #orphans: Orphans;
  readonly #occasions: Occasions;
  /** After a boot, those that wait for what they depend on. */
  readonly #waiting = new Set<Cluster>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#orphans = new Orphans(options.ports);
    this.#occasions = new Occasions({
      ports: options.ports,
      clusters: () => [...this.#clusters.values()],
      perform: (key, action) => this.#performByItself(key, action),
    });
  }

  /**
   * Takes over what an earlier daemon kept, and what it started without coming to write it down. What has no worker left is
   * started, after what it depends on.
   */
  resume(
    documents: readonly ClusterDocument[],
    known: readonly WorkerRecord[],
    { rebooted = false }: { readonly rebooted?: boolean } = {},
  ): void {
    const { ports, apps } = this.#options;
    const { journal, processes, clock } = ports;
    const written = known.filter((record) => !endedByBoot(record, { rebooted, bootId: processes.bootId }));
    for (const { id } of known.filter((record) => !written.includes(record))) journal.forget(id);
    const survivors = findSurvivors(ports.surroundings.home, processes, clock);
    const { records, unwanted } = inherit({ documents, written, survivors }, processes);
    apps.retireNumbers(Math.max(0, ...[...known, ...survivors].map(({ id }) => startNumberOf(id) + 1)));
    for (const orphan of unwanted) this.#orphans.end(orphan);
    const byApp = new Map<string, WorkerRecord[]>();
    for (const record of records) byApp.set(appId(record.key), [...(byApp.get(appId(record.key)) ?? []), record]);
    for (const document of documents) {
      const cluster = this.#add(new Cluster({ document, ...this.#clusterOptions() }));
      const own = byApp.get(appId(document.key)) ?? [];
      const awaited = document.goal === 'running' && document.target.spec.schedule === null;
      if (own.length === 0 && awaited) this.#waiting.add(cluster);
      else cluster.resume(own);
      // Nobody waits for the outcome any more.
      if (document.deleting === true) void this.#delete(document.key, cluster);
    }
    this.#startWaiting();
    this.#occasions.refresh();
  }

  /** The apps of one project, or of all; sorted by project and name. */
  observe(project?: string): readonly ObservedApp[] {
    return [...this.#clusters.values()]
      .filter(({ key }) => project === undefined || key.project === project)
      .map((cluster) => ({ ...cluster.observe(), nextRun: this.#occasions.nextRun(cluster.key) }))
      .sort((a, b) => byCodeUnit(a.project, b.project) || byName(a, b));
  }

  /** Resolved once the workers of the project, or all, have told what an adopted worker has to tell. */
  async reunited(project?: string): Promise<void> {
    const clusters = [...this.#clusters.values()].filter(({ key }) => project === undefined || key.project === project);
    await Promise.all(clusters.map((cluster) => cluster.reunited));
  }

  history(key: AppKey): Result<AppHistory> {
    const cluster = this.cluster(key);
    if (!cluster.ok) return cluster;
    const { target, appliedRevision, history } = cluster.value.document;
    return ok({ ...key, revision: target.revision, appliedRevision, entries: history });
  }

  cluster(key: AppKey): Result<Cluster> {
    const cluster = this.#clusters.get(appId(key));
    return cluster === undefined ? err(noSuchApp(key)) : ok(cluster);
  }

  findWorker(id: WorkerId): LinkedWorker | undefined {
    for (const cluster of this.#clusters.values()) {
      const worker = cluster.workers.find((candidate) => candidate.id === id);
      if (worker !== undefined) return worker;
    }
    return undefined;
  }

  /** Every one, whether or not it has a process. */
  workers(): readonly Worker[] {
    return [...this.#clusters.values()].flatMap(({ workers }) => workers);
  }

  /** Every file that a worker writes to, or may write to next; each once. */
  logFiles(): readonly RotatedFile[] {
    const { home } = this.#options.ports.surroundings;
    const files = [...this.#clusters.values()].flatMap((cluster) => rotatedFiles(cluster, home));
    return [...new Map(files.map((file) => [file.path, file])).values()];
  }

  countApps(): number {
    return this.#clusters.size;
  }

  /** Answers when the step has settled. Telling it twice does nothing the second time. */
  async perform(request: StepRequest, onProgress: OnProgress): Promise<Result<StepOutcome>> {
    const { action } = request;
    const key = { project: request.project, app: request.app };
    const { by, source = null } = request;
    const asker = { by, source, rollback: request.rollback !== 'off', fromFile: request.asked === 'file', onProgress };
    await this.#orphans.whenGone(key);
    await this.#clusters.get(appId(key))?.reunited;
    const outcome = await this.#carryOut(key, action, asker);
    if (outcome.ok && request.asked === 'hand') this.#recordManualChange(key, request);
    return outcome;
  }

  /** Ends every process of every app, those first that others do not depend on. The apps stay known, as stopped. */
  async stopAll(): Promise<void> {
    this.#occasions.close();
    this.#waiting.clear();
    await stopInOrder([...this.#clusters.values()]);
    await this.#orphans.whenGone();
  }

  /** Ends every process at once, whatever it is doing, and starts none again. */
  kill(): void {
    this.#occasions.close();
    for (const cluster of this.#clusters.values()) {
      void cluster.stop();
      for (const worker of cluster.workers) worker.kill();
    }
  }

  /** Lets go of every process without touching it. */
  release(): void {
    this.#occasions.close();
    this.#waiting.clear();
    for (const cluster of this.#clusters.values()) cluster.release();
  }

  #changed(): void {
    this.#startWaiting();
    this.#occasions.refresh();
    this.#options.onChange?.();
  }

  async #performByItself(key: AppKey, type: 'reload' | 'start'): Promise<void> {
    const cluster = this.#clusters.get(appId(key));
    if (cluster === undefined) return;
    const { spec } = cluster.document.target;
    const asker = { by: ECO_ITSELF, source: null, rollback: false, fromFile: false, onProgress: () => {} };
    const outcome = await this.#carryOut(key, { type, spec }, asker);
    const { emit } = this.#options.ports;
    if (outcome.ok) emit({ type: 'step-succeeded', ...key, action: type });
    else if (outcome.error.reason !== 'superseded')
      emit({ type: 'step-failed', ...key, action: type, failure: outcome.error.reason });
  }

  /** Those whose turn it is. Asked again whenever anything has changed. */
  #startWaiting(): void {
    if (this.#waiting.size === 0) return;
    const apps = [...this.#clusters.values()].map(standingOf);
    for (const cluster of this.#waiting) {
      if (!mayStart(standingOf(cluster), apps)) continue;
      this.#waiting.delete(cluster);
      cluster.resume([]);
    }
  }

  async #carryOut(key: AppKey, action: StepRequest['action'], asker: Asker): Promise<Result<StepOutcome>> {
    const cluster = this.#clusters.get(appId(key));
    // Whoever asks for something knows the order.
    if (cluster !== undefined) this.#waiting.delete(cluster);
    switch (action.type) {
      case 'start':
        if (cluster === undefined && action.movedFrom !== undefined) return this.#move(key, action, asker);
        return this.#converge(key, action.spec, { ...asker, strategy: startStrategy(action.spec, cluster) });
      case 'scale':
        return this.#converge(key, action.spec, {
          ...asker,
          strategy: isToldInstances(action.spec) ? 'rolling' : 'keep',
        });
      case 'reload':
        return this.#converge(key, action.spec, { ...asker, strategy: 'rolling' });
      case 'replace':
        if (becomesScheduled(action.spec, cluster)) return this.#stopAndUpdate(cluster, action.spec, asker);
        return this.#converge(key, action.spec, { ...asker, strategy: 'replace' });
      case 'restart':
        if (cluster === undefined) return err(noSuchApp(key));
        return this.#converge(key, cluster.document.target.spec, { ...asker, strategy: 'replace' });
      case 'update':
        return this.#update(key, action.spec, asker);
      case 'stop':
        await cluster?.stop();
        return ok({ serving: null });
      case 'delete':
        return this.#delete(key, cluster);
      case 'rollback':
        return this.#rollBack(key, action, asker);
      default:
        return unreachable(action);
    }
  }

  #converge(
    key: AppKey,
    spec: AppSpec,
    { strategy, ...asker }: Asker & { readonly strategy: Strategy },
  ): Promise<Result<StepOutcome>> {
    const known = this.#clusters.get(appId(key));
    if (known !== undefined) return known.converge({ ...asker, spec, strategy });
    const document = newDocument(key, spec, this.#options.apps.retiredNumbers());
    return this.#create(new Cluster({ document, ...this.#clusterOptions() }), { ...asker, spec, strategy: 'keep' });
  }

  #move(key: AppKey, { spec, movedFrom = '' }: StartAction, asker: Asker): Promise<Result<StepOutcome>> {
    const from = this.#clusters.get(appId({ project: key.project, app: movedFrom }));
    if (from === undefined) return this.#converge(key, spec, { ...asker, strategy: 'keep' });
    const { ports, apps } = this.#options;
    return moveApp(from, {
      key,
      startNumbers: Math.max(apps.retiredNumbers(), from.document.startNumbers),
      vault: ports.vault,
      create: (document) => this.#add(new Cluster({ document, ...this.#clusterOptions() })),
      converge: (cluster) => cluster.converge({ ...asker, spec, strategy: 'rolling' }),
      remove: (cluster) => this.#delete(cluster.key, cluster),
    });
  }

  /** What ran all the time is run at its times from now on. */
  async #stopAndUpdate(cluster: Cluster, spec: AppSpec, asker: Asker): Promise<Result<StepOutcome>> {
    const { key } = cluster;
    await cluster.stop();
    if (cluster.document.goal === 'running') return err({ reason: 'superseded', app: key.app });
    return this.#update(key, spec, asker);
  }

  /** One that is not there yet is made known, for somebody to start. */
  async #update(key: AppKey, spec: AppSpec, asker: Asker): Promise<Result<StepOutcome>> {
    const known = this.#clusters.get(appId(key));
    const scheduled = spec.schedule !== null;
    if (known !== undefined) return known.update({ ...asker, spec }, scheduled ? { goal: 'running' } : {});
    if (spec.autostart && !scheduled) return err(noSuchApp(key));
    const goal = scheduled ? 'running' : 'stopped';
    const document = { ...newDocument(key, spec, this.#options.apps.retiredNumbers()), goal } as const;
    const cluster = this.#add(new Cluster({ document, ...this.#clusterOptions() }));
    const outcome = await cluster.update({ ...asker, spec });
    if (!outcome.ok) this.#clusters.delete(appId(key));
    return outcome;
  }

  /** An app that cannot be written down is not kept: the next daemon would not know whose its processes are. */
  async #create(cluster: Cluster, request: ConvergeRequest): Promise<Result<StepOutcome>> {
    this.#add(cluster);
    const outcome = await cluster.converge(request);
    if (!outcome.ok && outcome.error.reason === 'store-failed') this.#clusters.delete(appId(cluster.key));
    return outcome;
  }

  /** As any other change, with a spec out of the history. */
  #rollBack(key: AppKey, { revision, as: type }: RollbackAction, asker: Asker): Promise<Result<StepOutcome>> {
    const document = this.#clusters.get(appId(key))?.document;
    if (document === undefined) return Promise.resolve(err(noSuchApp(key)));
    const { history, target } = document;
    const entry = history.find((candidate) => candidate.revision === revision);
    if (entry === undefined) {
      const present = target.revision;
      return Promise.resolve(
        err({
          reason: 'no-such-revision',
          app: key.app,
          revision,
          present,
          known: history.map(({ revision, stable }) => ({ revision, stable })),
        }),
      );
    }
    const { spec } = entry;
    return this.#carryOut(key, rollbackStep(type, spec, target.spec.instances), { ...asker, revision });
  }

  async #delete(key: AppKey, cluster: Cluster | undefined): Promise<Result<StepOutcome>> {
    await cluster?.retire();
    if (cluster?.document.goal === 'running') return err({ reason: 'superseded', app: key.app });
    // Tasks that have completed are workers still.
    for (const { id } of cluster?.workers ?? []) this.#options.ports.journal.forget(id);
    this.#clusters.delete(appId(key));
    if (cluster !== undefined) this.#options.apps.retireNumbers(cluster.document.startNumbers);
    this.#options.apps.remove(key);
    return ok({ serving: null });
  }

  #recordManualChange(key: AppKey, { action, by }: StepRequest): void {
    const change = manualChange(action.type);
    const at = this.#options.ports.clock.wallTime();
    if (change !== null) this.#clusters.get(appId(key))?.markChangedByHand({ action: change, by, at });
  }

  #add(cluster: Cluster): Cluster {
    this.#clusters.set(appId(cluster.key), cluster);
    return cluster;
  }

  #clusterOptions() {
    const { ports, apps } = this.#options;
    const vacated = (key: AppKey): Promise<void> => this.#orphans.whenGone(key);
    return { ports: { ...ports, vacated }, documents: apps, onChange: () => this.#changed() };
  }
}

function noSuchApp({ app }: AppKey) {
  return { reason: 'no-such-app', target: app, didYouMean: null } as const;
}
