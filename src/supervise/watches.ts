import { equalJson } from '../util/compare.ts';
import type { SupervisePorts } from './ports.ts';
import type { FileWatcher, WatchRequest } from './source-watch.ts';

export interface Watch {
  /** Unique. */
  readonly id: string;
  readonly request: WatchRequest;
}

interface Entry {
  readonly request: WatchRequest;
  readonly watcher: Promise<FileWatcher>;
}

/** One watcher for each app that wants one. Told again and again which these are. */
export class Watches {
  readonly #watchFiles: SupervisePorts['watchFiles'];
  readonly #onChange: (id: string, files: readonly string[]) => void;
  readonly #entries = new Map<string, Entry>();

  constructor(watchFiles: SupervisePorts['watchFiles'], onChange: (id: string, files: readonly string[]) => void) {
    this.#watchFiles = watchFiles;
    this.#onChange = onChange;
  }

  refresh(watches: readonly Watch[]): void {
    const wanted = new Map(watches.map(({ id, request }) => [id, request]));
    for (const [id, entry] of this.#entries) {
      if (equalJson(wanted.get(id), entry.request)) continue;
      this.#entries.delete(id);
      void entry.watcher.then((watcher) => watcher.close());
    }
    for (const [id, request] of wanted) {
      if (this.#entries.has(id)) continue;
      const watcher = this.#watchFiles(request, (files) => {
        if (this.#entries.get(id)?.watcher === watcher) this.#onChange(id, files);
      });
      this.#entries.set(id, { request, watcher });
    }
  }

  close(): void {
    this.refresh([]);
  }
}
