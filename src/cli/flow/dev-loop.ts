import type { AppSpec } from '../../domain/app-spec.ts';
import type { DesiredState } from '../../domain/desired-state.ts';
import type { AppName } from '../../domain/names.ts';
import type { Actor } from '../../domain/observed-state.ts';
import type { Result } from '../../domain/result.ts';
import { executePlan, type ExecutionEvent } from '../../execute/execute-plan.ts';
import { sharedAbortController } from '../../platform/abort.ts';
import { developmentPlan } from '../../reconcile/development-plan.ts';
import type { DaemonAbilities } from '../../reconcile/reconcile.ts';
import type { Foreground } from '../../supervise/foreground.ts';
import { withRestart, type RecentRestarts } from '../../supervise/restart-brake.ts';
import { SourceWatch, type WatchedApp } from '../../supervise/source-watch.ts';
import { deferred } from '../../util/deferred.ts';
import type { CliContext } from '../context.ts';
import type { WatchRenderer } from '../render/watch-text.ts';
import { ConfigWatch } from './config-watch.ts';
import { inProcess } from './in-process.ts';
import type { LoadedDevelopment } from './load-development.ts';

export interface DevLoopOptions {
  readonly first: LoadedDevelopment;
  readonly load: () => Promise<Result<LoadedDevelopment> & Pick<LoadedDevelopment, 'files'>>;
  readonly only: readonly AppName[] | null;
  /** Whether a change of its files restarts an app. */
  readonly restart: boolean;
  readonly renderer: WatchRenderer;
  readonly foreground: Foreground;
  readonly by: Actor;
  readonly daemon: DaemonAbilities | null;
}

/** All steps at once: only a few programs start at a time anyway. */
const CONCURRENCY = 256;

/**
 * Keeps apps as their file says while both are worked on. Each change makes a plan of its own, which takes over from the one
 * that is under way: an app that never becomes ready must not keep its mended version waiting.
 */
export class DevLoop {
  readonly #options: DevLoopOptions;
  readonly #clock: CliContext['clock'];
  readonly #sources: SourceWatch;
  readonly #config: ConfigWatch;
  readonly #end = deferred<{ readonly type: 'quit' }>();
  #desired: DesiredState;
  #files: LoadedDevelopment['files'];
  /** The spec that each app was last told to run. */
  readonly #tried = new Map<AppName, AppSpec>();
  /** Restarts that were asked for and have not begun. */
  readonly #owed = new Map<AppName, string>();
  readonly #recent = new Map<AppName, RecentRestarts>();
  readonly #suspended = new Set<AppName>();
  /** What has changed since watching was paused; null: it is not. */
  #missed: Map<AppName, readonly string[]> | null = null;
  #round = sharedAbortController();
  /** The apps that are said to be watched. */
  #told = '';
  #loading = false;
  #loadAgain = false;
  #closed = false;

  constructor({ clock }: Pick<CliContext, 'clock'>, options: DevLoopOptions) {
    const { renderer, first } = options;
    this.#options = options;
    this.#clock = clock;
    this.#desired = first.desired;
    this.#files = first.files;
    const onProblem = (problem: string): void => renderer.watchProblem(problem);
    this.#sources = new SourceWatch({ clock, onProblem, onChange: (changes) => this.#filesChanged(changes) });
    this.#config = new ConfigWatch({ clock, onProblem, onChange: () => void this.#reload() });
  }

  /** Resolved when whoever works on the apps has had enough. */
  get end(): Promise<{ readonly type: 'quit' }> {
    return this.#end.promise;
  }

  /** Names of the apps, as the keys 1 to 9 have them. */
  get apps(): readonly AppName[] {
    return this.#wanted().map(({ name }) => name);
  }

  get paused(): boolean {
    return this.#missed !== null;
  }

  begin(): void {
    // What comes of both is told by the renderer.
    void this.#watchAll();
    void this.#apply();
  }

  quit(): void {
    this.#end.resolve({ type: 'quit' });
  }

  /** By hand: whatever is known of them. */
  restart(apps: readonly AppName[]): void {
    for (const app of apps) {
      this.#recent.delete(app);
      this.#suspended.delete(app);
      this.#owed.set(app, 'by hand');
    }
    void this.#apply();
  }

  /** Changes are only counted until watching goes on. */
  togglePause(): void {
    const missed = this.#missed;
    this.#missed = missed === null ? new Map() : null;
    this.#suspended.clear();
    this.#recent.clear();
    this.#options.renderer.paused(this.paused);
    if (missed !== null && missed.size > 0) this.#filesChanged(missed);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#round.abort('SIGINT');
    await Promise.all([this.#sources.close(), this.#config.close()]);
  }

  #wanted(): readonly AppSpec[] {
    const { only } = this.#options;
    return this.#desired.apps.filter(({ name }) => only === null || only.includes(name));
  }

  #watched(): readonly WatchedApp[] {
    // What it writes to its logs comes here.
    return this.#wanted().map((app) => ({ name: app.name, app, ownFiles: [] }));
  }

  async #watchAll(): Promise<void> {
    const { renderer, restart } = this.#options;
    const own = this.#files.flatMap(({ file, as }) => (as === 'own' ? [file] : []));
    await Promise.all([
      this.#config.watch(this.#files.map(({ file }) => file)),
      restart ? this.#sources.watch(this.#watched(), { except: own }) : null,
    ]);
    const told = JSON.stringify(this.apps);
    if (this.#closed || told === this.#told) return;
    this.#told = told;
    renderer.watching(this.apps);
  }

  #filesChanged(changes: ReadonlyMap<AppName, readonly string[]>): void {
    const { renderer } = this.#options;
    for (const [app, files] of changes) {
      if (this.#missed !== null) {
        this.#missed.set(app, [...new Set([...(this.#missed.get(app) ?? []), ...files])]);
        continue;
      }
      if (this.#suspended.has(app)) continue;
      const recent = withRestart(this.#recent.get(app) ?? [], this.#clock.now());
      if (recent === null) {
        this.#suspended.add(app);
        renderer.suspended(app, files);
        continue;
      }
      this.#recent.set(app, recent);
      this.#owed.set(app, renderer.causeOf(files));
    }
    if (this.#owed.size > 0) void this.#apply();
  }

  /** One at a time; what changes meanwhile is read afterwards. */
  async #reload(): Promise<void> {
    this.#loadAgain = true;
    if (this.#loading) return;
    this.#loading = true;
    while (this.#loadAgain && !this.#closed) {
      this.#loadAgain = false;
      await this.#loadOnce();
    }
    this.#loading = false;
  }

  async #loadOnce(): Promise<void> {
    const { renderer, load } = this.#options;
    const loaded = await load();
    if (this.#closed) return;
    if (!loaded.ok) {
      const known = this.#files.filter(({ file }) => !loaded.files.some((other) => other.file === file));
      this.#files = [...known, ...loaded.files];
      void this.#config.watch(this.#files.map(({ file }) => file));
      return renderer.invalid(loaded.error);
    }
    this.#desired = loaded.value.desired;
    this.#files = loaded.files;
    this.#suspended.clear();
    this.#recent.clear();
    await renderer.diagnostics(loaded.value.warnings);
    void this.#watchAll();
    if (!(await this.#apply())) renderer.unchanged(loaded.value.desired.file);
  }

  /** False: there is nothing to do. */
  async #apply(): Promise<boolean> {
    const { foreground, renderer, only, by, daemon } = this.#options;
    this.#round.abort('SIGINT');
    if (this.#closed) return false;
    const { signal } = (this.#round = sharedAbortController());
    const known = { restart: this.#owed, tried: this.#tried, only, daemon };
    const plan = developmentPlan(this.#desired, foreground.observe(), known);
    if (!plan.ok) {
      await renderer.failure(plan.error);
      return true;
    }
    const { steps, project } = plan.value;
    if (steps.length === 0) return false;
    renderer.plan(plan.value);
    // Whatever comes of it is told step by step.
    void executePlan(plan.value, inProcess(foreground, { project, by }), {
      concurrency: CONCURRENCY,
      signal,
      abandon: signal,
      onEvent: (event) => this.#onStep(event, signal),
    });
    return true;
  }

  #onStep(event: ExecutionEvent, signal: AbortSignal): void {
    const { app, action } = event.step;
    if (event.type === 'step_started') {
      this.#owed.delete(app);
      if ('spec' in action) this.#tried.set(app, action.spec);
      else this.#tried.delete(app);
    }
    if (!signal.aborted) this.#options.renderer.execution(event);
  }
}
