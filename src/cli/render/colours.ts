import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

/** Node's own: a colour library costs `eco list` more time than its table. The caller has judged the terminal. */
export function paint(colour: boolean): Paint {
  return colour ? (name, text) => styleText(name, text, { validateStream: false }) : (_, text) => text;
}
