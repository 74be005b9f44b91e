import { readFile } from 'node:fs/promises';

/** Reads a text file that eco is published with, wherever in the package this module ends up after bundling. */
export async function readPackageFile(path: string): Promise<string> {
  let folder = new URL('.', import.meta.url);
  while (true) {
    try {
      return await readFile(new URL(path, folder), 'utf8');
    } catch (error) {
      const parent = new URL('..', folder);
      if (parent.href === folder.href) throw error;
      folder = parent;
    }
  }
}
