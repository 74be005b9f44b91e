import { createHash } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import type { AppSpec } from '../domain/app-spec.ts';
import type { CodeManifest, CodeRevision } from '../domain/revision.ts';
import type { Timestamp } from '../domain/time.ts';
import { fileKind, realPath } from '../platform/files.ts';
import { byCodeUnit } from '../util/compare.ts';
import {
  createCodeLister,
  isWithin,
  listBuildOutput,
  nearestLockfile,
  type CodeLister,
  type CodeListing,
} from './code-files.ts';
import { openDigestCache, type DigestCache } from './digest-cache.ts';
import { repositoryRoot } from './find-file.ts';
import type { NormalizedApp } from './normalize.ts';

export interface CodeContext {
  /** The ecosystem file and those that it includes: they are compared key by key, so their text does not count as code. */
  readonly files: readonly string[];
  readonly folder: string;
  /** ECO_HOME: nothing in it counts, wherever it lies. */
  readonly home: string;
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
  const scans = new Map(apps.filter((app) => revisionOf(app, context) === 'auto').map((app) => [app, scanOf(app)]));
  const tools: Tools = {
    lister: createCodeLister([...new Set([...scans.values()].flatMap((scan) => scan.folders))], {
      except: realPath(context.home),
    }),
    caches: new Map(),
    digested: new Map(),
    context,
  };
  const manifests = new Map<string, CodeManifest>();
  const specs: AppSpec[] = [];
  for (const app of apps) {
    const scan = scans.get(app);
    const code = scan === undefined ? null : await digestCode(app, scan, tools);
    if (code !== null) manifests.set(code.digest, code.manifest);
    specs.push({ ...app.spec, code: codeOf(revisionOf(app, context), code) });
  }
  for (const cache of tools.caches.values()) cache.save();
  return { apps: specs, manifests: Object.fromEntries([...manifests].sort(([a], [b]) => byCodeUnit(a, b))) };
}

/** A command of the machine has no code in its working folder: what lies there may be anything, data above all. */
function revisionOf(app: NormalizedApp, { revision }: CodeContext): string {
  const asked = revision ?? app.revision;
  return asked === 'auto' && app.foreign ? 'none' : asked;
}

function codeOf(revision: string, code: DigestedCode | null): CodeRevision {
  if (code !== null) return { type: 'auto', digest: code.digest };
  return revision === 'none' ? { type: 'none' } : { type: 'fixed', value: revision };
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

interface DigestedCode {
  readonly manifest: CodeManifest;
  readonly digest: string;
}

interface Tools {
  readonly lister: CodeLister;
  /** By working folder. */
  readonly caches: Map<string, DigestCache>;
  /** What apps have in common is digested once: by working folder and by what differs from its listing. */
  readonly digested: Map<string, DigestedCode>;
  readonly context: CodeContext;
}

async function digestCode(app: NormalizedApp, scan: Scan, tools: Tools): Promise<DigestedCode> {
  const { lister, digested, context } = tools;
  const listings = await Promise.all(scan.folders.map((folder) => lister.list(folder)));
  const isListed = (file: string): boolean => listings.some((listing) => listing.files.has(file));
  const added = filesBeside(app, scan, { listings, context }).filter((file) => !isListed(file));
  const removed = ownFiles(app, context);
  const key = JSON.stringify([scan.cwd, scan.folders, added, removed.filter(isListed)]);
  const known = digested.get(key);
  if (known !== undefined) return known;
  const files = new Set([...listings.flatMap((listing) => [...listing.files]), ...added]);
  for (const file of removed) files.delete(file);
  const manifest = digestAll(files, scan.cwd, cacheFor(scan.cwd, tools));
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 32);
  digested.set(key, { manifest, digest });
  return { manifest, digest };
}

interface Beside {
  readonly listings: readonly CodeListing[];
  readonly context: CodeContext;
}

/** The entry script, all of its folder if git ignores it as build output, and the lockfile. */
function filesBeside(app: NormalizedApp, { cwd, entry }: Scan, { listings, context }: Beside): readonly string[] {
  const lockfile = nearestLockfile(cwd, repositoryRoot(cwd) ?? realPath(context.folder));
  const lockfiles = lockfile === null ? [] : [lockfile];
  if (entry === null || isInstalled(entry)) return lockfiles;
  const ignored = listings.some((listing) => listing.fromGit) && !listings.some((listing) => listing.files.has(entry));
  const output = ignored && app.spec.interpreter.type !== 'none' ? listBuildOutput(dirname(entry)) : [];
  return [...new Set([...output, entry, ...lockfiles])];
}

/** What is no code although it lies among it: the ecosystem file and the logs of the app. */
function ownFiles({ spec }: NormalizedApp, { files }: CodeContext): readonly string[] {
  const logs = [spec.outFile, spec.errorFile].flatMap((log) => (log.type === 'file' ? [realPath(log.path)] : []));
  return [...files.map(realPath), ...logs];
}

function cacheFor(cwd: string, { caches, context }: Tools): DigestCache {
  const { home, now } = context;
  const cache = caches.get(cwd) ?? openDigestCache(join(home, 'cache'), cwd, { now });
  caches.set(cwd, cache);
  return cache;
}

function digestAll(files: ReadonlySet<string>, cwd: string, cache: DigestCache): CodeManifest {
  const manifest: [string, string][] = [];
  const prefix = cwd === '/' ? cwd : `${cwd}/`;
  for (const file of files) {
    const digest = cache.digest(file);
    if (digest !== null)
      manifest.push([file.startsWith(prefix) ? file.slice(prefix.length) : relative(cwd, file), digest]);
  }
  return Object.fromEntries(manifest.sort(([a], [b]) => byCodeUnit(a, b)));
}
