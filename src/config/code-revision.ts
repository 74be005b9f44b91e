import { createHash } from 'node:crypto';
import { dirname, relative } from 'node:path';
import type { AppSpec } from '../domain/app-spec.ts';
import type { CodeManifest, CodeRevision } from '../domain/revision.ts';
import type { Timestamp } from '../domain/time.ts';
import { fileKind, realPath } from '../platform/files.ts';
import { byCodeUnit } from '../util/compare.ts';
import { createCodeLister, isWithin, listBuildOutput, nearestLockfile, type CodeLister } from './code-files.ts';
import { openDigestCache, type DigestCache } from './digest-cache.ts';
import { repositoryRoot } from './find-file.ts';
import type { NormalizedApp } from './normalize.ts';

export interface CodeContext {
  /** The ecosystem file: it is compared key by key, so its text does not count as code. */
  readonly file: string;
  readonly folder: string;
  readonly cacheFolder: string;
  /** What every app's code is identified by instead; undefined: by what the file says. */
  readonly revision: string | undefined;
  readonly now: () => Timestamp;
}

export interface CodeRevisions {
  readonly apps: readonly AppSpec[];
  /** Behind the `auto` revisions of `apps`, by digest. */
  readonly manifests: Readonly<Record<string, CodeManifest>>;
}

/** Fills in the last field of each app: what its code is identified by. */
export async function addCodeRevisions(apps: readonly NormalizedApp[], context: CodeContext): Promise<CodeRevisions> {
  const manifests = new Map<string, CodeManifest>();
  const auto = apps.filter((app) => revisionOf(app, context) === 'auto');
  const scans = auto.map(scanOf);
  const lister = createCodeLister([...new Set(scans.flatMap((scan) => scan.folders))]);
  const caches = new Map<string, DigestCache>();
  const specs: AppSpec[] = [];
  for (const app of apps) {
    const revision = revisionOf(app, context);
    const scan = scans[auto.indexOf(app)];
    const manifest =
      revision === 'auto' && scan !== undefined ? await readManifest(app, scan, { lister, caches, context }) : null;
    specs.push({ ...app.spec, code: codeOf(revision, manifest, manifests) });
  }
  for (const cache of caches.values()) cache.save();
  return { apps: specs, manifests: Object.fromEntries([...manifests].sort(([a], [b]) => byCodeUnit(a, b))) };
}

/** A command of the machine has no code in its working folder: what lies there may be anything, data above all. */
function revisionOf(app: NormalizedApp, { revision }: CodeContext): string {
  const asked = revision ?? app.revision;
  return asked === 'auto' && app.foreign ? 'none' : asked;
}

function codeOf(revision: string, manifest: CodeManifest | null, manifests: Map<string, CodeManifest>): CodeRevision {
  if (revision === 'none') return { type: 'none' };
  if (manifest === null) return { type: 'fixed', value: revision };
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 32);
  manifests.set(digest, manifest);
  return { type: 'auto', digest };
}

/** Where the code of an app is looked for; all paths with their links resolved. */
interface Scan {
  readonly cwd: string;
  readonly entry: string | null;
  readonly folders: readonly string[];
}

function scanOf({ spec }: NormalizedApp): Scan {
  const cwd = realPath(spec.cwd);
  const entry = spec.script.startsWith('/') && fileKind(spec.script) === 'file' ? realPath(spec.script) : null;
  if (entry === null || isWithin(entry, cwd) || isInstalled(entry)) return { cwd, entry, folders: [cwd] };
  // A program from elsewhere, such as /usr/bin/redis-server, lies among others that are not its code.
  if (spec.interpreter.type === 'none') return { cwd, entry, folders: [] };
  return { cwd, entry, folders: [cwd, dirname(entry)] };
}

/** Packages are counted by the lockfile. */
function isInstalled(path: string): boolean {
  return path.includes('/node_modules/');
}

interface Tools {
  readonly lister: CodeLister;
  readonly caches: Map<string, DigestCache>;
  readonly context: CodeContext;
}

async function readManifest(app: NormalizedApp, scan: Scan, { lister, caches, context }: Tools): Promise<CodeManifest> {
  const files = new Set<string>();
  for (const folder of scan.folders) {
    const listing = await lister.list(folder);
    for (const file of listing.files) files.add(file);
    const { entry } = scan;
    const ignored =
      listing.fromGit && entry !== null && isWithin(entry, folder) && !isInstalled(entry) && !files.has(entry);
    if (ignored) for (const file of listBuildOutput(dirname(entry))) files.add(file);
  }
  if (scan.entry !== null && !isInstalled(scan.entry)) files.add(scan.entry);
  const lockfile = nearestLockfile(scan.cwd, repositoryRoot(scan.cwd) ?? realPath(context.folder));
  if (lockfile !== null) files.add(lockfile);
  for (const own of ownFiles(app, context)) files.delete(own);
  return digestAll(files, scan.cwd, cacheFor(scan.cwd, caches, context));
}

/** What is no code although it lies among it: the ecosystem file and the logs of the app. */
function ownFiles({ spec }: NormalizedApp, { file }: CodeContext): readonly string[] {
  const logs = [spec.outFile, spec.errorFile].flatMap((log) => (log.type === 'file' ? [realPath(log.path)] : []));
  return [realPath(file), ...logs];
}

function cacheFor(cwd: string, caches: Map<string, DigestCache>, { cacheFolder, now }: CodeContext): DigestCache {
  const cache = caches.get(cwd) ?? openDigestCache(cacheFolder, cwd, { now });
  caches.set(cwd, cache);
  return cache;
}

function digestAll(files: ReadonlySet<string>, cwd: string, cache: DigestCache): CodeManifest {
  const manifest: [string, string][] = [];
  for (const file of files) {
    const digest = cache.digest(file);
    if (digest !== null) manifest.push([relative(cwd, file), digest]);
  }
  return Object.fromEntries(manifest.sort(([a], [b]) => byCodeUnit(a, b)));
}
