import { createHash } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import type { AppSpec } from '../domain/app-spec.ts';
import type { CodeManifest, CodeRevision } from '../domain/revision.ts';
import type { Timestamp } from '../domain/time.ts';
import { isSavedPlan, SAVED_PLAN_HEAD } from '../domain/saved-plan.ts';
import { readHead, realPath } from '../platform/files.ts';
import { byCodeUnit } from '../util/compare.ts';
import { createCodeLister, listBuildOutput, type CodeLister, type CodeListing } from './code-files.ts';
import { scanOf, type CodeScan } from './code-scan.ts';
import { openDigestCache, type DigestCache } from './digest-cache.ts';
import type { NormalizedApp } from './normalize.ts';
import { readRevision, type RevisionRule } from './revision-rule.ts';

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
  /** Apps of whose code no file was found: no new version of them would ever be seen. */
  readonly withoutFiles: readonly NormalizedApp[];
}

/** Fills in the last field of each app: what its code is identified by. */
export async function addCodeRevisions(apps: readonly NormalizedApp[], context: CodeContext): Promise<CodeRevisions> {
  const scans = new Map<NormalizedApp, CodeScan>();
  for (const app of apps) {
    const rule = ruleOf(app, context);
    if (rule.type !== 'none' && rule.type !== 'fixed') scans.set(app, await scanOf(app, rule, context.folder));
  }
  const folders = [...new Set([...scans.values()].flatMap((scan) => scan.folders))];
  const tools: Tools = {
    lister: createCodeLister(folders, { except: realPath(context.home) }),
    caches: new Map(),
    digested: new Map(),
    context,
  };
  const manifests = new Map<string, CodeManifest>();
  const specs: AppSpec[] = [];
  const withoutFiles: NormalizedApp[] = [];
  for (const app of apps) {
    const scan = scans.get(app);
    const code = scan === undefined ? null : await digestCode(app, scan, tools);
    if (code !== null && Object.keys(code.manifest).length === 0) withoutFiles.push(app);
    if (code !== null) manifests.set(code.digest, code.manifest);
    specs.push({ ...app.spec, code: codeOf(ruleOf(app, context), code) });
  }
  for (const cache of tools.caches.values()) cache.save();
  return {
    apps: specs,
    manifests: Object.fromEntries([...manifests].sort(([a], [b]) => byCodeUnit(a, b))),
    withoutFiles,
  };
}

/** A command of the machine has no code in its working folder: what lies there may be anything, data above all. */
function ruleOf(app: NormalizedApp, { revision }: CodeContext): RevisionRule {
  const rule = revision === undefined ? app.revision : readRevision(revision);
  const isNamed = rule.type === 'fixed' || (rule.type === 'files' && rule.include !== null);
  return app.foreign && !isNamed ? { type: 'none' } : rule;
}

function codeOf(rule: RevisionRule, code: DigestedCode | null): CodeRevision {
  if (code !== null) return { type: 'auto', digest: code.digest };
  return rule.type === 'fixed' ? { type: 'fixed', value: rule.value } : { type: 'none' };
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

async function digestCode(app: NormalizedApp, scan: CodeScan, tools: Tools): Promise<DigestedCode> {
  const { lister, digested, context } = tools;
  const listings = await Promise.all(scan.folders.map((folder) => lister.list(folder)));
  const isListed = (file: string): boolean => listings.some((listing) => listing.files.has(file));
  const added = filesBeside(scan, listings).filter((file) => !isListed(file));
  const listed = new Set([...listings.flatMap((listing) => [...listing.files]), ...added]);
  const removed = [...ownFiles(app, context), ...[...listed].filter(scan.excluded)];
  const key = JSON.stringify([scan.cwd, scan.folders, added, removed.filter((file) => listed.has(file))]);
  const known = digested.get(key);
  if (known !== undefined) return known;
  for (const file of removed) listed.delete(file);
  const manifest = digestAll(listed, scan.cwd, cacheFor(scan.cwd, tools));
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 32);
  digested.set(key, { manifest, digest });
  return { manifest, digest };
}

/** The entry scripts, all of a folder where git ignores its entry as build output, and the lockfile. */
function filesBeside(scan: CodeScan, listings: readonly CodeListing[]): readonly string[] {
  const fromGit = listings.some((listing) => listing.fromGit);
  const ignored = scan.entries.filter((entry) => fromGit && !listings.some((listing) => listing.files.has(entry)));
  const outputs = scan.entriesAlone ? [] : [...new Set(ignored.map((entry) => dirname(entry)))];
  return [...new Set([...outputs.flatMap(listBuildOutput), ...scan.entries, ...scan.added])];
}

/** What is no code although it lies among it: the ecosystem file and the logs of the app. */
function ownFiles({ spec }: NormalizedApp, { files }: CodeContext): readonly string[] {
  const logs = [spec.outFile, spec.errorFile, spec.combinedFile].flatMap((log) =>
    log.type === 'file' ? [realPath(log.path)] : [],
  );
  return [...files.map(realPath), ...logs];
}

function cacheFor(cwd: string, { caches, context }: Tools): DigestCache {
  const { home, now } = context;
  const cache = caches.get(cwd) ?? openDigestCache(join(home, 'cache'), cwd, { now });
  caches.set(cwd, cache);
  return cache;
}

/** A saved plan is about the code, and lies beside it. */
function digestAll(files: ReadonlySet<string>, cwd: string, cache: DigestCache): CodeManifest {
  const manifest: [string, string][] = [];
  const prefix = cwd === '/' ? cwd : `${cwd}/`;
  for (const file of files) {
    if (file.endsWith('.json') && isSavedPlan(readHead(file, SAVED_PLAN_HEAD))) continue;
    const digest = cache.digest(file);
    if (digest !== null)
      manifest.push([file.startsWith(prefix) ? file.slice(prefix.length) : relative(cwd, file), digest]);
  }
  return Object.fromEntries(manifest.sort(([a], [b]) => byCodeUnit(a, b)));
}
