import { dirname } from 'node:path';
import { identifyOrigin } from '../../config/identify-project.ts';
import type { LoadedEcosystem } from '../../config/load-ecosystem.ts';
import { realPath } from '../../platform/files.ts';
import { repositoryRoot } from '../../platform/folders-upward.ts';

/**
 * What the file asks for if its checkout lies in the folder `at`, absolute: the workspace of a CI job is not where a deploy runs. The
 * origin is that of the checkout there, if there is one: a clone by another way is told from this one by its URL alone.
 */
export async function relocated(loaded: LoadedEcosystem, at: string): Promise<LoadedEcosystem> {
  const { desired } = loaded;
  const folder = dirname(desired.file);
  const root = repositoryRoot(folder) ?? folder;
  const pattern = pathPattern([...new Set([root, realPath(root)])]);
  const moved = <T>(value: T): T =>
    withPaths(value, (text) => text.replace(pattern, `$<before>${at.replaceAll('$', '$$$$')}`));
  const file = moved(desired.file);
  const there = await identifyOrigin(dirname(file));
  const origin = there.type === 'git' ? there : moved(desired.origin);
  return { ...loaded, desired: { ...desired, file, origin, apps: moved(desired.apps) } };
}

/** These paths and what lies in them, wherever they stand in a text: `--config=/srv/shop/x`. */
function pathPattern(paths: readonly string[]): RegExp {
  const any = paths.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|');
  return new RegExp(String.raw`(?<before>^|[^\w./-])(?:${any})(?=$|[^\w.-])`, 'g');
}

/** Of plain JSON; every text in it but the names of keys. */
function withPaths<T>(value: T, move: (text: string) => string): T {
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return move(inner);
    if (Array.isArray(inner)) return inner.map(walk);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, part]) => [key, walk(part)]));
  };
  return walk(value) as T;
}
