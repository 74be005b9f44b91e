import type { RecordedEvent } from '../../domain/event.ts';
import type { AppHistory } from '../../domain/history.ts';
import type { AppKey } from '../../domain/names.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import type { Timestamp } from '../../domain/time.ts';
import type { DaemonInfo, LogLine } from '../../protocol/control.ts';
import type { Operation } from '../flow/operation.ts';
import type { MonitState, Notice, Size } from './state.ts';

export type Key = { readonly type: 'text'; readonly character: string } | { readonly type: KeyName };

export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'page-up'
  | 'page-down'
  | 'home'
  | 'end'
  | 'enter'
  | 'tab'
  | 'back-tab'
  | 'escape'
  | 'backspace'
  | 'interrupt';

/** What the dashboard is told. */
export type MonitEvent =
  | { readonly type: 'key'; readonly key: Key }
  | { readonly type: 'resized'; readonly size: Size }
  | { readonly type: 'observed'; readonly observed: ObservedState; readonly info: DaemonInfo }
  | { readonly type: 'daemon-missed'; readonly at: Timestamp }
  | { readonly type: 'daemon-not-started'; readonly notice: Notice }
  /** `anew`: these take the place of what was there. */
  | { readonly type: 'happened'; readonly events: readonly RecordedEvent[]; readonly anew: boolean }
  | Logged
  | { readonly type: 'history'; readonly history: AppHistory }
  | { readonly type: 'operated'; readonly app: AppKey; readonly operation: Operation; readonly notice: Notice };

/** Lines of the selection. */
export interface Logged {
  readonly type: 'logged';
  readonly target: string;
  readonly lines: readonly LogLine[];
  readonly anew: boolean;
  /** There are more than anyone reads: lines are left out. */
  readonly skipping: boolean;
}

/** What it asks for. */
export type MonitEffect =
  | { readonly type: 'quit' }
  | { readonly type: 'operate'; readonly app: AppKey; readonly operation: Operation }
  | { readonly type: 'start-daemon' };

export interface Updated {
  readonly state: MonitState;
  readonly effects: readonly MonitEffect[];
}
