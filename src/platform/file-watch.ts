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
