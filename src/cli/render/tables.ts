import { appStatus, readyCount, type AppStatus, type ObservedApp } from '../../domain/observed-state.ts';
import { isUnmanaged, type ObservedWorker } from '../../domain/worker-state.ts';
import { printable } from '../../reconcile/printable.ts';
import { byCodeUnit } from '../../util/compare.ts';
import { formatBytes } from '../../reconcile/format-bytes.ts';
import { paint, type Colour } from './colours.ts';
import { formatDuration } from './duration-text.ts';
import { formatTable } from './table.ts';
import { formatTroubles } from './trouble-text.ts';

/** `eco list`: one line an app, by project and name; project and namespace only where they tell apps apart. */
export function formatAppTable(apps: readonly ObservedApp[], { colour }: { readonly colour: boolean }): string {
  const sorted = [...apps].sort((a, b) => byCodeUnit(a.project, b.project) || byCodeUnit(a.name, b.name));
  const columns = COLUMNS.filter(({ when }) => when === undefined || when(sorted));
  const right = columns.flatMap(({ align }, index) => (align === 'right' ? [index] : []));
  const rows = [columns.map(({ title }) => title), ...sorted.map((app) => columns.map(({ cell }) => cell(app)))];
  const [head = '', ...lines] = formatTable(rows, right);
  const colours = paint(colour);
  const troubles = formatTroubles(sorted);
  return [
    colours('dim', head),
    ...lines.map((line, index) => coloured(line, sorted[index], colours)),
    ...(troubles.length === 0 ? [] : ['', ...troubles]),
  ].join('\n');
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
  { title: 'notes', cell: notes, when: (apps) => apps.some((app) => notes(app) !== '') },
];

export const STATUS_COLOURS: Readonly<Record<AppStatus, Colour>> = {
  ready: 'green',
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

/** Since when all of its processes run: that of the youngest. */
function uptime({ workers }: ObservedApp): string {
  const spans = workers.flatMap(({ phase, uptime }) => (phase === 'ready' && uptime !== null ? [uptime] : []));
  return spans.length === 0 ? '–' : formatDuration(Math.min(...spans));
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
