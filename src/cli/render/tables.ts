import { appStatus, readyCount, type AppStatus, type ObservedApp } from '../../domain/observed-state.ts';
import { isUnmanaged, type ObservedWorker } from '../../domain/worker-state.ts';
import { printable } from '../../reconcile/printable.ts';
import { byCodeUnit } from '../../util/compare.ts';
import { unreachable } from '../../util/unreachable.ts';
import { formatBytes } from '../../reconcile/format-bytes.ts';
import type { SortKey } from '../sort-keys.ts';
import { paint, type Colour } from './colours.ts';
import { formatDuration } from './duration-text.ts';
import { formatTable, tableWidth } from './table.ts';
import { formatMinute } from './time-text.ts';
import { formatTroubles } from './trouble-text.ts';

export interface AppTableOptions {
  readonly colour: boolean;
  /** Columns are left out, the least telling ones first, until the table is no wider. */
  readonly maxWidth?: number;
  readonly sort?: SortKey;
}

/** `eco list`: one line an app, by project and name; project and namespace only where they tell apps apart. */
export function formatAppTable(apps: readonly ObservedApp[], options: AppTableOptions): string {
  const { colour, maxWidth = Number.POSITIVE_INFINITY, sort } = options;
  const sorted = [...apps].sort((a, b) => (sort === undefined ? 0 : compare(a, b, sort)) || byProjectAndName(a, b));
  let columns = COLUMNS.filter(({ when }) => when === undefined || when(sorted));
  for (const title of LEAST_TELLING) {
    if (tableWidth(tableLines(sorted, columns)) <= maxWidth) break;
    columns = columns.filter((column) => column.title !== title);
  }
  const [head = '', ...lines] = tableLines(sorted, columns);
  const colours = paint(colour);
  const troubles = formatTroubles(sorted);
  return [
    colours('dim', head),
    ...lines.map((line, index) => coloured(line, sorted[index], colours)),
    ...(troubles.length === 0 ? [] : ['', ...troubles]),
  ].join('\n');
}

const LEAST_TELLING = ['notes', 'namespace', 'revision', 'uptime', 'restarts', 'cpu', 'memory', 'next run', 'project'];

function tableLines(apps: readonly ObservedApp[], columns: readonly Column[]): readonly string[] {
  const right = columns.flatMap(({ align }, index) => (align === 'right' ? [index] : []));
  const rows = [columns.map(({ title }) => title), ...apps.map((app) => columns.map(({ cell }) => cell(app)))];
  return formatTable(rows, right);
}

function byProjectAndName(a: ObservedApp, b: ObservedApp): number {
  return byCodeUnit(a.project, b.project) || byCodeUnit(a.name, b.name);
}

/** What needs eyes first comes first: the worst status, the most of everything else. */
function compare(a: ObservedApp, b: ObservedApp, key: SortKey): number {
  switch (key) {
    case 'name':
      return byCodeUnit(a.name, b.name);
    case 'status':
      return WORST_FIRST.indexOf(appStatus(a)) - WORST_FIRST.indexOf(appStatus(b));
    case 'restarts':
      return most(sum(a.workers, 'restarts'), sum(b.workers, 'restarts'));
    case 'uptime':
      return most(uptimeOf(a), uptimeOf(b));
    case 'cpu':
      return most(sum(a.workers, 'cpuPercent'), sum(b.workers, 'cpuPercent'));
    case 'memory':
      return most(sum(a.workers, 'memoryBytes'), sum(b.workers, 'memoryBytes'));
    default:
      return unreachable(key);
  }
}

const WORST_FIRST: readonly AppStatus[] = [
  'failed',
  'backing-off',
  'degraded',
  'starting',
  'stopping',
  'stopped',
  'ready',
  'completed',
  'scheduled',
];

function most(a: number | null, b: number | null): number {
  return (b ?? -1) - (a ?? -1);
}

interface Column {
  readonly title: string;
  readonly cell: (app: ObservedApp) => string;
  readonly align?: 'right';
  /** Left out where this is false. */
  readonly when?: (apps: readonly ObservedApp[]) => boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'name', cell: ({ name }) => printable(name) },
  { title: 'project', cell: ({ project }) => printable(project), when: (apps) => differ(apps, 'project') },
  {
    title: 'namespace',
    cell: ({ spec }) => printable(spec.namespace),
    when: (apps) =>
      differ(
        apps.map(({ spec }) => spec),
        'namespace',
      ),
  },
  { title: 'status', cell: appStatus },
  { title: 'ready', cell: (app) => `${readyCount(app)}/${app.spec.instances}`, align: 'right' },
  { title: 'restarts', cell: ({ workers }) => `${sum(workers, 'restarts') ?? 0}`, align: 'right' },
  { title: 'uptime', cell: uptime, align: 'right' },
  { title: 'cpu', cell: ({ workers }) => formatCpu(sum(workers, 'cpuPercent')), align: 'right' },
  { title: 'memory', cell: ({ workers }) => formatMemory(sum(workers, 'memoryBytes')), align: 'right' },
  { title: 'revision', cell: ({ revision }) => `${revision}`, align: 'right' },
  {
    title: 'next run',
    cell: ({ nextRun = null }) => (nextRun === null ? '–' : formatMinute(nextRun)),
    when: (apps) => apps.some(({ nextRun = null }) => nextRun !== null),
  },
  { title: 'notes', cell: notes, when: (apps) => apps.some((app) => notes(app) !== '') },
];

export const STATUS_COLOURS: Readonly<Record<AppStatus, Colour>> = {
  ready: 'green',
  scheduled: 'green',
  completed: 'green',
  degraded: 'yellow',
  starting: 'yellow',
  stopping: 'yellow',
  'backing-off': 'red',
  failed: 'red',
  stopped: 'dim',
};

function coloured(line: string, app: ObservedApp | undefined, colours: ReturnType<typeof paint>): string {
  if (app === undefined) return line;
  const status = appStatus(app);
  // The name comes first and may be a status word itself.
  const at = line.indexOf(` ${status} `, printable(app.name).length);
  if (at < 0) return line;
  return `${line.slice(0, at + 1)}${colours(STATUS_COLOURS[status], status)}${line.slice(at + 1 + status.length)}`;
}

function notes({ workers }: ObservedApp): string {
  return workers.some(isUnmanaged) ? 'unmanaged' : '';
}

function uptime(app: ObservedApp): string {
  const span = uptimeOf(app);
  return span === null ? '–' : formatDuration(span);
}

/** Since when all of its processes run: that of the youngest; null if none is ready. */
function uptimeOf({ workers }: ObservedApp): number | null {
  const spans = workers.flatMap(({ phase, uptime }) => (phase === 'ready' && uptime !== null ? [uptime] : []));
  return spans.length === 0 ? null : Math.min(...spans);
}

/** null if nobody knows any of the numbers. */
function sum(workers: readonly ObservedWorker[], field: 'restarts' | 'cpuPercent' | 'memoryBytes'): number | null {
  const known = workers.flatMap((worker) => worker[field] ?? []);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

export function formatCpu(percent: number | null): string {
  return percent === null ? '–' : `${percent.toFixed(1)} %`;
}

export function formatMemory(bytes: number | null): string {
  return bytes === null ? '–' : formatBytes(bytes);
}

function differ<K extends string>(all: readonly Readonly<Record<K, string>>[], key: K): boolean {
  return new Set(all.map((one) => one[key])).size > 1;
}
