import { basename, join } from 'node:path';
import type { Origin } from '../domain/desired-state.ts';
import { readTextIfPresent } from '../platform/files.ts';
import { gitRemoteUrl } from '../platform/git.ts';
import { foldersUpward, repositoryRoot } from '../platform/folders-upward.ts';
import { parseManifest } from './unwrap.ts';

const LARGEST_PACKAGE_JSON = 1024 * 1024;

/** The name in the nearest package.json (not above the repository), else the name of the folder. */
export function defaultProject(folder: string): string {
  const root = repositoryRoot(folder);
  const folders = foldersUpward(folder);
  const within = root === null ? folders : folders.slice(0, folders.indexOf(root) + 1);
  for (const candidate of within) {
    const name = parseManifest(readTextIfPresent(join(candidate, 'package.json'), LARGEST_PACKAGE_JSON))?.['name'];
    if (typeof name === 'string' && name.trim() !== '') return name;
  }
  return basename(folder) === '' ? 'root' : basename(folder);
}

/** The remote of the repository that holds the folder; without one, the folder itself, its links unresolved. */
export async function identifyOrigin(folder: string): Promise<Origin> {
  const root = repositoryRoot(folder);
  const url = root === null ? null : await gitRemoteUrl(root);
  return url === null ? { type: 'folder', path: folder } : { type: 'git', remote: withoutCredentials(url) };
}

/** `https://user:token@host/x.git` → `https://host/x.git`. The user of an ssh address names no secret, but the same repository. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1').trim();
}
