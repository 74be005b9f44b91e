import type { Milliseconds } from '../domain/time.ts';
import { settleWithin } from '../platform/machine.ts';

/** The steps that are being carried out, so that a daemon that is to end can wait for them. */
export class StepsUnderWay {
  readonly #running = new Set<Promise<void>>();
  #ending = false;

  /** No step may begin any more. */
  get ending(): boolean {
    return this.#ending;
  }

  async carryOut(step: () => Promise<void>): Promise<void> {
    const running = step();
    this.#running.add(running);
    await running.finally(() => this.#running.delete(running));
  }

  /** Lets no further step begin. Resolved once those under way have ended, or the time is over: the next daemon undoes them then. */
  async finish(within: Milliseconds): Promise<void> {
    this.#ending = true;
    if (this.#running.size > 0 && within > 0) await settleWithin(Promise.allSettled(this.#running), within);
  }
}
