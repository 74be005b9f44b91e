import { join } from 'node:path';
import { messageOf } from '../util/message-of.ts';

export interface FileWatch {
  readonly add: (paths: readonly string[]) => void;
  readonly close: () => Promise<void>;
}

/** Calls back when one of the files may have changed. Where the system watches no more files, it never does. */
export async function watchFiles(paths: readonly string[], onChange: () => void): Promise<FileWatch> {
  const { watch } = await import('chokidar');
  const watcher = watch([...paths], { ignoreInitial: true });
  watcher.on('add', onChange).on('change', onChange).on('ready', onChange).on('error', onChange);
  return {
    add: (more) => void watcher.add([...more]),
    close: () => watcher.close(),
  };
}

export interface FolderWatch {
  readonly close: () => Promise<void>;
}

export interface FolderWatchOptions {
  /** Whether a folder below one of those that are named is watched as well; asked once for each. */
  readonly enters: (folder: string) => boolean;
  /** Something may have happened to the file or folder; absolute. */
  readonly onChange: (path: string) => void;
  /** The system lets nothing more be watched, say. */
  readonly onProblem: (problem: string) => void;
  /** Chokidar's own; with any, files are watched one by one. */
  readonly options?: Readonly<Record<string, number | boolean>>;
}

/**
 * Watches folders, not files: what changes in a folder is told with its name (inotify(7)), and of 50 000 files there are but
 * some thousand folders. Links are not followed. Answers once everything is watched.
 */
export async function watchFolders(
  folders: readonly string[],
  { enters, onChange, onProblem, options = {} }: FolderWatchOptions,
): Promise<FolderWatch> {
  const { watch } = await import('chokidar');
  const named = new Set(folders);
  const oneByOne = Object.keys(options).length > 0;
  const watcher = watch([...folders], {
    followSymlinks: false,
    ...options,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    // Whether a path is a folder shows only when there are stats of it.
    ignored: (path, stats) =>
      stats !== undefined && !named.has(path) && (stats.isDirectory() ? !enters(path) : !oneByOne),
  });
  watcher.on('error', (error) => onProblem(messageOf(error)));
  const ready = new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
  });
  if (oneByOne) watcher.on('all', (_event, path) => onChange(path));
  else {
    watcher.on('raw', (_event, name: string | null, details) => {
      const { watchedPath } = details as { readonly watchedPath: string };
      onChange(name === null ? watchedPath : join(watchedPath, name));
    });
  }
  if (folders.length > 0) await ready;
  return { close: () => watcher.close() };
}
