import { appStatus, type ObservedApp } from '../../../domain/observed-state.ts';
import { formatBytes } from '../../../reconcile/format-bytes.ts';
import { printable } from '../../../reconcile/printable.ts';
import { unreachable } from '../../../util/unreachable.ts';
import type { Operation } from '../../flow/operation.ts';
import { total } from '../../monit/rows.ts';
import { findApp, type MonitState } from '../../monit/state.ts';
import { scaledTo } from '../../scale-change.ts';
import { formatDuration } from '../duration-text.ts';
import { cells } from '../table.ts';
import { formatCpu, formatMemory } from '../tables.ts';
import { span, type Line } from './spans.ts';

/** The line above the panes: all apps together, and the daemon. */
export function header({ apps, daemon }: MonitState): Line {
  if (daemon.type === 'gone') return [span('eco ', 'bold'), ...goneText(daemon, apps)];
  const all = apps ?? [];
  const workers = all.flatMap((app) => app.workers);
  const troubled = all.filter((app) => ['failed', 'backing-off', 'degraded'].includes(appStatus(app))).length;
  const { pid, memoryBytes, uptime, version } = daemon.info;
  return [
    span('eco ', 'bold'),
    span(`${count(all.length, 'app')} · ${count(workers.length, 'worker')}`),
    ...(troubled === 0 ? [] : [span(` · ${troubled} in trouble`, 'red')]),
    span(` · ${formatCpu(total(workers.map(({ cpuPercent }) => cpuPercent)))}`),
    span(` · ${formatMemory(total(workers.map((worker) => worker.memoryBytes)))}`),
    span(` · daemon ${version} pid ${pid} up ${formatDuration(uptime)} ${formatBytes(memoryBytes)}`, 'dim'),
  ];
}

function goneText(
  { pid, since, now, starting }: Extract<MonitState['daemon'], { type: 'gone' }>,
  apps: readonly ObservedApp[] | null,
): Line {
  if (starting) return [span('starts a daemon …', 'yellow')];
  if (pid === null)
    return [span(apps === null ? 'looks for the daemon …' : 'no daemon runs, and there are no apps', 'dim')];
  const gone = `the daemon (pid ${pid}) is gone since ${formatDuration(now - since)}`;
  return [span(`${gone}; apps run on, this is how they were · d starts the next one`, 'red')];
}

/** The line below: a question, what is typed, what became of something, what is under way, or the keys. */
export function footer(state: MonitState): Line {
  const { mode, notice, underWay, filter, size } = state;
  switch (mode.type) {
    case 'confirming':
      return [span(`${question(state, mode)} `, 'yellow'), span('y', 'bold'), span(' yes · any other key: no')];
    case 'filtering':
      return [span(`/${printable(filter)}`, 'bold'), span('▏'), span(' Enter keeps it, Esc takes it back', 'dim')];
    case 'browsing':
    case 'help':
    case 'message':
      break;
    default:
      return unreachable(mode);
  }
  if (notice !== null) return [span(notice.lines.map(printable).join(' '), notice.tone === 'good' ? 'green' : 'red')];
  if (underWay.length === 0) return [span(keys(size.columns), 'dim')];
  return [
    span(`${underWay.map(({ app, operation }) => `${printable(app.app)}: ${operation.type}`).join(', ')} …`, 'yellow'),
  ];
}

/** The most needed ones last: the first ones are left out where there is no room. */
const KEYS: readonly string[] = [
  '↑↓ select',
  'Tab pane',
  'r restart',
  'R reload',
  's stop',
  'S start',
  '+/- scale',
  '/ filter',
  '? help',
  'q quit',
];

function keys(columns: number): string {
  const all = KEYS.map((_, index) => KEYS.slice(index).join('  '));
  return all.find((text) => cells(text) <= columns) ?? '';
}

function question(state: MonitState, { app, operation }: Extract<MonitState['mode'], { type: 'confirming' }>): string {
  const observed = findApp(state.apps, app);
  const instances = observed?.spec.instances ?? 1;
  const running = (observed?.workers ?? []).filter(({ pid }) => pid !== null).length;
  return `${verb(operation)} ${printable(app.app)}${consequence(operation, { instances, running })}?`;
}

function verb({ type }: Operation): string {
  return `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
}

function consequence(
  operation: Operation,
  { instances, running }: { readonly instances: number; readonly running: number },
): string {
  switch (operation.type) {
    case 'scale':
      return ` ${instances} → ${scaledTo(operation.change, instances)}`;
    case 'restart':
      return `, ${count(running, 'worker')} at once, with downtime`;
    case 'reload':
      return `, ${count(running, 'worker')} one after the other`;
    case 'stop':
    case 'delete':
      return `, ${count(running, 'worker')}`;
    case 'start':
      return '';
    default:
      return unreachable(operation);
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
