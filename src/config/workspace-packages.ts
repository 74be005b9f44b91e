import { join } from 'node:path';
import { fileKind, readTextIfPresent, realPath } from '../platform/files.ts';
import { foldersUpward } from '../platform/folders-upward.ts';
import { isRecord } from './source.ts';
import { parseManifest } from './unwrap.ts';

/** A package whose source lies in the repository. */
export interface WorkspacePackage {
  /** Absolute, its links resolved. */
  readonly folder: string;
  /** The files that `main` and `exports` name, as far as they exist: what is loaded by those who depend on it. */
  readonly entries: readonly string[];
}

interface Place {
  /** Where the search upward ends. */
  readonly top: string;
  /** A dependency from outside `top` is none of the workspace. */
  readonly within: string | null;
}

const LARGEST_PACKAGE_JSON = 1024 * 1024;
type Manifest = Readonly<Record<string, unknown>>;

/**
 * The nearest package of a folder and, recursively, those that it depends on and that are links in node_modules to folders
 * of source. The nearest one comes first; empty if there is none.
 */
export function workspacePackages(folder: string, place: Place): readonly WorkspacePackage[] {
  const nearest = upTo(folder, place.top).find((candidate) => isPackage(readManifest(candidate)));
  const found = new Map<string, WorkspacePackage>();
  const open = nearest === undefined ? [] : [nearest];
  for (let current = open.shift(); current !== undefined; current = open.shift()) {
    const manifest = readManifest(current);
    if (manifest === null || found.has(current)) continue;
    found.set(current, { folder: current, entries: entriesOf(manifest, current) });
    open.push(...linkedFolders(manifest, current, place));
  }
  return [...found.values()];
}

/** From `folder` to `top`; only `folder` if it is not in `top`. */
function upTo(folder: string, top: string): readonly string[] {
  const folders = foldersUpward(folder);
  return folders.includes(top) ? folders.slice(0, folders.indexOf(top) + 1) : [folder];
}

function readManifest(folder: string): Manifest | null {
  return parseManifest(readTextIfPresent(join(folder, 'package.json'), LARGEST_PACKAGE_JSON));
}

/** A package.json that only says `"type": "module"` is no package of its own. */
function isPackage(manifest: Manifest | null): boolean {
  return manifest !== null && ['name', 'scripts', ...DEPENDENCIES].some((key) => manifest[key] !== undefined);
}

/** Development dependencies too: what a build bundles is often one, and too much counts rather than too little. */
const DEPENDENCIES = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

function linkedFolders(manifest: Manifest, folder: string, { top, within }: Place): readonly string[] {
  const names = DEPENDENCIES.flatMap((key) => (isRecord(manifest[key]) ? Object.keys(manifest[key]) : []));
  return [...new Set(names)].flatMap((name) => {
    const installed = upTo(folder, top)
      .map((candidate) => join(candidate, 'node_modules', name))
      .find((candidate) => fileKind(candidate) === 'folder');
    const real = installed === undefined ? null : realPath(installed);
    const isSource = real !== null && !real.includes('/node_modules/');
    return isSource && (within === null || real.startsWith(`${within}/`)) ? [real] : [];
  });
}

function entriesOf({ main, module, exports }: Manifest, folder: string): readonly string[] {
  const paths = [main, module, exports].flatMap((value) => pathsIn(value)).map((path) => join(folder, path));
  return [...new Set(paths)].filter((path) => fileKind(path) === 'file');
}

/** `exports` holds paths at any depth, below conditions and subpaths. */
function pathsIn(value: unknown, depth = 0): readonly string[] {
  if (typeof value === 'string') return value.includes('*') ? [] : [value];
  const inner = Array.isArray(value) ? value : isRecord(value) && depth < 8 ? Object.values(value) : [];
  return inner.flatMap((part) => pathsIn(part, depth + 1));
}
