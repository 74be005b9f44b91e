import type { AppSpec, Probe } from '../domain/app-spec.ts';
import { stampReader } from '../domain/log-stamp.ts';
import type { LogPort, LogStart } from './ports.ts';
import type { LogFiles } from './worker-launch.ts';

/** What the lines tell that a process has written so far. Lines of others that write to the same files count as its own. */
export class LogSigns {
  failLine: string | null = null;
  startup = false;
  readiness = false;
  /** Nothing is asked of the output. */
  readonly idle: boolean;
  readonly #readers: readonly (() => void)[];

  constructor(port: LogPort, spec: AppSpec, { files, start }: { readonly files: LogFiles; readonly start: LogStart }) {
    const failWhen = patternOf(spec.failWhen);
    const startup = patternOf(logPattern(spec.startupProbe));
    const readiness = patternOf(logPattern(spec.readinessProbe));
    const read = stampReader(spec);
    const onLine = (text: string): void => {
      const line = read(text).message;
      if (failWhen?.test(line) === true) this.failLine ??= line.trim();
      this.startup ||= startup?.test(line) === true;
      this.readiness ||= readiness?.test(line) === true;
    };
    this.idle = failWhen === null && startup === null && readiness === null;
    const { outFile, errorFile } = files;
    const parts = [
      { file: outFile, from: start.out },
      { file: errorFile === outFile ? null : errorFile, from: start.error },
    ];
    this.#readers = this.idle
      ? []
      : parts.flatMap(({ file, from }) => (file === null ? [] : [port.reader(file, onLine, { from })]));
  }

  /** Takes in what has been written since. */
  readOn(): void {
    for (const read of this.#readers) read();
  }
}

function logPattern(probe: Probe | null): string | null {
  return probe?.target.type === 'log' ? probe.target.pattern : null;
}

function patternOf(source: string | null): RegExp | null {
  return source === null ? null : new RegExp(source);
}
