import type { Key, KeyName, MonitEffect, MonitEvent } from '../../src/cli/monit/messages.ts';
import { initialState, type MonitState, type Size } from '../../src/cli/monit/state.ts';
import { update } from '../../src/cli/monit/update.ts';
import { screenOf } from '../../src/cli/render/monit/screen.ts';
import { textOf } from '../../src/cli/render/monit/spans.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import type { DaemonInfo, LogLine } from '../../src/protocol/control.ts';
import { observedProject, observedState } from './states.ts';

export const DAEMON: DaemonInfo = {
  protocol: 1,
  version: '1.2.3',
  pid: 812,
  node: 'v20.0.0',
  reusePort: 'supported',
  home: '/home/me/.eco',
  uptime: 7_200_000,
  apps: 3,
  workers: 4,
  memoryBytes: 56_623_104,
};

const NAMED = new Set<string>(['up', 'down', 'left', 'right', 'page-up', 'page-down', 'home', 'end', 'enter', 'tab']);
const OTHERS = new Set<string>(['back-tab', 'escape', 'backspace', 'interrupt']);

function keyOf(word: string): Key {
  return NAMED.has(word) || OTHERS.has(word) ? { type: word as KeyName } : { type: 'text', character: word };
}

/** A dashboard without a terminal: it is told things, and shows and asks for others. */
export class MonitRig {
  state: MonitState;
  readonly effects: MonitEffect[] = [];

  constructor(apps: readonly ObservedApp[], size: Size = { columns: 80, rows: 24 }) {
    this.state = initialState(size, { project: null, only: null }, 0);
    this.observe(apps);
  }

  tell(event: MonitEvent): void {
    const { state, effects } = update(this.state, event);
    this.state = state;
    this.effects.push(...effects);
  }

  observe(apps: readonly ObservedApp[], info: DaemonInfo = DAEMON): void {
    this.tell({ type: 'observed', observed: observedState(observedProject(apps)), info });
  }

  /** Letters, or the names of other keys. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.tell({ type: 'key', key: keyOf(key) });
  }

  get footer(): string {
    return textOf(screenOf(this.state).footer).trim();
  }

  get header(): string {
    return textOf(screenOf(this.state).header).trim();
  }

  /** What stands in a pane, line by line, without its frame. */
  pane(name: string): readonly string[] {
    const pane = screenOf(this.state)
      .panes.flat()
      .find((candidate) => candidate.name === name);
    return (pane?.lines ?? []).map((line) => textOf(line).trimEnd());
  }
}

export function logLine(message: string, fields: Partial<LogLine> = {}): LogLine {
  return { project: 'shop', app: 'api', instance: 0, stream: 'out', line: message, message, at: null, ...fields };
}
