/** The identity of an app's code, part of its spec: new code under an unchanged file is a change. */
export type CodeRevision =
  | { readonly type: 'none' }
  | { readonly type: 'fixed'; readonly value: string }
  /** A digest of a CodeManifest. */
  | { readonly type: 'auto'; readonly digest: string };

/** The files behind an `auto` revision: path relative to the app's `cwd` → digest of its content. */
export type CodeManifest = Readonly<Record<string, string>>;

/** Which files differ between two manifests, sorted by path. */
export function changedFiles(before: CodeManifest, after: CodeManifest): readonly string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]).sort();
}
