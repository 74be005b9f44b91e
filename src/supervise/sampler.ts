import { earliest, type Instant, type Milliseconds } from '../domain/time.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { MeterRoot, ProcessMeter, ProcessUse } from '../platform/process-meter.ts';

/** A worker as the sampler sees it. */
export interface SampledWorker {
  /** null while no process of it runs. */
  readonly meterRoot: MeterRoot | null;
  /** How closely its memory is watched: not at all, for it has no limit; because of its limit; because it is above it. */
  readonly memoryWatch: 'none' | 'limited' | 'above';
  readonly measured: (uses: readonly ProcessUse[]) => void;
  /** Asks it for numbers of its own. */
  readonly askForStats: () => void;
}

export interface SamplerOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly meter: ProcessMeter;
  readonly workers: () => readonly SampledWorker[];
}

const TICK: Milliseconds = 2000;
const IDLE_PERIOD: Milliseconds = 10_000;
const LIMITED_PERIOD: Milliseconds = 2000;
const WATCHED_PERIOD: Milliseconds = 1000;
/** Who has asked once may ask again: for so long the numbers are kept fresh. */
const INTEREST: Milliseconds = 5000;

/**
 * What all workers use, in rounds: every second while somebody looks or a worker is above its limit of memory, every two
 * seconds while there are such limits, else every ten.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  #lastRound: Instant | null = null;
  #lastLook: Instant | null = null;
  #watchers = 0;
  #timer: Timer | null = null;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Somebody is about to read the numbers: they are at most a second old. */
  look(): void {
    this.#lastLook = this.#options.clock.now();
    this.#tick();
  }

  /** Somebody reads them until `signal` is aborted. */
  watch(signal: AbortSignal): void {
    this.#watchers += 1;
    signal.addEventListener('abort', () => (this.#watchers -= 1), { once: true });
    this.#tick();
  }

  /** Sets the only timer; a limit that an app gets meanwhile is seen at the next tick. */
  #tick(): void {
    const { clock, workers } = this.#options;
    const now = clock.now();
    const sampled = workers();
    const due = this.#lastRound === null ? now : this.#lastRound + this.#period(sampled);
    if (due <= now) this.#round(sampled);
    const next = earliest([now + TICK, (this.#lastRound ?? now) + this.#period(sampled)]) ?? now;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, next - now), () => this.#tick());
  }

  #round(workers: readonly SampledWorker[]): void {
    const { clock, meter } = this.#options;
    this.#lastRound = clock.now();
    const watched = this.#isWatched();
    const measured = meter.measure(workers.flatMap(({ meterRoot }) => meterRoot ?? []));
    for (const worker of workers) {
      const uses = measured.get(worker.meterRoot?.pid ?? -1);
      if (uses !== undefined) worker.measured(uses);
      if (uses !== undefined && watched) worker.askForStats();
    }
  }

  #period(workers: readonly SampledWorker[]): Milliseconds {
    const watches = new Set(workers.map(({ memoryWatch }) => memoryWatch));
    if (watches.has('above') || this.#isWatched()) return WATCHED_PERIOD;
    return watches.has('limited') ? LIMITED_PERIOD : IDLE_PERIOD;
  }

  #isWatched(): boolean {
    const lastLook = this.#lastLook;
    return this.#watchers > 0 || (lastLook !== null && this.#options.clock.now() - lastLook < INTEREST);
  }
}
