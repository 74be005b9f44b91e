import type { SourcePath } from './source.ts';

/** What makes a value impossible to work with, and where. */
export interface ExtentProblem {
  readonly type: 'circular' | 'deep' | 'large';
  readonly path: SourcePath;
}

/** Levels of lists and objects; more than any settings need, and few enough for functions that call themselves. */
export const MOST_LEVELS = 100;
/** Values in it, each counted as often as it is referred to: a few lines of YAML can stand for billions. */
const MOST_VALUES = 1_000_000;

/** Looks at each object once, however often it is referred to. */
export function extentProblem(value: unknown): ExtentProblem | null {
  const sizes = new Map<object, Extent>();
  const found = measure(value, { path: [], around: new Set(), sizes });
  if ('type' in found) return found;
  return found.size > MOST_VALUES ? { type: 'large', path: pathToLarge(value, sizes) } : null;
}

interface Extent {
  readonly size: number;
  readonly height: number;
}

interface Place {
  readonly path: SourcePath;
  /** The objects that hold this value. */
  readonly around: Set<object>;
  readonly sizes: Map<object, Extent>;
}

function measure(value: unknown, { path, around, sizes }: Place): Extent | ExtentProblem {
  if (typeof value !== 'object' || value === null) return { size: 1, height: 0 };
  if (around.has(value)) return { type: 'circular', path };
  const known = sizes.get(value);
  if (around.size + (known?.height ?? 0) >= MOST_LEVELS) return { type: 'deep', path };
  if (known !== undefined) return known;
  around.add(value);
  let size = 1;
  let height = 0;
  for (const [step, inner] of partsOf(value)) {
    const found = measure(inner, { path: [...path, step], around, sizes });
    if ('type' in found) return found;
    size += found.size;
    height = Math.max(height, found.height);
  }
  around.delete(value);
  const extent = { size, height: height + 1 };
  sizes.set(value, extent);
  return extent;
}

/** The innermost place that alone is too large. */
function pathToLarge(value: unknown, sizes: ReadonlyMap<object, Extent>): SourcePath {
  if (typeof value !== 'object' || value === null) return [];
  const large = partsOf(value).find(
    ([, inner]) => typeof inner === 'object' && inner !== null && (sizes.get(inner)?.size ?? 0) > MOST_VALUES,
  );
  return large === undefined ? [] : [large[0], ...pathToLarge(large[1], sizes)];
}

function partsOf(value: object): readonly (readonly [string | number, unknown])[] {
  return Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value);
}
