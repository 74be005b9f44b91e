import { stampReader, type StampReader } from '../domain/log-stamp.ts';
import type { ObservedApp } from '../domain/observed-state.ts';
import type { LogQuery, LogStream } from '../protocol/control.ts';
import { logFiles } from '../supervise/worker-launch.ts';

/** One log file of those that were asked for. */
export interface LogSource {
  readonly file: string;
  readonly app: ObservedApp;
  /** null where all workers share the file. */
  readonly instance: number | null;
  readonly stream: LogStream | 'combined';
  readonly read: StampReader;
}

export interface SourceQuery extends Pick<LogQuery, 'targets'> {
  readonly streams: readonly LogSource['stream'][];
}

/** One per file: workers that share a file are one source without an instance number. */
export function logSources(
  { targets, streams }: SourceQuery,
  apps: readonly ObservedApp[],
  home: string,
): readonly LogSource[] {
  const sources = new Map<string, LogSource>();
  for (const app of apps) {
    const read = stampReader(app.spec);
    for (const instance of instancesOf(app)) {
      if (!isWanted(targets, app, instance)) continue;
      const worker = { key: { project: app.project, app: app.name }, instance };
      const { outFile, errorFile, combinedFile } = logFiles(app.spec, worker, home);
      const add = (file: string | null, stream: LogSource['stream']): void => {
        if (file === null || sources.has(file) || !streams.includes(stream)) return;
        sources.set(file, { file, app, instance: app.spec.mergeLogs ? null : instance, stream, read });
      };
      add(outFile, 'out');
      if (errorFile !== outFile) add(errorFile, 'err');
      add(combinedFile, 'combined');
    }
  }
  return [...sources.values()];
}

/** Those that there should be as well as those that there are: what a stopped app wrote last is often what is looked for. */
function instancesOf({ spec, workers }: ObservedApp): readonly number[] {
  const wanted = Array.from({ length: spec.instances }, (_, instance) => instance);
  return [...new Set([...wanted, ...workers.map(({ instance }) => instance)])].sort((a, b) => a - b);
}

function isWanted(targets: LogQuery['targets'], { project, name }: ObservedApp, instance: number): boolean {
  if (targets.length === 0) return true;
  return targets.some(
    (target) =>
      target.project === project && target.app === name && (target.instance === null || target.instance === instance),
  );
}
