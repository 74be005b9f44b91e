import type { Milliseconds } from '../domain/time.ts';
import type { Clock } from '../platform/clock.ts';
import { removeFile, writeJsonFile, type WriteOptions } from '../platform/json-file.ts';

/** How soon a document that could not be written is tried again. */
const RETRY_INTERVAL: Milliseconds = 2000;

export interface WriterOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly onProblem: (path: string, problem: string) => void;
}

/** Writes documents, those that find no room on the disk as soon as there is some. */
export class DocumentWriter {
  readonly #options: WriterOptions;
  readonly #unwritten = new Map<string, { readonly document: unknown; readonly options: WriteOptions }>();

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
      writeJsonFile(path, document, options);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    this.#unwritten.delete(path);
    return null;
  }

  remove(path: string): void {
    this.#unwritten.delete(path);
    removeFile(path);
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
