import type { ObservedApp, ObservedState } from '../../domain/observed-state.ts';
import type { Timestamp } from '../../domain/time.ts';
import { unreachable } from '../../util/unreachable.ts';
import { appsOf } from '../targets.ts';
import type { Logged, MonitEvent, Updated } from './messages.ts';
import { onKey } from './on-key.ts';
import { hasSeveral, keyOf, samplesOf } from './rows.ts';
import { withSamples } from './series.ts';
import {
  logTarget,
  NO_LOGS,
  sameApp,
  selectedRow,
  targetKey,
  type MonitState,
  type Notice,
  type Scope,
} from './state.ts';

const KEPT_LINES = 500;
const KEPT_EVENTS = 1000;
/** As many rows as are taken in at a glance: up to here, workers are shown from the beginning. */
const FEW_ROWS = 12;

export function update(state: MonitState, event: MonitEvent): Updated {
  switch (event.type) {
    case 'key':
      return forgetWhatIsOfOthers(state, onKey(state, event.key));
    case 'resized':
      return stay({ ...state, size: event.size });
    case 'observed':
      return forgetWhatIsOfOthers(state, stay(observed(state, event)));
    case 'daemon-missed':
      return stay(missed(state, event.at));
    case 'daemon-not-started':
      return stay(told(notStarting(state), event.notice));
    case 'happened':
      return stay({ ...state, events: [...(event.anew ? [] : state.events), ...event.events].slice(-KEPT_EVENTS) });
    case 'logged':
      return stay(logged(state, event));
    case 'history':
      return stay({ ...state, history: event.history });
    case 'operated':
      return stay(told({ ...state, underWay: withoutFirst(state, event) }, event.notice));
    default:
      return unreachable(event);
  }
}

/** In the last line; more than that takes the screen, unless a question is on it. */
function told(state: MonitState, notice: Notice): MonitState {
  if (notice.lines.length === 1 || state.mode.type !== 'browsing') return { ...state, notice };
  return { ...state, notice: null, mode: { type: 'message', lines: notice.lines } };
}

function stay(state: MonitState): Updated {
  return { state, effects: [] };
}

function observed(state: MonitState, { observed: seen, info }: Extract<MonitEvent, { type: 'observed' }>): MonitState {
  const apps = appsInScope(seen, state.scope);
  const before = state.daemon;
  const replaced = before.type === 'gone' ? before.pid : before.info.pid;
  const notice: Notice | null =
    replaced === null || replaced === info.pid
      ? state.notice
      : { lines: [`The daemon was replaced: pid ${replaced} → ${info.pid}. The apps ran on.`], tone: 'good' };
  return {
    ...state,
    daemon: { type: 'connected', info },
    apps,
    series: withSamples(state.series, samplesOf(apps)),
    unfolded: state.apps === null ? unfoldedAtFirst(apps) : state.unfolded,
    notice,
  };
}

function appsInScope(seen: ObservedState, { project, only }: Scope): readonly ObservedApp[] {
  const apps = appsOf(seen, project);
  return only === null ? apps : apps.filter(({ name }) => only.includes(name));
}

function unfoldedAtFirst(apps: readonly ObservedApp[]): ReadonlySet<string> {
  const rows = apps.reduce((count, app) => count + (hasSeveral(app) ? 1 + app.workers.length : 1), 0);
  return new Set(rows > FEW_ROWS ? [] : apps.filter(hasSeveral).map(keyOf));
}

function missed(state: MonitState, at: Timestamp): MonitState {
  const { daemon } = state;
  if (daemon.type === 'gone') return { ...state, daemon: { ...daemon, now: at } };
  return { ...state, daemon: { type: 'gone', pid: daemon.info.pid, since: at, now: at, starting: false } };
}

function notStarting(state: MonitState): MonitState {
  return state.daemon.type === 'gone' ? { ...state, daemon: { ...state.daemon, starting: false } } : state;
}

/** Lines that come late are of a selection that was left. Who reads further up goes on seeing the same lines. */
function logged(state: MonitState, { target, lines, anew, skipping }: Logged): MonitState {
  const { logs } = state;
  const selection = logTarget(state);
  if (selection === null || targetKey(selection) !== target) return state;
  if (anew) return { ...state, logs: { target, lines: lines.slice(-KEPT_LINES), below: 0, skipping } };
  const all = [...logs.lines, ...lines].slice(-KEPT_LINES);
  const below = logs.below === 0 ? 0 : Math.min(all.length - 1, logs.below + lines.length);
  return { ...state, logs: { target, lines: all, below, skipping } };
}

function withoutFirst({ underWay }: MonitState, { app, operation }: Extract<MonitEvent, { type: 'operated' }>) {
  const at = underWay.findIndex((one) => sameApp(one.app, app) && one.operation === operation);
  return underWay.filter((_, index) => index !== at);
}

/** Another selection has other logs and another history, and its details begin at the top. */
function forgetWhatIsOfOthers(before: MonitState, { state, effects }: Updated): Updated {
  const [was, is] = [selectedRow(before), selectedRow(state)];
  if (was?.key === is?.key) return { state, effects };
  const sameHistory = was !== null && is !== null && keyOf(was.app) === keyOf(is.app);
  return {
    state: {
      ...state,
      selected: is?.key ?? state.selected,
      logs: NO_LOGS,
      detailsFrom: 0,
      history: sameHistory ? state.history : null,
    },
    effects,
  };
}
