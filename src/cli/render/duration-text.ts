import type { Milliseconds } from '../../domain/time.ts';

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units that matter: `450ms`, `9s`, `2m 5s`, `3d 4h`. */
export function formatDuration(span: Milliseconds): string {
  if (span < 1000) return `${Math.max(0, Math.floor(span))}ms`;
  const total = Math.floor(span / 1000);
  const first = UNITS.findIndex(([, size]) => total >= size);
  let rest = total;
  const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { unit, count };
  });
  return parts
    .filter(({ count }) => count > 0)
    .map(({ unit, count }) => `${count}${unit}`)
    .join(' ');
}
