import { join } from 'node:path';
import type { Source } from '../domain/history.ts';
import { readTextIfPresent } from './files.ts';

/** git as a source of facts. Every function answers null where there is no git, no repository, or nothing to tell. */

/** Long enough for a cold repository on a slow disk; without a limit a hanging file system would hang eco. */
const GIT_TIMEOUT = 30_000;
const LARGEST_CONFIG = 1024 * 1024;
const LARGEST_LISTING = 256 * 1024 * 1024;

/** The files under `folders` that git tracks or would track, relative to `root`; gone ones and nested repositories (`name/`) included. */
export async function listGitFiles(root: string, folders: readonly string[]): Promise<readonly string[] | null> {
  const pathspecs = folders.map((folder) => (folder === '' ? '.' : folder));
  const flags = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const output = await git(root, ['--literal-pathspecs', ...flags, '--', ...pathspecs]);
  return output === null ? null : output.split('\0').filter((path) => path !== '');
}

/** Of these absolute paths within a repository, those that git neither tracks nor would track. None where git cannot say. */
export async function ignoredByGit(root: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const output = await git(root, ['check-ignore', '-z', '--stdin'], { input: paths.join('\0') });
  return new Set((output ?? '').split('\0').filter((path) => path !== ''));
}

/** The outermost folders below an absolute `folder` that git ignores, absolute. */
export async function foldersIgnoredByGit(root: string, folder: string): Promise<readonly string[]> {
  const flags = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  const output = await git(root, ['--literal-pathspecs', ...flags, '--', folder]);
  const found = (output ?? '').split('\0').filter((path) => path.endsWith('/'));
  return found.map((path) => join(root, path.slice(0, -1)));
}

/** The commit that is checked out, and whether tracked files differ from it; null also where nothing was ever committed. */
export async function gitSource(folder: string): Promise<Source | null> {
  const [head, changes] = await Promise.all([
    git(folder, ['log', '-1', '--no-show-signature', '--format=%H%x00%an']),
    git(folder, ['status', '--porcelain', '--untracked-files=no']),
  ]);
  const [commit = '', author = ''] = (head ?? '').trimEnd().split('\0');
  return commit === '' ? null : { commit, author, dirty: (changes ?? '') !== '' };
}

/** The URL of `origin`, else of the first remote. `root` is the folder that holds `.git`. */
export async function gitRemoteUrl(root: string): Promise<string | null> {
  // Reading a file is a hundredth of the time that a process takes, and nearly every repository has a plain one.
  const config = readTextIfPresent(join(root, '.git/config'), LARGEST_CONFIG);
  const isPlain = config !== null && !/^\s*\[(include|url)/im.test(config);
  if (isPlain && !/^\s*\[remote/im.test(config)) return null;
  return (isPlain ? originIn(config) : null) ?? askForRemoteUrl(root);
}

/** null where only git itself can tell: for quotes, escapes and comments, and where there is no `origin`. */
function originIn(config: string): string | null {
  const section = /^\s*\[remote "origin"\]\s*$([^[]*)/m.exec(config)?.[1];
  const url = section === undefined ? undefined : /^\s*url\s*=\s*(\S+)\s*$/m.exec(section)?.[1];
  return url === undefined || /["\\;#]/.test(url) ? null : url;
}

async function askForRemoteUrl(folder: string): Promise<string | null> {
  const output = await git(folder, ['config', '--null', '--get-regexp', String.raw`^remote\..*\.url$`]);
  if (output === null) return null;
  const remotes = output.split('\0').flatMap((line) => {
    const [key = '', url] = line.split('\n');
    return url === undefined || url === '' ? [] : [{ name: key.slice('remote.'.length, -'.url'.length), url }];
  });
  const origin = remotes.find((remote) => remote.name === 'origin') ?? remotes[0];
  return origin?.url ?? null;
}

async function git(
  folder: string,
  args: readonly string[],
  { input }: { readonly input?: string } = {},
): Promise<string | null> {
  const { execa } = await import('execa');
  const result = await execa('git', args, {
    cwd: folder,
    // A hook runs git with these set; they would point it at another repository.
    env: { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined, GIT_OPTIONAL_LOCKS: '0' },
    reject: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    stderr: 'ignore',
    stripFinalNewline: false,
    maxBuffer: LARGEST_LISTING,
    timeout: GIT_TIMEOUT,
  });
  return result.failed ? null : result.stdout;
}
