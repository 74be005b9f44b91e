import type { Instant } from '../domain/time.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { ProbeAnswer } from '../platform/probes.ts';
import {
  firstProbeState,
  probeDeadline,
  probeStep,
  type ProbeEvent,
  type ProbePolicy,
  type ProbeState,
  type ProbeVerdict,
} from './probe.ts';

export interface ProbeRunOptions {
  readonly policy: ProbePolicy;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Of the first question. */
  readonly firstAt: Instant;
  /** Once aborted, what it answers is of no interest. */
  readonly ask: (signal: AbortSignal) => Promise<ProbeAnswer>;
  /** It may end the run. */
  readonly onVerdict: (verdict: ProbeVerdict) => void;
}

/** Asks one probe again and again, until it is ended. At most one question is open. */
export class ProbeRun {
  readonly #options: ProbeRunOptions;
  #state: ProbeState;
  #timer: Timer | null = null;
  #question: AbortController | null = null;
  #ended = false;

  constructor(options: ProbeRunOptions) {
    this.#options = options;
    this.#state = firstProbeState(options.firstAt);
    this.#settle();
  }

  /** Leaves neither a timer nor an open question. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#question?.abort();
  }

  #step(event: ProbeEvent): void {
    const { policy, clock, onVerdict } = this.#options;
    const { state, effect, verdict } = probeStep(this.#state, event, { policy, now: clock.now() });
    this.#state = state;
    if (effect === 'give-up') this.#question?.abort();
    // Not awaited: the answer arrives as an event.
    if (effect === 'ask') void this.#ask();
    this.#settle();
    if (verdict !== null) onVerdict(verdict);
  }

  async #ask(): Promise<void> {
    const question = new AbortController();
    this.#question = question;
    const answer = await this.#options.ask(question.signal);
    if (question.signal.aborted || this.#ended) return;
    this.#step({ type: 'answered', answer });
  }

  #settle(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const due: Instant = probeDeadline(this.#state);
    this.#timer = clock.after(due - clock.now(), () => this.#step({ type: 'deadline-reached' }));
  }
}
