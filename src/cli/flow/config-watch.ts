import { dirname, join } from 'node:path';
import { DEFAULTS } from '../../domain/policies.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { watchFolders, type FolderWatch } from '../../platform/file-watch.ts';
import { fileKind, realPath } from '../../platform/files.ts';
import { dueAt, withChange, type ChangeBatch } from '../../supervise/change-batch.ts';

const REST = { rest: DEFAULTS.watch.delay };

export interface ConfigWatchOptions {
  readonly clock: Clock;
  /** Files of the configuration have changed, and have come to rest. */
  readonly onChange: () => void;
  readonly onProblem: (problem: string) => void;
}

/** Watches files by their folders: a file that is replaced, removed or not there yet is told as well. */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  #files: ReadonlySet<string> = new Set();
  #folders = '';
  #watch: FolderWatch | null = null;
  #batch: ChangeBatch | null = null;
  #timer: Timer | null = null;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
  }

  /** From now on these, and no others. Answers once they are watched. */
  async watch(files: readonly string[]): Promise<void> {
    this.#files = new Set(files.flatMap((file) => [file, realPath(file), join(realPath(dirname(file)), nameOf(file))]));
    const folders = [...new Set([...this.#files].map((file) => dirname(file)))]
      .filter((folder) => fileKind(folder) === 'folder')
      .sort();
    const asked = JSON.stringify(folders);
    if (asked === this.#folders) return;
    this.#folders = asked;
    const next = await watchFolders(folders, {
      enters: () => false,
      onChange: (path) => this.#note(path),
      onProblem: this.#options.onProblem,
    });
    if (asked !== this.#folders) return next.close();
    const before = this.#watch;
    this.#watch = next;
    await before?.close();
  }

  async close(): Promise<void> {
    this.#folders = '';
    this.#timer?.cancel();
    await this.#watch?.close();
  }

  #note(path: string): void {
    if (!this.#files.has(path)) return;
    const { clock, onChange } = this.#options;
    this.#batch = withChange(this.#batch, path, clock.now());
    this.#timer?.cancel();
    this.#timer = clock.after(dueAt(this.#batch, REST) - clock.now(), () => {
      this.#batch = null;
      onChange();
    });
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
