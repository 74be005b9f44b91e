import type { DaemonClient } from '../../client/daemon-client.ts';
import { seconds, type Milliseconds } from '../../domain/time.ts';
import type { LogLine, LogTargetQuery } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import type { Logged } from './messages.ts';
import { targetKey } from './state.ts';

export interface LogFollowerOptions {
  readonly context: Pick<CliContext, 'pause' | 'clock'>;
  readonly client: DaemonClient;
  readonly tell: (logged: Logged) => void;
}

/** Who runs through a list with the arrow keys opens no log on the way. */
const REST: Milliseconds = 150;
/** How often new lines are told. */
const BATCH: Milliseconds = 100;
/** More than this in a batch is more than anyone reads: then the log is left for a moment, and read on at its end. */
const MOST_IN_BATCH = 500;
const PAUSE: Milliseconds = seconds(1);
const FIRST_LINES = 200;

/** Follows one log at a time, also across daemons. */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  #key: string | null = null;
  #current = new AbortController();

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  follow(target: LogTargetQuery | null): void {
    const key = target === null ? null : targetKey(target);
    if (key === this.#key) return;
    this.stop();
    this.#key = key;
    this.#current = new AbortController();
    // Ends when it is aborted; what goes wrong with a log is told by the daemon's own state.
    if (target !== null) void this.#run(target, this.#current.signal);
  }

  stop(): void {
    this.#key = null;
    this.#current.abort();
  }

  async #run(target: LogTargetQuery, signal: AbortSignal): Promise<void> {
    const { pause } = this.#options.context;
    await pause(REST, signal);
    let skipping = false;
    while (!signal.aborted) {
      skipping = await this.#read(target, { signal, skipping });
      await pause(PAUSE, signal);
    }
  }

  /** Until the stream ends, or too much comes; answers if that was why. */
  async #read(
    target: LogTargetQuery,
    { signal, skipping }: { readonly signal: AbortSignal; readonly skipping: boolean },
  ): Promise<boolean> {
    const { client, context } = this.#options;
    const reading = new AbortController();
    const stop = (): void => reading.abort();
    signal.addEventListener('abort', stop, { once: true });
    const batch = new Batch((lines, anew) => {
      if (!signal.aborted) this.#options.tell({ type: 'logged', target: targetKey(target), lines, anew, skipping });
    }, context);
    const query = {
      targets: [target],
      lines: FIRST_LINES,
      follow: true,
      since: null,
      grep: null,
      resume: null,
    } as const;
    try {
      for await (const line of client.logs({ ...query, streams: ['out', 'err'] }, reading.signal)) {
        if (!line.ok || signal.aborted) return false;
        // Where the log stands matters to who goes on there; here it is read from its end again.
        if ('places' in line.value) continue;
        if (batch.add(line.value) > MOST_IN_BATCH + FIRST_LINES * 2) return true;
      }
      return false;
    } finally {
      batch.end();
      stop();
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Gathers lines for a moment. The first batch takes the place of what was shown before. */
class Batch {
  readonly #tell: (lines: readonly LogLine[], anew: boolean) => void;
  readonly #clock: CliContext['clock'];
  #lines: LogLine[] = [];
  #anew = true;
  #timer: { readonly cancel: () => void } | null = null;

  constructor(tell: (lines: readonly LogLine[], anew: boolean) => void, { clock }: Pick<CliContext, 'clock'>) {
    this.#tell = tell;
    this.#clock = clock;
  }

  /** How many there are in this batch. */
  add(line: LogLine): number {
    this.#lines.push(line);
    this.#timer ??= this.#clock.after(BATCH, () => this.end());
    return this.#lines.length;
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#lines.length > 0) this.#tell(this.#lines, this.#anew);
    if (this.#lines.length > 0) this.#anew = false;
    this.#lines = [];
  }
}
