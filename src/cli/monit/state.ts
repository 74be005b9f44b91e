import type { RecordedEvent } from '../../domain/event.ts';
import type { AppHistory } from '../../domain/history.ts';
import { appId, type AppKey, type ProjectName } from '../../domain/names.ts';
import type { ObservedApp } from '../../domain/observed-state.ts';
import type { Timestamp } from '../../domain/time.ts';
import type { DaemonInfo, LogLine, LogTargetQuery } from '../../protocol/control.ts';
import type { Operation } from '../flow/operation.ts';
import { rowsOf, type Row } from './rows.ts';
import type { Series } from './series.ts';

/** All that the dashboard shows comes from here, and from nowhere else. */
export interface MonitState {
  readonly size: Size;
  /** What was asked for on the command line. */
  readonly scope: Scope;
  readonly daemon: DaemonState;
  /** By project and name, as they were when the daemon last answered; null before it ever did. */
  readonly apps: readonly ObservedApp[] | null;
  /** By the keys of rows. */
  readonly series: ReadonlyMap<string, Series>;
  /** Newest last, of all apps. */
  readonly events: readonly RecordedEvent[];
  readonly unfolded: ReadonlySet<string>;
  /** The key of a row, which may be gone or filtered out; null before there was one. */
  readonly selected: string | null;
  readonly filter: string;
  readonly focus: PaneName;
  /** Of the two that share a place in small terminals, the one that is seen. */
  readonly lower: Exclude<PaneName, 'apps'>;
  readonly mode: Mode;
  readonly logs: LogView;
  /** The first line of the details that is seen. */
  readonly detailsFrom: number;
  /** Of the selected app; null until it is known. */
  readonly history: AppHistory | null;
  readonly underWay: readonly UnderWay[];
  readonly notice: Notice | null;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Scope {
  readonly project: ProjectName | null;
  /** null: all apps. */
  readonly only: readonly string[] | null;
}

export type DaemonState =
  | { readonly type: 'connected'; readonly info: DaemonInfo }
  /** `pid`: of the one that is gone; null if there was none, and no app needs one. `starting`: the next one, by this dashboard. */
  | {
      readonly type: 'gone';
      readonly pid: number | null;
      readonly since: Timestamp;
      readonly now: Timestamp;
      readonly starting: boolean;
    };

export const PANES = ['apps', 'logs', 'details'] as const;
export type PaneName = (typeof PANES)[number];

export type Mode =
  | { readonly type: 'browsing' }
  /** `before`: what Escape brings back. */
  | { readonly type: 'filtering'; readonly before: string }
  | { readonly type: 'confirming'; readonly app: AppKey; readonly operation: Operation }
  | { readonly type: 'help' }
  /** What takes more than a line to say. */
  | { readonly type: 'message'; readonly lines: readonly string[] };

export interface LogView {
  /** Whose lines these are. */
  readonly target: string | null;
  readonly lines: readonly LogLine[];
  /** How many lines below the seen ones are not seen; 0: follows. */
  readonly below: number;
  /** More is written than anyone reads: lines are left out. */
  readonly skipping: boolean;
}

export const NO_LOGS: LogView = { target: null, lines: [], below: 0, skipping: false };

export interface UnderWay {
  readonly app: AppKey;
  readonly operation: Operation;
}

export interface Notice {
  readonly lines: readonly string[];
  readonly tone: 'good' | 'bad';
}

export interface Scale {
  readonly type: 'scale';
  readonly change: { readonly type: 'by'; readonly difference: number };
}

export function initialState(size: Size, scope: Scope, now: Timestamp): MonitState {
  return {
    size,
    scope,
    daemon: { type: 'gone', pid: null, since: now, now, starting: false },
    apps: null,
    series: new Map(),
    events: [],
    unfolded: new Set(),
    selected: null,
    filter: '',
    focus: 'apps',
    lower: 'logs',
    mode: { type: 'browsing' },
    logs: NO_LOGS,
    detailsFrom: 0,
    history: null,
    underWay: [],
    notice: null,
  };
}

export function visibleRows(state: MonitState): readonly Row[] {
  return rowsOf(state.apps ?? [], state);
}

/** Where the selected row is gone, that of its app, else the first one. */
export function selectedRow(state: MonitState): Row | null {
  const rows = visibleRows(state);
  const { selected } = state;
  const found = rows.find(({ key }) => key === selected);
  return (
    found ?? rows.find(({ key, instance }) => instance === null && selected?.startsWith(`${key}:`)) ?? rows[0] ?? null
  );
}

/** Whose logs are to be followed; null where nothing is selected. */
export function logTarget(state: MonitState): LogTargetQuery | null {
  const row = selectedRow(state);
  return row === null ? null : { project: row.app.project, app: row.app.name, instance: row.instance };
}

export function targetKey({ project, app, instance }: LogTargetQuery): string {
  return `${appId({ project, app })}:${instance ?? '*'}`;
}

export function sameApp(a: AppKey, b: AppKey): boolean {
  return a.project === b.project && a.app === b.app;
}

export function findApp(apps: readonly ObservedApp[] | null, { project, app }: AppKey): ObservedApp | undefined {
  return apps?.find((candidate) => candidate.project === project && candidate.name === app);
}
