import { dirname, join, relative } from 'node:path';
import type { AppSpec, WatchSettings } from '../domain/app-spec.ts';
import type { AppName } from '../domain/names.ts';
import type { Milliseconds } from '../domain/time.ts';
import { systemClock, type Clock, type Timer } from '../platform/clock.ts';
import { watchFolders, type FolderWatch } from '../platform/file-watch.ts';
import { fileKind, readFolder, realPath } from '../platform/files.ts';
import { repositoryRoot } from '../platform/folders-upward.ts';
import { foldersIgnoredByGit, ignoredByGit } from '../platform/git.ts';
import { matcherOf } from '../platform/path-matcher.ts';
import { dueAt, withChange, type ChangeBatch } from './change-batch.ts';
import { IgnoredPaths } from './ignored-paths.ts';
import {
  codeFolders,
  isWorthWatching,
  judgeGone,
  judgePath,
  type PathVerdict,
  type RootRule,
  type WatchRoot,
  type WatchScope,
} from './watched-paths.ts';

export interface WatchRequest {
  readonly app: Pick<AppSpec, 'cwd' | 'script' | 'interpreter' | 'watch'>;
  /** What the app itself writes, such as its log files; absolute. */
  readonly ownFiles: readonly string[];
}

export interface WatchedApp extends WatchRequest {
  readonly name: AppName;
}

export interface FileWatcher {
  readonly close: () => void;
}

/** Calls back with the files of one app that have changed, relative to its folder, once they have come to rest. */
export async function watchSources(
  request: WatchRequest,
  onChange: (files: readonly string[]) => void,
): Promise<FileWatcher> {
  const folder = realPath(request.app.cwd);
  const tell = (files: readonly string[]): void => onChange(files.map((file) => relative(folder, file)));
  const watch = new SourceWatch({
    clock: systemClock,
    onChange: (changes) => [...changes.values()].forEach(tell),
    // What can be watched is.
    onProblem: () => {},
  });
  await watch.watch([{ ...request, name: 'app' }], { except: [] });
  return { close: () => void watch.close() };
}

export interface SourceWatchOptions {
  readonly clock: Clock;
  /** The files of each app that changed, sorted; for each app that they concern. */
  readonly onChange: (changes: ReadonlyMap<AppName, readonly string[]>) => void;
  readonly onProblem: (problem: string) => void;
}

/** Tells which apps a change of files concerns, once the changes have come to rest. */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #ignored = new IgnoredPaths(ignoredByGit);
  readonly #batches = new Map<AppName, ChangeBatch>();
  #scopes: readonly (WatchScope & { readonly rest: Milliseconds })[] = [];
  #watched = '';
  #watch: FolderWatch | null = null;
  #folderIgnored: ReadonlySet<string> = new Set();
  #timer: Timer | null = null;

  constructor(options: SourceWatchOptions) {
    this.#options = options;
  }

  /** From now on these apps, and no others. `except`: files that belong to none of them. Answers once they are watched. */
  async watch(apps: readonly WatchedApp[], { except }: { readonly except: readonly string[] }): Promise<void> {
    const asked = JSON.stringify([apps.map(identityOf), except]);
    if (asked === this.#watched) return;
    this.#watched = asked;
    const others = new Set(except.map(realPath));
    const scopes = await Promise.all(apps.map((app) => scopeOf(app, others)));
    const ignored = await ignoredFolders(scopes);
    const before = this.#watch;
    const next = await watchFolders(foldersOf(scopes), {
      enters: (folder) => isWorthWatching(scopes, folder, ignored),
      onChange: (path) => this.#note(path),
      onProblem: this.#options.onProblem,
      options: Object.assign({}, ...apps.map(({ app }) => app.watch.options)) as WatchSettings['options'],
    });
    if (asked !== this.#watched) return next.close();
    this.#scopes = scopes;
    this.#folderIgnored = ignored;
    this.#watch = next;
    await before?.close();
  }

  async close(): Promise<void> {
    this.#watched = '';
    this.#timer?.cancel();
    this.#batches.clear();
    await this.#watch?.close();
    this.#watch = null;
  }

  #note(path: string): void {
    const kind = fileKind(path);
    const { clock } = this.#options;
    for (const scope of this.#scopes) {
      const verdict = kind === 'folder' ? this.#judgeFolder(scope, path) : judge(scope, path, kind);
      if (verdict === 'does-not-count') continue;
      // Asked for now, known by the time that the changes have come to rest.
      if (verdict === 'ask-git' && kind !== 'folder') void this.#ignored.has(path);
      this.#batches.set(scope.app, withChange(this.#batches.get(scope.app) ?? null, path, clock.now()));
    }
    this.#arm();
  }

  /** Its files may have been there before it was watched. */
  #judgeFolder(scope: WatchScope, path: string): PathVerdict {
    return isWorthWatching([scope], path, this.#folderIgnored) ? 'counts' : 'does-not-count';
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const due = [...this.#batches].map(([app, batch]) => dueAt(batch, { rest: this.#restOf(app) }));
    // The answer comes as a call.
    if (due.length > 0) this.#timer = clock.after(Math.min(...due) - clock.now(), () => void this.#answer());
  }

  async #answer(): Promise<void> {
    const now = this.#options.clock.now();
    const due = [...this.#batches].filter(([app, batch]) => dueAt(batch, { rest: this.#restOf(app) }) <= now);
    for (const [app] of due) this.#batches.delete(app);
    this.#arm();
    const changes = new Map<AppName, readonly string[]>();
    for (const [app, { paths }] of due) {
      const scope = this.#scopes.find((candidate) => candidate.app === app);
      const counted = scope === undefined ? [] : await this.#counted(scope, [...paths]);
      if (counted.length > 0) changes.set(app, counted);
    }
    this.#ignored.forget();
    if (changes.size > 0 && this.#watched !== '') this.#options.onChange(changes);
  }

  async #counted(scope: WatchScope, paths: readonly string[]): Promise<readonly string[]> {
    const counted = new Set<string>();
    for (const path of paths.flatMap((changed) => this.#filesAt(scope, changed))) {
      const verdict = judge(scope, path, fileKind(path));
      if (verdict === 'counts' || (verdict === 'ask-git' && !(await this.#ignored.has(path)))) counted.add(path);
    }
    return [...counted].sort();
  }

  #filesAt(scope: WatchScope, path: string): readonly string[] {
    if (fileKind(path) !== 'folder') return [path];
    if (!isWorthWatching([scope], path, this.#folderIgnored)) return [];
    return readFolder(path).flatMap(({ name, kind }) =>
      kind === 'folder' ? this.#filesAt(scope, join(path, name)) : [join(path, name)],
    );
  }

  #restOf(app: AppName): number {
    return this.#scopes.find((scope) => scope.app === app)?.rest ?? 0;
  }
}

function judge(scope: WatchScope, path: string, kind: ReturnType<typeof fileKind>): PathVerdict {
  return kind === 'missing' ? judgeGone(scope, path) : judgePath(scope, path);
}

/** What the watching depends on, and nothing else. */
function identityOf({ name, app: { cwd, script, interpreter, watch }, ownFiles }: WatchedApp): readonly unknown[] {
  return [name, cwd, script, interpreter, watch, ownFiles];
}

async function scopeOf({ name, app, ownFiles }: WatchedApp, except: ReadonlySet<string>) {
  const { cwd, watch } = app;
  const folder = realPath(cwd);
  const matches = await matcherOf(watch.ignore, folder);
  const own = new Set(ownFiles.map(realPath));
  const named = watch.paths ?? codeFolders(app);
  const roots = await Promise.all(
    named.map((path) => rootOf(realPath(path), { elsewhere: watch.paths === null ? 'code' : 'all' })),
  );
  return {
    app: name,
    rest: watch.delay,
    roots: [...roots, ...(watch.paths === null ? await buildOutput(app, roots) : [])],
    isIgnored: (path: string) => own.has(path) || except.has(path) || matches(path),
  };
}

async function rootOf(path: string, { elsewhere }: { readonly elsewhere: RootRule }): Promise<WatchRoot> {
  const repository = repositoryRoot(dirname(path)) ?? repositoryRoot(path);
  if (repository === null) return { path, rule: elsewhere };
  const ignored = path !== repository && (await ignoredByGit(repository, [path])).has(path);
  return { path, rule: ignored ? 'all' : 'git' };
}

/** What git ignores and is run all the same. */
async function buildOutput(
  { script }: WatchRequest['app'],
  roots: readonly WatchRoot[],
): Promise<readonly WatchRoot[]> {
  const entry = realPath(script);
  const repository = repositoryRoot(dirname(entry));
  const apart = repository === null || fileKind(entry) !== 'file' || !script.startsWith('/');
  if (apart || entry.includes('/node_modules/') || roots.every(({ rule }) => rule !== 'git')) return [];
  return (await ignoredByGit(repository, [entry])).has(entry) ? [{ path: dirname(entry), rule: 'all' }] : [];
}

async function ignoredFolders(scopes: readonly WatchScope[]): Promise<ReadonlySet<string>> {
  const roots = new Set(
    scopes.flatMap((scope) => scope.roots.flatMap(({ path, rule }) => (rule === 'git' ? [path] : []))),
  );
  const found = [...roots].map((path) => foldersIgnoredByGit(repositoryRoot(path) ?? path, path));
  return new Set((await Promise.all(found)).flat());
}

/** A file is watched by its folder. */
function foldersOf(scopes: readonly WatchScope[]): readonly string[] {
  const paths = scopes.flatMap(({ roots }) => roots.map(({ path }) => path));
  return [...new Set(paths.map((path) => (fileKind(path) === 'folder' ? path : dirname(path))))];
}
