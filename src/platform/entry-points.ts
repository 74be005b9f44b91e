import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Processes find each other's programs by path, never by import. The same from the built package and from the sources. */
const here = dirname(fileURLToPath(import.meta.url));
const packageRoot = findPackageRoot(here);

export const entryPoints = {
  cli: join(packageRoot, 'dist', 'eco.js'),
  daemon: join(packageRoot, 'dist', 'ecod.js'),
  preload: join(packageRoot, 'dist', 'preload.cjs'),
  staticServer: join(packageRoot, 'dist', 'static-server.js'),
  /** Compiled beside the sources too: Node 20 cannot start a thread from them. */
  moduleWorker:
    basename(here) === 'dist'
      ? join(here, 'module-worker.js')
      : join(packageRoot, 'src', 'config', 'generated', 'module-worker.cjs'),
  schemas: join(packageRoot, 'schemas'),
} as const;

/** The nearest folder above that holds the schemas: `dist` has a package.json of its own. */
function findPackageRoot(folder: string): string {
  return existsSync(join(folder, 'schemas')) ? folder : findPackageRoot(dirname(folder));
}
