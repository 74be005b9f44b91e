import { dirname, join, parse, sep } from 'node:path';
import { fileKind } from './files.ts';

/** The folder itself comes first. */
export function foldersUpward(folder: string): readonly string[] {
  const folders = [folder];
  for (let current = folder; current !== parse(current).root; current = dirname(current))
    folders.push(dirname(current));
  return folders;
}

/** The nearest folder upward that holds `.git`; null outside a repository. */
export function repositoryRoot(folder: string): string | null {
  for (const candidate of foldersUpward(folder)) {
    if (fileKind(join(candidate, '.git')) !== 'missing') return candidate;
  }
  return null;
}

/** Whether `path` is `folder` or in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === sep ? sep : folder + sep);
}
