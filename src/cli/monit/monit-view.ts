import { Writable } from 'node:stream';
import { Box, render, Text, useInput, type Key as InkKey } from 'ink';
import { createElement, memo, type ReactNode } from 'react';
import type { Pane, Screen } from '../render/monit/screen.ts';
import { textOf, type Line, type Span } from '../render/monit/spans.ts';
import type { Key, KeyName } from './messages.ts';

export interface View {
  readonly show: (screen: Screen) => void;
  readonly close: () => void;
  /** Resolved once it is closed; rejected if it could not draw. */
  readonly closed: Promise<void>;
}

export interface ViewOptions {
  readonly colour: boolean;
  readonly onKey: (key: Key) => void;
  /** What the terminal is to show. */
  readonly paint: (lines: readonly string[]) => void;
}

/**
 * The only module that knows the toolkit: a screen in; lines and keys out. The toolkit lays out, colours and reads the keyboard.
 * It does not draw: made for output that goes on below what was there, it would clear a screen that is full before each frame.
 */
export function openView(screen: Screen, { paint, ...options }: ViewOptions): View {
  const draw = (next: Screen): ReactNode => createElement(MonitView, { screen: next, ...options });
  // Of a terminal, the toolkit uses the width and `write`, and with `debug` writes whole frames.
  const stdout = new Frames(screen.columns, paint) as Writable as NodeJS.WriteStream;
  const ink = render(draw(screen), { stdout, debug: true, exitOnCtrlC: false, patchConsole: false });
  let open = true;
  return {
    show: (next) => {
      // It would mount everything again, and take the keyboard with it.
      if (!open) return;
      stdout.columns = next.columns;
      ink.rerender(draw(next));
    },
    close: () => {
      open = false;
      ink.unmount();
    },
    closed: ink.waitUntilExit().then(() => undefined),
  };
}

class Frames extends Writable {
  columns: number;

  constructor(columns: number, paint: (lines: readonly string[]) => void) {
    super({
      decodeStrings: false,
      write: (frame: string, _encoding, done) => {
        if (frame !== '') paint(frame.split('\n'));
        done();
      },
    });
    this.columns = columns;
  }
}

function MonitView({ screen, colour, onKey }: Omit<ViewOptions, 'paint'> & { readonly screen: Screen }): ReactNode {
  useInput((input, key) => keysOf(input, key).forEach(onKey));
  const rows = screen.panes.map((panes, index) =>
    createElement(
      Box,
      { key: index },
      panes.map((pane) => createElement(PaneView, { key: pane.name, pane, colour })),
    ),
  );
  return createElement(
    Box,
    { flexDirection: 'column', width: screen.columns },
    createElement(LineView, { line: screen.header, colour }),
    rows,
    createElement(LineView, { line: screen.footer, colour }),
  );
}

function PaneView({ pane, colour }: { readonly pane: Pane; readonly colour: boolean }): ReactNode {
  const { name, columns, rows, focused, lines } = pane;
  const frame = { ...(focused && colour ? { borderColor: 'cyan' } : {}), borderDimColor: !focused };
  return createElement(
    Box,
    { width: columns, height: rows, flexDirection: 'column' },
    createElement(LineView, { line: pane.top, colour }),
    createElement(
      Box,
      {
        ...frame,
        borderStyle: focused ? 'bold' : 'single',
        borderTop: false,
        paddingX: 1,
        height: rows - 1,
        flexDirection: 'column',
      },
      lines.map((line, index) => createElement(LineView, { key: `${name}${index}`, line, colour })),
    ),
  );
}

const LineView = memo(
  ({ line, colour }: { readonly line: Line; readonly colour: boolean }): ReactNode =>
    createElement(
      Text,
      { wrap: 'truncate' },
      line.map((piece, index) => createElement(Text, { key: index, ...look(piece, colour) }, piece.text)),
    ),
  (before, after) => sameLine(before.line, after.line),
);

function sameLine(a: Line, b: Line): boolean {
  return textOf(a) === textOf(b) && a.every((piece, index) => piece.colour === b[index]?.colour);
}

function look({ colour: name }: Span, colour: boolean) {
  if (name === 'bold') return { bold: true };
  if (name === 'dim') return { dimColor: true };
  return name === undefined || !colour ? {} : { color: name };
}

const NAMED: readonly (readonly [keyof InkKey, KeyName])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'page-up'],
  ['pageDown', 'page-down'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  // What terminals send for the backspace key.
  ['delete', 'backspace'],
];

/** What comes faster than it is read comes as one input. */
function keysOf(input: string, key: InkKey): readonly Key[] {
  if (key.ctrl) return input === 'c' ? [{ type: 'interrupt' }] : [];
  if (key.tab) return [{ type: key.shift ? 'back-tab' : 'tab' }];
  const named = NAMED.find(([name]) => key[name]);
  if (named !== undefined) return [{ type: named[1] }];
  if (key.meta) return [];
  return Array.from(input)
    .map(keyOfCharacter)
    .filter((one) => one !== null);
}

function keyOfCharacter(character: string): Key | null {
  switch (character) {
    case '\u0003':
      return { type: 'interrupt' };
    case '\r':
    case '\n':
      return { type: 'enter' };
    case '\t':
      return { type: 'tab' };
    case '\u007f':
    case '\b':
      return { type: 'backspace' };
    default:
      return /\p{Cc}/u.test(character) ? null : { type: 'text', character };
  }
}
