import type { LogPort, LogStart } from './ports.ts';
import type { LogFiles } from './worker-launch.ts';

/** The end of what one process wrote, for reports of its failure. */
export class WorkerLogs {
  readonly #port: LogPort;
  #files: LogFiles = { outFile: null, errorFile: null };
  #start: LogStart = { out: 0, error: 0 };

  constructor(port: LogPort) {
    this.#port = port;
  }

  /** What follows is a new process's; what the files hold so far is not. */
  beginRun(files: LogFiles): void {
    this.resumeRun(files, undefined);
  }

  /** The same, of a process that an earlier daemon started; where that left no note of `start`, what follows from now on. */
  resumeRun({ outFile, errorFile }: LogFiles, start: LogStart | undefined): void {
    this.#files = { outFile, errorFile };
    this.#start = start ?? { out: this.#port.endOf(outFile), error: this.#port.endOf(errorFile) };
  }

  /** Where the files ended when the present process began. */
  get start(): LogStart {
    return this.#start;
  }

  /** Of both streams, the errors last; oldest first. */
  lastLines(count: number): readonly string[] {
    const { outFile, errorFile } = this.#files;
    const out = outFile === null ? [] : this.#port.lastLines(outFile, count, { start: this.#start.out });
    if (errorFile === null || errorFile === outFile) return out;
    return [...out, ...this.#port.lastLines(errorFile, count, { start: this.#start.error })].slice(-count);
  }
}
