import { unreachable } from '../../util/unreachable.ts';
import type { Operation } from '../flow/operation.ts';
import { detailLines } from '../render/monit/details-pane.ts';
import { paneHeight } from '../render/monit/layout.ts';
import type { Key, Updated } from './messages.ts';
import { hasSeveral, keyOf } from './rows.ts';
import { findApp, PANES, sameApp, selectedRow, visibleRows, type Mode, type MonitState, type Scale } from './state.ts';

type In<Type extends Mode['type']> = MonitState & { readonly mode: Extract<Mode, { type: Type }> };

/** Ctrl-C ends it from everywhere; what else a key does depends on what is on the screen. */
export function onKey(state: MonitState, key: Key): Updated {
  if (key.type === 'interrupt') return { state, effects: [{ type: 'quit' }] };
  const { mode } = state;
  switch (mode.type) {
    case 'browsing':
      return whileBrowsing({ ...state, notice: null }, key);
    case 'filtering':
      return whileFiltering({ ...state, mode }, key);
    case 'confirming':
      return whileConfirming({ ...state, mode }, key);
    case 'help':
    case 'message':
      return stay(browsing(state));
    default:
      return unreachable(mode);
  }
}

function whileBrowsing(state: MonitState, key: Key): Updated {
  if (key.type === 'text') return onLetter(state, key.character);
  switch (key.type) {
    case 'tab':
    case 'enter':
      return stay(focusNext(state, 1));
    case 'back-tab':
      return stay(focusNext(state, -1));
    case 'escape':
      return stay({ ...state, filter: '', focus: 'apps' });
    case 'left':
    case 'right':
      return stay(fold(state, key.type === 'right'));
    case 'backspace':
    case 'interrupt':
      return stay(state);
    default:
      return stay(move(state, key.type));
  }
}

function onLetter(state: MonitState, letter: string): Updated {
  switch (letter) {
    case 'q':
      return { state, effects: [{ type: 'quit' }] };
    case 'j':
    case 'k':
      return stay(move(state, letter === 'j' ? 'down' : 'up'));
    case 'g':
    case 'G':
      return stay(move(state, letter === 'g' ? 'home' : 'end'));
    case ' ':
      return stay(fold(state, null));
    case '/':
      return stay({ ...state, focus: 'apps', mode: { type: 'filtering', before: state.filter } });
    case '?':
      return stay({ ...state, mode: { type: 'help' } });
    case 'd':
      return startDaemon(state);
    default:
      return stay(ask(state, OPERATIONS.get(letter) ?? null));
  }
}

const ONE_MORE: Scale = { type: 'scale', change: { type: 'by', difference: 1 } };
const ONE_LESS: Scale = { type: 'scale', change: { type: 'by', difference: -1 } };

const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['r', { type: 'restart' }],
  ['R', { type: 'reload' }],
  ['s', { type: 'stop' }],
  ['S', { type: 'start' }],
  ['+', ONE_MORE],
  ['=', ONE_MORE],
  ['-', ONE_LESS],
]);

/** Apps are what is operated on; a worker that is selected stands for its app. */
function ask(state: MonitState, operation: Operation | null): MonitState {
  const row = selectedRow(state);
  if (operation === null || row === null) return state;
  if (state.daemon.type === 'gone') {
    return {
      ...state,
      notice: { lines: ['Nothing can be changed while there is no daemon; `d` starts one.'], tone: 'bad' },
    };
  }
  if (operation === ONE_LESS && row.app.spec.instances <= 1) {
    return { ...state, notice: { lines: [`${row.app.name} has one worker; \`s\` stops it.`], tone: 'bad' } };
  }
  const app = { project: row.app.project, app: row.app.name };
  return { ...state, mode: { type: 'confirming', app, operation } };
}

/** Only a `y` does it. Further `+` and `-` change the number that is asked about. */
function whileConfirming(state: In<'confirming'>, key: Key): Updated {
  const { app, operation } = state.mode;
  const character = key.type === 'text' ? key.character : '';
  if (character === 'y' || character === 'Y') {
    const again = state.underWay.some((one) => sameApp(one.app, app) && one.operation.type === operation.type);
    // The daemon would do it a second time.
    if (again) return stay(browsing(state));
    const underWay = [...state.underWay, { app, operation }];
    return { state: { ...browsing(state), underWay }, effects: [{ type: 'operate', app, operation }] };
  }
  const pressed = operation.type === 'scale' ? OPERATIONS.get(character) : undefined;
  const scale = [ONE_MORE, ONE_LESS].find((one) => one === pressed);
  if (scale !== undefined) return stay(scaleFurther(state, scale.change.difference));
  return stay(browsing(state));
}

function scaleFurther(state: In<'confirming'>, by: number): MonitState {
  const { app, operation } = state.mode;
  if (operation.type !== 'scale' || operation.change.type !== 'by') return state;
  const difference = operation.change.difference + by;
  const instances = findApp(state.apps, app)?.spec.instances ?? 1;
  if (instances + difference < 1) return state;
  if (difference === 0) return browsing(state);
  return {
    ...state,
    mode: { type: 'confirming', app, operation: { type: 'scale', change: { type: 'by', difference } } },
  };
}

function whileFiltering(state: In<'filtering'>, key: Key): Updated {
  switch (key.type) {
    case 'text':
      return stay({ ...state, filter: state.filter + key.character });
    case 'backspace':
      return stay({ ...state, filter: Array.from(state.filter).slice(0, -1).join('') });
    case 'escape':
      return stay({ ...browsing(state), filter: state.mode.before });
    case 'enter':
    case 'tab':
      return stay(browsing(state));
    case 'up':
    case 'down':
      return stay(move(state, key.type));
    default:
      return stay(state);
  }
}

/** Asked for by hand: while a daemon is being replaced, another one of this version would come between. */
function startDaemon(state: MonitState): Updated {
  if (state.daemon.type !== 'gone' || state.daemon.starting) return stay(state);
  return { state: { ...state, daemon: { ...state.daemon, starting: true } }, effects: [{ type: 'start-daemon' }] };
}

function focusNext(state: MonitState, step: 1 | -1): MonitState {
  const focus = PANES[(PANES.indexOf(state.focus) + step + PANES.length) % PANES.length] ?? 'apps';
  return { ...state, focus, lower: focus === 'apps' ? state.lower : focus };
}

/** null: the other way than it is. The selection of a worker that is folded away goes to its app. */
function fold(state: MonitState, open: boolean | null): MonitState {
  const row = selectedRow(state);
  if (row === null || !hasSeveral(row.app)) return state;
  const key = keyOf(row.app);
  const unfolded = new Set(state.unfolded);
  if (open ?? !unfolded.has(key)) unfolded.add(key);
  else unfolded.delete(key);
  return { ...state, unfolded, selected: unfolded.has(key) ? row.key : key };
}

type Movement = 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end';

/** In the pane that has the focus: through the rows, the lines of the log, or those of the details. */
function move(state: MonitState, movement: Movement): MonitState {
  const height = paneHeight(state, state.focus);
  const by = distance(movement, Math.max(1, height - 1));
  switch (state.focus) {
    case 'apps': {
      const rows = visibleRows(state);
      const at = rows.findIndex(({ key }) => key === selectedRow(state)?.key);
      return { ...state, selected: rows[clamp(at + by, rows.length - 1)]?.key ?? state.selected };
    }
    case 'logs':
      return {
        ...state,
        logs: { ...state.logs, below: clamp(state.logs.below - by, state.logs.lines.length - height) },
      };
    case 'details':
      return { ...state, detailsFrom: clamp(state.detailsFrom + by, detailLines(state).length - height) };
    default:
      return unreachable(state.focus);
  }
}

function distance(movement: Movement, page: number): number {
  switch (movement) {
    case 'up':
      return -1;
    case 'down':
      return 1;
    case 'page-up':
      return -page;
    case 'page-down':
      return page;
    case 'home':
      return Number.NEGATIVE_INFINITY;
    case 'end':
      return Number.POSITIVE_INFINITY;
    default:
      return unreachable(movement);
  }
}

function clamp(value: number, largest: number): number {
  return Math.max(0, Math.min(largest, value));
}

function browsing(state: MonitState): MonitState {
  return { ...state, mode: { type: 'browsing' } };
}

function stay(state: MonitState): Updated {
  return { state, effects: [] };
}
