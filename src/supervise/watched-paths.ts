import type { AppSpec } from '../domain/app-spec.ts';
import { countsInGit, isCodeFile, isInNeverFolder, mayHoldCode, neverCounts } from '../domain/code-paths.ts';
import type { AppName } from '../domain/names.ts';
import { unreachable } from '../util/unreachable.ts';

/** Which files of a folder count. */
export type RootRule =
  /** What git sees. */
  | 'git'
  /** What has the extension of code. */
  | 'code'
  /** All but packages, databases, logs and the like: a folder that was named, or holds build output. */
  | 'all';

export interface WatchRoot {
  /** Absolute, with its links resolved; a folder or a file. */
  readonly path: string;
  readonly rule: RootRule;
}

/** Where changes concern an app. */
export interface WatchScope {
  readonly app: AppName;
  readonly roots: readonly WatchRoot[];
  /** `ignore_watch`, and what the app writes itself. */
  readonly isIgnored: (path: string) => boolean;
}

/** How a path is to be judged. */
export type PathVerdict =
  | 'counts'
  | 'does-not-count'
  /** It does unless git ignores it. */
  | 'ask-git';

/** The root that decides is the innermost: a build output within what git sees counts as a whole. */
export function judgePath({ roots, isIgnored }: WatchScope, path: string): PathVerdict {
  const root = innermost(roots, path);
  if (root === undefined || isIgnored(path)) return 'does-not-count';
  const within = path === root.path ? nameOf(path) : path.slice(root.path.length + 1);
  if (HIDDEN_FOLDER.test(within)) return 'does-not-count';
  switch (root.rule) {
    case 'git':
      return countsInGit(within) ? 'ask-git' : 'does-not-count';
    case 'code':
      // There may be a repository by now.
      return isCodeFile(within) && within.split('/').slice(0, -1).every(mayHoldCode) ? 'ask-git' : 'does-not-count';
    case 'all':
      return isInNeverFolder(within) || neverCounts(within) || isTemporary(within) ? 'does-not-count' : 'counts';
    default:
      return unreachable(root.rule);
  }
}

/**
 * A file that is gone: editors and tools make files and remove them at once, next to those that they save. Where such a one
 * has the extension of code, it is taken for code that was removed.
 */
export function judgeGone(scope: WatchScope, path: string): PathVerdict {
  return isCodeFile(path) ? judgePath(scope, path) : 'does-not-count';
}

/** Whether something in the folder may count for one of the scopes; otherwise nobody need look into it. */
export function isWorthWatching(
  scopes: readonly WatchScope[],
  folder: string,
  ignoredByGit: ReadonlySet<string>,
): boolean {
  return scopes.some(({ roots, isIgnored }) => {
    const root = innermost(roots, folder);
    if (root === undefined) return roots.some(({ path }) => isWithin(path, folder));
    if (root.path === folder) return true;
    const within = `${folder.slice(root.path.length + 1)}/`;
    if (isIgnored(folder) || isInNeverFolder(within) || HIDDEN_FOLDER.test(within)) return false;
    if (root.rule === 'git') return !ignoredByGit.has(folder);
    return root.rule === 'all' || mayHoldCode(nameOf(folder));
  });
}

/** Where the code of an app is looked for, if its file does not say; absolute. A command of the machine has none here. */
export function codeFolders({ cwd, script, interpreter }: Pick<AppSpec, 'cwd' | 'script' | 'interpreter'>) {
  const bare = interpreter.type === 'none' && !script.includes('/');
  if (bare && !RUNNERS.has(script)) return [];
  const folder = script.slice(0, Math.max(1, script.lastIndexOf('/')));
  const elsewhere = script.startsWith('/') && !isWithin(script, cwd) && !script.includes('/node_modules/');
  return elsewhere && interpreter.type !== 'none' ? [cwd, folder] : [cwd];
}

/** Commands that run what is in their working folder. */
const RUNNERS = new Set(['sh', 'bash', 'npm', 'npx', 'pnpm', 'pnpx', 'yarn', 'bun', 'bunx', 'deno', 'make']);

/** Caches of tools, and what belongs to editors. */
const HIDDEN_FOLDER = /(^|\/)\.[^/]+\//;

/** Vim tries with `4913` whether it may write to a folder. */
function isTemporary(path: string): boolean {
  return /(~|\.tmp|\.swx|\.part|(^|\/)(4913|\.#[^/]*|#[^/]*#))$/.test(path);
}

function innermost(roots: readonly WatchRoot[], path: string): WatchRoot | undefined {
  const around = roots.filter((root) => isWithin(path, root.path));
  return around.sort((a, b) => b.path.length - a.path.length)[0];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
