import { relative, resolve, sep } from 'node:path';
import type { WatchSettings } from '../domain/app-spec.ts';
import { seconds, type Milliseconds } from '../domain/time.ts';
import { ignoredByGit } from './git.ts';

export interface WatchRequest {
  readonly settings: WatchSettings;
  /** What patterns and messages are relative to. */
  readonly cwd: string;
  /** What the app itself writes, such as its log files; absolute. */
  readonly ownFiles: readonly string[];
}

export interface FileWatcher {
  readonly close: () => void;
}

/** Editors write a file in several steps, and a build writes many. */
const QUIET: Milliseconds = 100;
/** However long files go on changing. */
const LONGEST_WAIT: Milliseconds = seconds(5);

/** Calls back with the files that have changed, relative to `cwd`, once they have come to rest. */
export async function watchFiles(
  request: WatchRequest,
  onChange: (files: readonly string[]) => void,
): Promise<FileWatcher> {
  const { settings, cwd } = request;
  const { watch } = await import('chokidar');
  const isIgnored = await ignoreRule(request);
  const watcher = watch([...settings.paths], { ...settings.options, ignored: isIgnored, ignoreInitial: true });
  const deliver = async (files: readonly string[]): Promise<void> => {
    const left = await unlessIgnoredByGit(files, request);
    if (left.length > 0 && !watcher.closed) onChange(left.map((file) => relative(cwd, file)));
  };
  // Not awaited: what comes of it arrives as a change.
  const gathering = gather(Math.max(QUIET, settings.delay), (files) => void deliver(files));
  watcher.on('all', (event, path) => {
    if (event !== 'addDir' && event !== 'unlinkDir') gathering.add(resolve(path));
  });
  // A folder that may not be read, or too many of them: what can be watched is watched.
  watcher.on('error', () => {});
  return {
    close: () => {
      gathering.end();
      void watcher.close();
    },
  };
}

/** Never a reason to restart: packages, what belongs to git and editors, logs and pids, and what the app writes itself. */
const NEVER = /^(node_modules|logs|pids|\..+)$/;
const NEVER_FILES = /\.(log|pid|swp|tmp)$|~$/;

async function ignoreRule({ settings, cwd, ownFiles }: WatchRequest): Promise<(path: string) => boolean> {
  const { default: picomatch } = await import('picomatch');
  const own = new Set(ownFiles);
  const asked = settings.ignore.flatMap((pattern) => {
    const plain = relative(cwd, resolve(cwd, pattern));
    return [picomatch(plain, { dot: true }), picomatch(`${plain}/**`, { dot: true })];
  });
  return (path) => {
    const name = relative(cwd, path);
    if (name === '' || settings.paths.includes(path)) return false;
    const parts = name.split(sep);
    const base = settings.paths.find((folder) => path.startsWith(folder + sep));
    const below = base === undefined ? parts : relative(base, path).split(sep);
    if (below.some((part) => NEVER.test(part)) || NEVER_FILES.test(name) || own.has(path)) return true;
    return asked.some((matches) => matches(name));
  };
}

async function unlessIgnoredByGit(
  files: readonly string[],
  { settings, cwd }: WatchRequest,
): Promise<readonly string[]> {
  // Paths that the file names are meant, whatever git thinks of them.
  if (!settings.paths.includes(cwd)) return files;
  const ignored = await ignoredByGit(cwd, files);
  return files.filter((file) => !ignored.has(file));
}

/** Collects until nothing comes any more. */
function gather(quiet: Milliseconds, deliver: (files: readonly string[]) => void) {
  const files = new Set<string>();
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    const gathered = [...files].sort();
    files.clear();
    deliver(gathered);
  };
  return {
    add: (file: string): void => {
      if (files.size === 0) since = performance.now();
      files.add(file);
      clearTimeout(timer);
      const longest = Math.max(0, since + quiet + LONGEST_WAIT - performance.now());
      timer = setTimeout(flush, Math.min(quiet, longest));
    },
    end: (): void => clearTimeout(timer),
  };
}
