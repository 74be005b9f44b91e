/** What the last looks found, oldest first; null where nobody knew. */
export interface Series {
  readonly cpu: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
}

export const NO_SAMPLES: Series = { cpu: [], memory: [] };

/** As many as the widest sparkline shows. */
const KEPT = 30;

export interface Sample {
  readonly key: string;
  readonly cpu: number | null;
  readonly memory: number | null;
}

/** What is no longer there is forgotten. */
export function withSamples(
  series: ReadonlyMap<string, Series>,
  samples: readonly Sample[],
): ReadonlyMap<string, Series> {
  return new Map(
    samples.map(({ key, cpu, memory }) => {
      const before = series.get(key) ?? NO_SAMPLES;
      return [key, { cpu: appended(before.cpu, cpu), memory: appended(before.memory, memory) }];
    }),
  );
}

function appended(values: readonly (number | null)[], value: number | null): readonly (number | null)[] {
  return [...values.slice(Math.max(0, values.length + 1 - KEPT)), value];
}
