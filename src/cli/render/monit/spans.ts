import type { Colour } from '../colours.ts';
import { cells, clip } from '../table.ts';

/** A piece of a line that looks the same throughout. */
export interface Span {
  readonly text: string;
  readonly colour?: Colour;
}

export type Line = readonly Span[];

export function plain(text: string): Line {
  return [{ text }];
}

export function span(text: string, colour?: Colour): Span {
  return colour === undefined ? { text } : { text, colour };
}

export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + cells(text), 0);
}

/** Exactly as wide as there is room. */
export function fitted(line: Line, room: number): Line {
  const kept: Span[] = [];
  let left = room;
  for (const piece of line) {
    const text = clip(piece.text, left);
    kept.push({ ...piece, text });
    left -= cells(text);
    if (text !== piece.text) break;
  }
  return left > 0 ? [...kept, { text: ' '.repeat(left) }] : kept;
}

export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('');
}
