import type { Target } from './cluster-document.ts';
import type { WorkerJournal } from './ports.ts';
import type { Worker } from './worker.ts';
import { isDead } from './worker-machine.ts';
import type { Retirement } from './worker-options.ts';
import type { WorkerSockets } from './worker-sockets.ts';

/** The workers of one app, oldest first, and whose place is free. */
export class WorkerSet {
  #all: readonly Worker[] = [];
  /** By instance: of workers that made room before their successors could come. */
  readonly #vacated = new Map<number, Retirement>();
  readonly #journal: WorkerJournal;

  constructor(journal: WorkerJournal) {
    this.#journal = journal;
  }

  get all(): readonly Worker[] {
    return this.#all;
  }

  /** Those that are to go once a successor is there, although they run well. */
  get retiring(): readonly Worker[] {
    return this.#all.filter(({ retirement }) => retirement !== null);
  }

  ofGeneration(wanted: number): readonly Worker[] {
    return this.#all.filter(({ generation }) => generation === wanted);
  }

  get sockets(): readonly WorkerSockets[] {
    return this.#all.map(({ sockets }) => sockets);
  }

  /** By instance, what each listens on in its own words. */
  requestedSockets(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#all.map(({ instance, sockets }) => [instance, sockets.requested]));
  }

  socketsInUse(): ReadonlySet<string> {
    return new Set(this.sockets.flatMap(({ inUse }) => inUse));
  }

  serves(): boolean {
    return this.#all.some(({ state }) => state.phase === 'ready' || state.phase === 'draining');
  }

  add(worker: Worker): void {
    this.#all = [...this.#all, worker];
  }

  /** A worker that failed, or waits for its next attempt, makes room for a fresh start at once; the others get the settings. */
  retryFailed({ generation, spec }: Pick<Target, 'generation' | 'spec'>): void {
    for (const worker of this.#all) {
      if (worker.generation === generation && worker.state.phase !== 'completed') worker.update(spec);
      const { phase } = worker.state;
      if (phase === 'failed' || phase === 'backing-off') worker.stop({ handover: false });
    }
  }

  /** What a new worker has from the one whose place it takes; null if it takes nobody's. Asked once for each. */
  takePlace(instance: number, generation: number): Retirement | null {
    const retiring = this.retiring.find((worker) => worker.instance === instance && worker.generation === generation);
    const place = retiring?.retirement ?? this.#vacated.get(instance) ?? null;
    this.#vacated.delete(instance);
    return place;
  }

  /** New processes of another kind succeed nobody. */
  forgetPlaces(): void {
    this.#vacated.clear();
  }

  /** Of those that shall run, what is over stays to be seen, unless it was to go anyway. */
  forgetDead({ generation, spec }: Pick<Target, 'generation' | 'spec'>): void {
    const staying = this.#all.filter(({ state, generation: own, instance, retirement }) =>
      own === generation && instance < spec.instances && retirement === null
        ? state.phase !== 'stopped'
        : !isDead(state),
    );
    for (const { id, instance, retirement } of this.#all.filter((worker) => !staying.includes(worker))) {
      this.#journal.forget(id);
      const succeeded = staying.some((worker) => worker.instance === instance);
      if (retirement !== null && !succeeded) this.#vacated.set(instance, retirement);
    }
    this.#all = staying;
  }
}
