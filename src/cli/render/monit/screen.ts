import { printable } from '../../../reconcile/printable.ts';
import { unreachable } from '../../../util/unreachable.ts';
import type { MonitState, PaneName } from '../../monit/state.ts';
import { cells, clip } from '../table.ts';
import { appsPane, appsTitle } from './apps-pane.ts';
import { footer, header } from './bars.ts';
import { detailLines } from './details-pane.ts';
import { layout, paneHeight, type PanePlace } from './layout.ts';
import { logLines, logsTitle } from './logs-pane.ts';
import { fitted, plain, span, type Line } from './spans.ts';

/** What is to be seen, line by line; every line of a pane is as wide as its place inside the frame. */
export interface Screen {
  readonly columns: number;
  readonly header: Line;
  readonly panes: readonly (readonly Pane[])[];
  readonly footer: Line;
}

export interface Pane {
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
  readonly focused: boolean;
  /** The upper side of the frame, with a title in it. */
  readonly top: Line;
  readonly lines: readonly Line[];
}

/** Between the frame and the text. */
const MARGIN = 4;

export function screenOf(state: MonitState): Screen {
  const { columns } = state.size;
  const places = layout(state);
  const over = overlay(state);
  const panes = over === null ? places.map((row) => row.map((place) => paneOf(state, place))) : spread(over, places);
  return { columns, header: fitted(header(state), columns), panes, footer: fitted(footer(state), columns) };
}

function paneOf(state: MonitState, { name, columns, rows }: PanePlace): Pane {
  const width = Math.max(0, columns - MARGIN);
  const focused = state.focus === name;
  return {
    name,
    columns,
    rows,
    focused,
    top: topOf(titleOf(state, name), { columns, focused }),
    lines: contentOf(state, { name, width }).map((line) => fitted(line, width)),
  };
}

function topOf(title: string, { columns, focused }: Pick<Pane, 'columns' | 'focused'>): Line {
  const [left, bar, right] = focused ? ['┏', '━', '┓'] : ['┌', '─', '┐'];
  const room = Math.max(0, columns - 3);
  const shown = clip(` ${title} `, room);
  const colour = focused ? 'cyan' : 'dim';
  return [
    span(`${left}${bar}`, colour),
    span(shown, 'bold'),
    span(`${bar.repeat(Math.max(0, room - cells(shown)))}${right}`, colour),
  ];
}

function titleOf(state: MonitState, name: PaneName): string {
  switch (name) {
    case 'apps':
      return appsTitle(state);
    case 'logs':
      return logsTitle(state);
    case 'details':
      return 'Details';
    default:
      return unreachable(name);
  }
}

function contentOf(
  state: MonitState,
  { name, width }: { readonly name: PaneName; readonly width: number },
): readonly Line[] {
  const height = paneHeight(state, name);
  switch (name) {
    case 'apps':
      return state.apps === null || state.apps.length > 0 ? appsPane(state, { width, height }) : NO_APPS;
    case 'logs':
      return logLines(state, height);
    case 'details':
      return detailLines(state).slice(state.detailsFrom, state.detailsFrom + height);
    default:
      return unreachable(name);
  }
}

const NO_APPS: readonly Line[] = [plain('No apps. Describe them in ecosystem.yaml, then run `eco apply`.')];

interface Overlay {
  readonly title: string;
  readonly lines: readonly Line[];
}

function overlay({ mode }: MonitState): Overlay | null {
  if (mode.type === 'help') {
    const lines = HELP.map(([keys, meaning]) => [span(keys.padEnd(22), 'bold'), span(meaning)]);
    return { title: 'Help · any key goes back', lines };
  }
  if (mode.type !== 'message') return null;
  return { title: 'Any key goes back', lines: mode.lines.map((line) => plain(printable(line))) };
}

/** In the place of all panes. */
function spread({ title, lines }: Overlay, places: readonly (readonly PanePlace[])[]): Screen['panes'] {
  const columns = Math.max(...places.map((row) => row.reduce((sum, place) => sum + place.columns, 0)));
  const rows = places.reduce((sum, row) => sum + Math.max(...row.map((place) => place.rows)), 0);
  const width = Math.max(0, columns - MARGIN);
  const shown = lines.slice(0, Math.max(0, rows - 2)).map((line) => fitted(line, width));
  return [
    [{ name: 'over', columns, rows, focused: true, top: topOf(title, { columns, focused: true }), lines: shown }],
  ];
}

const HELP: readonly (readonly [string, string])[] = [
  ['↑ ↓ j k', 'select an app or a worker; scroll in the logs and the details'],
  ['PgUp PgDn g G', 'a page, to the first, to the last; G follows the logs again'],
  ['Space → ←', 'show or hide the workers of an app'],
  ['Tab Enter, Shift-Tab', 'the next pane, the one before'],
  ['/', 'only apps whose name or namespace has these letters, or is like a*b; p/a for projects'],
  ['Esc', 'all apps again'],
  ['r', 'restart: all workers of the app end, then start'],
  ['R', 'reload: one worker after the other, as a deploy does'],
  ['s S', 'stop, start'],
  ['+ -', 'one worker more, one less; again before the `y`: two, and so on'],
  ['d', 'start a daemon, where there is none any more'],
  ['q Ctrl-C', 'quit; what was begun goes on'],
];
