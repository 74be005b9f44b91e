import type { LogRotation } from '../domain/app-spec.ts';
import type { Instant } from '../domain/time.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { LiveLog, LogLedger } from '../platform/log-ledger.ts';
import { LogCutter } from './log-cutter.ts';
import type { LogProblem } from './log-problem.ts';
import { alarmedInterval, alarmingLoss, growsFast, lookInterval, restingInterval } from './rotation-plan.ts';
import { messageOf } from '../util/message-of.ts';
import { createSlots } from '../util/slots.ts';

/** A file that a worker may write to, and how much of it stays; null: all. */
export interface RotatedFile {
  readonly path: string;
  readonly rotation: LogRotation | null;
}

export interface LogKeeperOptions {
  /** On the disk that log files are on unless an app says otherwise. */
  readonly home: string;
  /** On the disk of that path; null if unknown. */
  readonly freeBytes: (path: string) => number | null;
  readonly clock: Clock;
  readonly ledger: LogLedger;
  /** Of all apps, as they are now. */
  readonly files: () => readonly RotatedFile[];
  readonly onProblem: (path: string, problem: LogProblem) => void;
}

/** What a look at all files told. */
interface Overview {
  readonly at: Instant;
  readonly files: number;
  /** What was free, by a path on each disk. */
  readonly free: readonly (readonly [path: string, bytes: number | null])[];
  /** So much less of it calls for another look. */
  readonly alarming: number;
}

const NEVER_LOOKED: Overview = { at: -Infinity, files: 0, free: [], alarming: Infinity };

/** Of different files: each waits for the disk most of the time, but takes threads from others that write to it. */
const ROTATIONS_AT_ONCE = 2;

/** Watches how the log files grow, and keeps each within its bounds. */
export class LogKeeper {
  readonly #options: LogKeeperOptions;
  readonly #cutter: LogCutter;
  readonly #ends = new Map<string, number>();
  /** Looked at more often. */
  #growing = new Map<string, LogRotation>();
  /** Too large, or could not be rotated lately. */
  readonly #rotating = new Set<string>();
  readonly #slots = createSlots(ROTATIONS_AT_ONCE);
  #recovered: Promise<void> = Promise.resolve();
  /** The last thing that is being done, or to be done, to each file: one at a time. */
  readonly #work = new Map<string, Promise<void>>();
  /** Has time, and must not delay the other. */
  #compressing: Promise<unknown> = Promise.resolve();
  #last = NEVER_LOOKED;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
    this.#cutter = new LogCutter(options);
  }

  /** First finishes what an earlier daemon began. */
  start(): void {
    this.#recovered = this.#cutter.recover();
    this.#tick();
  }

  /** Answers once what is under way is finished; what is left at the end of the process is taken up by the next daemon. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#recovered;
    await Promise.all(this.#work.values());
    await this.#compressing;
  }

  /** Empties a log: the file and its archives. Programs write on at its new end. Answers how many bytes it gave up. */
  flush(path: string): Promise<number> {
    return this.#inTurn(path, () => this.#cutter.discard(path));
  }

  /** Where there was no file to look at, there may be one now. */
  appsChanged(): void {
    if (this.#last.files > 0 || this.#timer === null || this.#stopped) return;
    this.#timer.cancel();
    this.#last = NEVER_LOOKED;
    this.#tick();
  }

  #tick(): void {
    const { clock } = this.#options;
    if (this.#isTimeForAll()) this.#lookAtAll();
    else for (const [path, rotation] of this.#growing) this.#look(path, rotation);
    const next = lookInterval({ files: this.#last.files, growing: this.#growing.size });
    this.#timer = clock.after(next, () => this.#tick());
  }

  #isTimeForAll(): boolean {
    const { clock, freeBytes } = this.#options;
    const { at, files, free, alarming } = this.#last;
    const waited = clock.now() - at;
    if (waited >= restingInterval(files)) return true;
    if (waited < alarmedInterval(files)) return false;
    return free.some(([path, bytes]) => (bytes ?? 0) - (freeBytes(path) ?? Infinity) > alarming);
  }

  #lookAtAll(): void {
    const { clock, home, files, freeBytes } = this.#options;
    const all = files();
    const paths = new Set(all.map(({ path }) => path));
    for (const path of this.#ends.keys()) if (!paths.has(path)) this.#ends.delete(path);
    this.#growing = new Map([...this.#growing].filter(([path]) => paths.has(path)));
    const disks = new Map<number, string>();
    for (const { path, rotation } of all) {
      const live = this.#look(path, rotation);
      if (live !== null) disks.set(live.device, path);
    }
    this.#last = {
      at: clock.now(),
      files: all.length,
      free: [home, ...disks.values()].map((path) => [path, freeBytes(path)]),
      alarming: alarmingLoss(all.flatMap(({ rotation }) => rotation ?? [])),
    };
  }

  #look(path: string, rotation: LogRotation | null): LiveLog | null {
    const live = this.#options.ledger.look(path);
    if (live === null) return null;
    const grown = live.end - (this.#ends.get(path) ?? 0);
    this.#ends.set(path, live.end);
    if (rotation !== null && growsFast(grown, rotation)) this.#growing.set(path, rotation);
    else this.#growing.delete(path);
    if (rotation === null || live.end - live.start <= rotation.maxSize) return live;
    if (!this.#rotating.has(path)) void this.#rotate(path, rotation);
    else if (!this.#work.has(path)) void this.#makeRoom(path, rotation);
    return live;
  }

  async #rotate(path: string, rotation: LogRotation): Promise<void> {
    this.#rotating.add(path);
    const rotated = await this.#attempt(path, () => this.#rotateUntilSmall(path, rotation));
    if (rotated) this.#rotating.delete(path);
    // It would fail again at once.
    else this.#options.clock.after(RETRY_AFTER, () => this.#rotating.delete(path));
    if (rotated && rotation.compress && !this.#stopped) {
      const compress = () => this.#attempt(path, () => this.#cutter.compress(path));
      this.#compressing = this.#compressing.then(compress);
    }
  }

  /** A busy program writes on meanwhile. Each time after those that were waiting. */
  async #rotateUntilSmall(path: string, rotation: LogRotation): Promise<void> {
    for (let held = Infinity; held > rotation.maxSize;) {
      await this.#slots.take();
      try {
        if (this.#stopped) return;
        await this.#inTurn(path, () => this.#cutter.rotate(path, rotation));
      } finally {
        this.#slots.give();
      }
      const live = this.#options.ledger.look(path);
      const left = live === null ? 0 : live.end - live.start;
      // Nothing of it could be taken out.
      if (left >= held) break;
      held = left;
    }
  }

  /** While others are rotated. */
  async #makeRoom(path: string, rotation: LogRotation): Promise<void> {
    await this.#attempt(path, () => this.#inTurn(path, () => this.#cutter.makeRoom(path, rotation, 0)));
  }

  #inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#work.get(path) ?? this.#recovered).then(work);
    const over = done.then(
      () => undefined,
      () => undefined,
    );
    this.#work.set(path, over);
    void over.then(() => this.#work.get(path) === over && this.#work.delete(path));
    return done;
  }

  /** Whether it succeeded; if not, that has been told. */
  async #attempt(path: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.onProblem(path, { type: 'failed', cause: messageOf(error) });
      return false;
    }
  }
}

const RETRY_AFTER = 30_000;
