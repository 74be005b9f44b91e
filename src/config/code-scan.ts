import { dirname } from 'node:path';
import { fileKind, realPath } from '../platform/files.ts';
import { nearestLockfile } from './code-files.ts';
import { matcherOf, type PathMatcher } from '../platform/path-matcher.ts';
import { filesMatching } from './code-globs.ts';
import { isWithin, repositoryRoot } from '../platform/folders-upward.ts';
import type { NormalizedApp } from './normalize.ts';
import type { RevisionRule } from './revision-rule.ts';
import { workspacePackages } from './workspace-packages.ts';

/** Where the code of an app is looked for; all paths with their links resolved. */
export interface CodeScan {
  readonly cwd: string;
  /** What is listed: what git sees in them, else the code in them. */
  readonly folders: readonly string[];
  /** Files that are loaded first: where git ignores one, its folder is a build output, and counts as a whole. */
  readonly entries: readonly string[];
  /** The folders of `entries` hold nothing but programs that are not the app's: an entry counts alone. */
  readonly entriesAlone: boolean;
  /** Files that count besides. */
  readonly added: readonly string[];
  readonly excluded: PathMatcher;
}

/** `folder` is that of the ecosystem file. */
export async function scanOf(app: NormalizedApp, rule: RevisionRule, folder: string): Promise<CodeScan> {
  const scan = rule.type === 'package' ? scanPackages(app, folder) : scanFolder(app, folder);
  if (rule.type !== 'files') return scan;
  const excluded = await matcherOf(rule.exclude, scan.cwd);
  if (rule.include === null) return { ...scan, excluded };
  return { ...scan, folders: [], entries: [], added: await filesMatching(rule.include, scan.cwd), excluded };
}

function scanFolder({ spec }: NormalizedApp, folder: string): CodeScan {
  const cwd = realPath(spec.cwd);
  const entry = entryOf(spec.script);
  const base: Omit<CodeScan, 'folders'> = {
    cwd,
    entries: entry === null || isInstalled(entry) ? [] : [entry],
    entriesAlone: spec.interpreter.type === 'none',
    added: lockfileOf(cwd, folder),
    excluded: () => false,
  };
  if (entry === null || isWithin(entry, cwd) || isInstalled(entry)) return { ...base, folders: [cwd] };
  // A program from elsewhere, such as /usr/bin/redis-server, lies among others that are not its code.
  return { ...base, folders: spec.interpreter.type === 'none' ? [] : [cwd, dirname(entry)] };
}

/** Where there is no package, everything: too much counts rather than too little. */
function scanPackages(app: NormalizedApp, folder: string): CodeScan {
  const whole = scanFolder(app, folder);
  const [entry] = whole.entries;
  const start = entry === undefined ? whole.cwd : dirname(entry);
  const within = repositoryRoot(start);
  const [own, ...others] = workspacePackages(start, { top: within ?? realPath(folder), within });
  if (own === undefined) return whole;
  return {
    ...whole,
    folders: [own, ...others].map((found) => found.folder),
    entries: [...whole.entries, ...others.flatMap(({ entries }) => entries)],
    added: lockfileOf(own.folder, folder),
  };
}

function entryOf(script: string): string | null {
  return script.startsWith('/') && fileKind(script) === 'file' ? realPath(script) : null;
}

/** Packages are counted by the lockfile. */
function isInstalled(path: string): boolean {
  return path.includes('/node_modules/');
}

function lockfileOf(start: string, folder: string): readonly string[] {
  const lockfile = nearestLockfile(start, repositoryRoot(start) ?? realPath(folder));
  return lockfile === null ? [] : [lockfile];
}
