import type { Milliseconds } from '../domain/time.ts';
import type { Clock } from '../platform/clock.ts';
import { fileExists, flushToDisk, removeFile, writeJsonFile } from '../platform/json-file.ts';
import { messageOf } from '../util/message-of.ts';

/** How soon a document that could not be written is tried again. */
const RETRY_INTERVAL: Milliseconds = 2000;

export interface WriteOptions {
  /** Survives a power cut from the next `flushed` on; what it replaces survives one until then. */
  readonly durable: boolean;
}

export interface WriterOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly onProblem: (path: string, problem: string) => void;
}

/**
 * Writes documents, those that find no room on the disk as soon as there is some. A document that is written can be read by the
 * next daemon; that it survives a power cut takes the disk milliseconds, in which other work goes on.
 */
export class DocumentWriter {
  readonly #options: WriterOptions;
  readonly #unwritten = new Map<string, { readonly document: unknown; readonly options: WriteOptions }>();
  readonly #unflushed = new Set<string>();
  /** Of those, the ones in whose place nothing was before. */
  readonly #fresh = new Set<string>();
  #flush: Promise<void> = Promise.resolve();
  /** The one after it, for what is written meanwhile. */
  #nextFlush: Promise<void> | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** At once, or as soon as it can be written. */
  write(path: string, document: unknown, options: WriteOptions): void {
    const known = this.#unwritten.has(path);
    const problem = this.writeNow(path, document, options);
    if (problem === null) return;
    if (!known) this.#options.onProblem(path, `${problem}; it is tried again`);
    if (this.#unwritten.size === 0) this.#retryLater();
    this.#unwritten.set(path, { document, options });
  }

  /** At once, or not at all: then the answer is what stands against it. */
  writeNow(path: string, document: unknown, options: WriteOptions): string | null {
    try {
      const fresh = options.durable && (this.#fresh.has(path) || !fileExists(path));
      writeJsonFile(path, document, { flushed: options.durable && !fresh });
      if (fresh) this.#fresh.add(path);
    } catch (error) {
      return messageOf(error);
    }
    this.#unwritten.delete(path);
    if (options.durable) this.#flushSoon(path);
    return null;
  }

  /** All that has been written until now, and is to, survives a power cut. */
  flushed(): Promise<void> {
    return this.#nextFlush ?? this.#flush;
  }

  remove(path: string): void {
    this.#unwritten.delete(path);
    removeFile(path);
  }

  #flushSoon(path: string): void {
    this.#unflushed.add(path);
    this.#nextFlush ??= this.#flush.then(() => this.#flushTogether());
  }

  async #flushTogether(): Promise<void> {
    const paths = [...this.#unflushed];
    this.#unflushed.clear();
    this.#fresh.clear();
    this.#flush = this.flushed();
    this.#nextFlush = null;
    try {
      await flushToDisk(paths);
    } catch (error) {
      this.#options.onProblem(paths.join(', '), `a power cut may lose what was written: ${messageOf(error)}`);
    }
  }

  #retryLater(): void {
    this.#options.clock.after(RETRY_INTERVAL, () => {
      for (const [path, { document, options }] of this.#unwritten) {
        // The others would find no room either.
        if (this.writeNow(path, document, options) !== null) return this.#retryLater();
      }
    });
  }
}
