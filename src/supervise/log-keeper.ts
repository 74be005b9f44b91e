import type { LogRotation } from '../domain/app-spec.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { LogLedger } from '../platform/log-ledger.ts';
import { LogCutter } from './log-cutter.ts';
import type { LogProblem } from './log-problem.ts';
import { GROWING_INTERVAL, growsFast, restingInterval } from './rotation-plan.ts';
import { messageOf } from '../util/message-of.ts';

/** A file that a worker may write to, and how much of it stays; null: all. */
export interface RotatedFile {
  readonly path: string;
  readonly rotation: LogRotation | null;
}

export interface LogKeeperOptions {
  readonly clock: Clock;
  readonly ledger: LogLedger;
  /** Of all apps, as they are now. */
  readonly files: () => readonly RotatedFile[];
  readonly onProblem: (path: string, problem: LogProblem) => void;
}

/** Watches how the log files grow, and keeps each within its bounds. One file at a time is worked on. */
export class LogKeeper {
  readonly #options: LogKeeperOptions;
  readonly #cutter: LogCutter;
  readonly #ends = new Map<string, number>();
  /** Looked at more often. */
  #growing = new Map<string, LogRotation>();
  readonly #pending = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  /** Has time, and must not delay the other. */
  #compressing: Promise<void> = Promise.resolve();
  #allAt = 0;
  #timer: Timer | null = null;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
    this.#cutter = new LogCutter(options);
  }

  /** First finishes what an earlier daemon began. */
  start(): void {
    this.#enqueue('', () => this.#cutter.recover());
    this.#tick();
  }

  /** Answers once what is under way is finished; what is left at the end of the process is taken up by the next daemon. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#work;
    await this.#compressing;
  }

  /** Empties a log: the file and its archives. Programs write on at its new end. Answers how many bytes it gave up. */
  flush(path: string): Promise<number> {
    const flushed = this.#work.then(() => this.#cutter.discard(path));
    this.#work = flushed.then(
      () => undefined,
      () => undefined,
    );
    return flushed;
  }

  #tick(): void {
    const { clock } = this.#options;
    const files = clock.now() >= this.#allAt ? this.#lookAtAll() : null;
    if (files === null) for (const [path, rotation] of this.#growing) this.#look(path, rotation);
    else this.#allAt = clock.now() + restingInterval(files);
    const next = this.#growing.size > 0 ? GROWING_INTERVAL : Math.max(0, this.#allAt - clock.now());
    this.#timer = clock.after(next, () => this.#tick());
  }

  #lookAtAll(): number {
    const files = this.#options.files();
    const paths = new Set(files.map(({ path }) => path));
    for (const path of this.#ends.keys()) if (!paths.has(path)) this.#ends.delete(path);
    this.#growing = new Map([...this.#growing].filter(([path]) => paths.has(path)));
    for (const { path, rotation } of files) this.#look(path, rotation);
    return files.length;
  }

  #look(path: string, rotation: LogRotation | null): void {
    const live = this.#options.ledger.look(path);
    if (live === null) return;
    const grown = live.end - (this.#ends.get(path) ?? live.end);
    this.#ends.set(path, live.end);
    if (rotation === null) return;
    if (growsFast(grown, rotation)) this.#growing.set(path, rotation);
    else this.#growing.delete(path);
    if (live.end - live.start > rotation.maxSize) this.#enqueue(path, () => this.#rotate(path, rotation));
  }

  /** Until it is small enough: a busy program writes on meanwhile. */
  async #rotate(path: string, rotation: LogRotation): Promise<void> {
    const { ledger, onProblem } = this.#options;
    for (let held = Infinity; held > rotation.maxSize;) {
      await this.#cutter.rotate(path, rotation);
      const live = ledger.look(path);
      const left = live === null ? 0 : live.end - live.start;
      // Nothing of it could be taken out.
      if (left >= held) break;
      held = left;
    }
    if (!rotation.compress) return;
    this.#compressing = this.#compressing
      .then(() => this.#cutter.compress(path))
      .catch((error: unknown) => onProblem(path, { type: 'failed', cause: String(error) }));
  }

  #enqueue(path: string, work: () => Promise<void>): void {
    if (this.#pending.has(path)) return;
    this.#pending.add(path);
    this.#work = this.#work.then(work).then(
      () => void this.#pending.delete(path),
      (error: unknown) => {
        this.#options.onProblem(path, {
          type: 'failed',
          cause: messageOf(error),
        });
        // It would fail again at once.
        this.#options.clock.after(RETRY_AFTER, () => this.#pending.delete(path));
      },
    );
  }
}

const RETRY_AFTER = 30_000;
