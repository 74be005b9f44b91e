import type { LogPort } from './ports.ts';
import type { LogFiles } from './worker-launch.ts';

/** The end of what one process wrote, for reports of its failure. */
export class WorkerLogs {
  readonly #port: LogPort;
  #files: LogFiles = { outFile: null, errorFile: null };
  #outStart = 0;
  #errorStart = 0;

  constructor(port: LogPort) {
    this.#port = port;
  }

  /** What follows is a new process's; what the files hold so far is not. */
  beginRun({ outFile, errorFile }: LogFiles): void {
    this.#files = { outFile, errorFile };
    this.#outStart = this.#port.sizeOf(outFile);
    this.#errorStart = this.#port.sizeOf(errorFile);
  }

  /** Of both streams, the errors last; oldest first. */
  lastLines(count: number): readonly string[] {
    const { outFile, errorFile } = this.#files;
    const out = outFile === null ? [] : this.#port.lastLines(outFile, count, { start: this.#outStart });
    if (errorFile === null || errorFile === outFile) return out;
    return [...out, ...this.#port.lastLines(errorFile, count, { start: this.#errorStart })].slice(-count);
  }
}
