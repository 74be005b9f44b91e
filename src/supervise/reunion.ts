import type { Milliseconds } from '../domain/time.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import { deferred } from '../util/deferred.ts';
import type { BootGate, Release } from './boot-gate.ts';

/** Workers connect to a new daemon within 600 ms, on a busy machine later. Whoever has not by now is not waited for. */
const PATIENCE: Milliseconds = 3000;

/**
 * The time after a daemon took over in which the workers of an app tell it what they listen on, and hand their sockets back.
 * A process that was started before would find its port taken.
 */
export class Reunion {
  readonly #isComplete: () => boolean;
  readonly #over = deferred<void>();
  readonly #timer: Timer;
  #waiting: (() => void)[] | null = [];

  constructor(clock: Pick<Clock, 'after'>, isComplete: () => boolean) {
    this.#isComplete = isComplete;
    this.#timer = clock.after(PATIENCE, () => this.#end());
  }

  /** Resolved once it is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** To be called whenever a worker may have come. */
  check(): void {
    if (this.#waiting !== null && this.#isComplete()) this.#end();
  }

  /** The same gate, but shut until it is over. */
  gate(gate: BootGate): BootGate {
    return {
      request: (enter) => {
        if (this.#waiting === null) return gate.request(enter);
        let release: Release | null = null;
        let withdrawn = false;
        this.#waiting.push(() => {
          if (!withdrawn) release = gate.request(enter);
        });
        return () => {
          withdrawn = true;
          release?.();
        };
      },
    };
  }

  #end(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#timer.cancel();
    this.#over.resolve();
    for (const go of waiting) go();
  }
}
