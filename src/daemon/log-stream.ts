import type { ObservedApp } from '../domain/observed-state.ts';
import type { LogLine, LogQuery, LogStream } from '../protocol/control.ts';
import { fileSize, followLines, lastLines } from '../platform/log-files.ts';
import { systemClock } from '../platform/clock.ts';
import { logFiles } from '../supervise/worker-launch.ts';

interface Source {
  readonly file: string;
  readonly app: ObservedApp;
  readonly instance: number | null;
  readonly stream: LogStream;
}

export interface LogStreamOptions {
  readonly send: (line: LogLine) => void;
  readonly signal: AbortSignal;
  readonly home: string;
}

/** The last lines of the chosen workers' files, then what is appended to them. */
export async function streamLogs(
  query: LogQuery,
  apps: readonly ObservedApp[],
  options: LogStreamOptions,
): Promise<void> {
  const { send, signal, home } = options;
  const sources = sourcesOf(query, apps, home);
  const starts = new Map(sources.map(({ file }) => [file, fileSize(file)]));
  for (const source of sources) {
    for (const line of lastLines(source.file, query.lines, { end: starts.get(source.file) }))
      send(logLine(source, line, null));
  }
  if (!query.follow) return;
  await Promise.all(
    sources.map((source) => {
      const onLine = (line: string): void => send(logLine(source, line, systemClock.wallTime()));
      return followLines(source.file, onLine, { from: starts.get(source.file) ?? 0, signal });
    }),
  );
}

/** One per file: workers that share a file are one source without an instance number. */
function sourcesOf({ targets, streams }: LogQuery, apps: readonly ObservedApp[], home: string): readonly Source[] {
  const sources = new Map<string, Source>();
  for (const app of apps) {
    for (const instance of instancesOf(app)) {
      if (!isWanted(targets, app, instance)) continue;
      const { outFile, errorFile } = logFiles(
        app.spec,
        { key: { project: app.project, app: app.name }, instance },
        home,
      );
      const number = app.spec.mergeLogs ? null : instance;
      if (outFile !== null && streams.includes('out'))
        sources.set(outFile, { file: outFile, app, instance: number, stream: 'out' });
      if (errorFile === null || errorFile === outFile || !streams.includes('err')) continue;
      sources.set(errorFile, { file: errorFile, app, instance: number, stream: 'err' });
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

function logLine({ app, instance, stream }: Source, line: string, at: number | null): LogLine {
  return { project: app.project, app: app.name, instance, stream, line, at };
}
