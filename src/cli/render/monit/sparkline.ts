const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

interface SparklineOptions {
  readonly width: number;
  readonly from: number;
  readonly to: number;
}

/** The last values as bars, the newest on the right; a blank where nobody knew. */
function sparkline(values: readonly (number | null)[], { width, from, to }: SparklineOptions): string {
  const bars = values.slice(-width).map((value) => (value === null ? ' ' : bar((value - from) / (to - from))));
  return bars.join('').padStart(width);
}

function bar(share: number): string {
  const index = Math.min(BARS.length - 1, Math.max(0, Math.floor(share * BARS.length)));
  return BARS[index] ?? ' ';
}

/** From nothing to the highest value, and to a tenth of a CPU at least: an idle app draws a flat line. */
export function cpuSparkline(values: readonly (number | null)[], width: number): string {
  return sparkline(values, { width, from: 0, to: Math.max(10, ...known(values.slice(-width))) });
}

/** How memory changes: the lowest bar stands for a fifth less than the highest value, or for the lowest where that is less. */
export function memorySparkline(values: readonly (number | null)[], width: number): string {
  const seen = known(values.slice(-width));
  const highest = Math.max(1, ...seen);
  return sparkline(values, { width, from: Math.min(highest * 0.8, ...seen), to: highest });
}

function known(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null);
}
