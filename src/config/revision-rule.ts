import { listOf } from './read-env.ts';
import { isRecord } from './source.ts';

/** What the code of an app is identified by. */
export type RevisionRule =
  /** All code that its folder holds. */
  | { readonly type: 'auto' }
  /** The package of the entry script, and the packages of the same repository that it depends on. */
  | { readonly type: 'package' }
  | { readonly type: 'none' }
  | { readonly type: 'fixed'; readonly value: string }
  /** Paths and patterns relative to `cwd`. `include` null: what `auto` counts. */
  | { readonly type: 'files'; readonly include: readonly string[] | null; readonly exclude: readonly string[] };

/** A value that the schema has passed. */
export function readRevision(value: unknown): RevisionRule {
  if (isRecord(value)) {
    const { include, exclude } = value;
    const counted = include === undefined || include === null ? null : listOf(include);
    return { type: 'files', include: counted, exclude: listOf(exclude) };
  }
  if (typeof value !== 'string') return { type: 'auto' };
  return value === 'auto' || value === 'package' || value === 'none' ? { type: value } : { type: 'fixed', value };
}
