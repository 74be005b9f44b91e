/** What `eco scale NAME …` asks for: a number of workers, or a difference to the present one. */
export type ScaleChange =
  | { readonly type: 'to'; readonly count: number }
  | { readonly type: 'by'; readonly difference: number };

/** `4`, `+2`, `-1`; null for anything else. */
export function parseScaleChange(text: string): ScaleChange | null {
  const [, sign, digits] = /^([+-]?)(\d{1,6})$/.exec(text) ?? [];
  if (digits === undefined) return null;
  const count = Number(digits);
  if (sign === '') return { type: 'to', count };
  return { type: 'by', difference: sign === '-' ? -count : count };
}

export function scaledTo(change: ScaleChange, instances: number): number {
  return change.type === 'to' ? change.count : instances + change.difference;
}
