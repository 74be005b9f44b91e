import { extname, join, relative, sep } from 'node:path';
import { countsInGit, isCodeFile, mayHoldCode, neverCounts } from '../domain/code-paths.ts';
import { fileKind, readFolder } from '../platform/files.ts';
import { listGitFiles } from '../platform/git.ts';
import { foldersUpward, isWithin, repositoryRoot } from '../platform/folders-upward.ts';

/** Lists the files under folders that count as code. A folder that several apps share is listed once. */
export interface CodeLister {
  /** `folder` is absolute with its links resolved. */
  readonly list: (folder: string) => Promise<CodeListing>;
}

export interface CodeListing {
  /** Absolute paths, unsorted. */
  readonly files: ReadonlySet<string>;
  /** Listed by git: what git ignores is not in it. */
  readonly fromGit: boolean;
}

/** Nothing in the folder `except` counts, which is eco's own. `folders` are all that will be asked for: those of one repository are listed by one call of git. */
export function createCodeLister(folders: readonly string[], { except }: { readonly except: string }): CodeLister {
  const byRoot = new Map<string, Promise<readonly string[] | null>>();
  const gitFiles = (root: string): Promise<readonly string[] | null> => {
    const known =
      byRoot.get(root) ??
      listRepository(
        root,
        folders.filter((folder) => repositoryRoot(folder) === root),
      );
    byRoot.set(root, known);
    return known;
  };
  const listings = new Map<string, Promise<CodeListing>>();
  const read = async (folder: string): Promise<CodeListing> => {
    const root = repositoryRoot(folder);
    const listed = root === null ? null : await gitFiles(root);
    const files = (listed ?? walk(folder, isCodeFile)).filter((file) => !isWithin(file, except));
    if (listed === null) return { files: new Set(files), fromGit: false };
    const prefix = folder === sep ? sep : folder + sep;
    const counted = files.filter((file) => file.startsWith(prefix) && countsInGit(file.slice(prefix.length)));
    return { files: new Set(counted), fromGit: true };
  };
  return {
    list: (folder) => {
      const listing = listings.get(folder) ?? read(folder);
      listings.set(folder, listing);
      return listing;
    },
  };
}

/** Every file under the folder of a build output that git ignores. */
export function listBuildOutput(folder: string): readonly string[] {
  return walk(folder, () => true);
}

/** Every file under a folder but for packages and what is git's own. */
export function listAllFiles(folder: string): readonly string[] {
  return walkFolders(folder, {
    enters: (name) => name !== 'node_modules' && name !== '.git',
    counts: () => true,
  });
}

async function listRepository(root: string, folders: readonly string[]): Promise<readonly string[] | null> {
  const paths = await listGitFiles(
    root,
    folders.map((folder) => relative(root, folder)),
  );
  if (paths === null) return null;
  const nested: string[] = [];
  const files: string[] = [];
  for (const path of paths) {
    const absolute = join(root, path);
    // A submodule and a repository within the repository are one entry for git. A link to a folder is a file to it.
    const isRepository = path.endsWith('/') || (extname(path) === '' && fileKind(join(absolute, '.git')) !== 'missing');
    (isRepository ? nested : files).push(absolute);
  }
  const inner = await Promise.all(
    nested.map(async (folder) => (await listRepository(folder, [folder])) ?? walk(folder, isCodeFile)),
  );
  return [...files, ...inner.flat()];
}

const LOCKFILES = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'];

/** From `folder` upward to `top`. */
export function nearestLockfile(folder: string, top: string): string | null {
  const folders = foldersUpward(folder);
  const within = folders.includes(top) ? folders.slice(0, folders.indexOf(top) + 1) : [folder];
  const candidates = within.flatMap((candidate) => LOCKFILES.map((name) => join(candidate, name)));
  return candidates.find((path) => fileKind(path) === 'file') ?? null;
}

function walk(folder: string, counts: (path: string) => boolean): readonly string[] {
  return walkFolders(folder, {
    enters: mayHoldCode,
    counts: (path) => counts(path) && !neverCounts(path),
  });
}

interface Walk {
  /** By the name of a folder. */
  readonly enters: (name: string) => boolean;
  readonly counts: (path: string) => boolean;
}

/** Links to folders are not followed: they could lead anywhere, and round in circles. */
function walkFolders(folder: string, { enters, counts }: Walk): readonly string[] {
  const found: string[] = [];
  const open = [folder];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    for (const { name, kind } of readFolder(current)) {
      const path = join(current, name);
      if (kind === 'folder' && enters(name)) open.push(path);
      if ((kind === 'file' || (kind === 'link' && fileKind(path) === 'file')) && counts(path)) found.push(path);
    }
  }
  return found;
}
