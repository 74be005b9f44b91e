import { appStatus, readyCount } from '../../../domain/observed-state.ts';
import { printable } from '../../../reconcile/printable.ts';
import { hasSeveral, keyOf, total, type Row } from '../../monit/rows.ts';
import { NO_SAMPLES, type Series } from '../../monit/series.ts';
import { selectedRow, visibleRows, type MonitState } from '../../monit/state.ts';
import type { Colour } from '../colours.ts';
import { formatDuration } from '../duration-text.ts';
import { cells, clip } from '../table.ts';
import { formatCpu, formatMemory, STATUS_COLOURS } from '../tables.ts';
import { cpuSparkline, memorySparkline } from './sparkline.ts';
import { span, type Line, type Span } from './spans.ts';

interface Room {
  readonly width: number;
  readonly height: number;
}

/** The titles of the columns, then as many rows as there is room for, the selected one among them. */
export function appsPane(state: MonitState, { width, height }: Room): readonly Line[] {
  const rows = visibleRows(state);
  const selected = selectedRow(state)?.key ?? null;
  const at = rows.findIndex(({ key }) => key === selected);
  const from = Math.max(0, Math.min(at - Math.floor(height / 2), rows.length - height));
  const seen = rows.slice(from, from + height);
  const named = seen.map((row) => nameOf(row, state));
  const columns = columnsFor(width - MARKER - Math.max(LEAST_NAME, Math.min(MOST_NAME, ...named.map(cells))));
  const nameWidth = width - MARKER - widthOf(columns);
  const head = columns.map(({ title, width: cell, align }) => `${gap(title)}${aligned(title, cell, align)}`).join('');
  return [
    [span(`  ${padded('name', nameWidth)}${head}`, 'dim')],
    ...seen.map((row, index) => {
      const isSelected = row.key === selected;
      const name = padded(clip(named[index] ?? '', nameWidth), nameWidth);
      const series = state.series.get(row.key) ?? NO_SAMPLES;
      return [
        isSelected ? span('› ', 'cyan') : span('  '),
        isSelected ? span(name, 'bold') : span(name),
        ...columns.flatMap((column) => cell(column, row, series)),
      ];
    }),
  ];
}

const MARKER = 2;
const LEAST_NAME = 8;
const MOST_NAME = 32;
const SPARKS = { wide: 20, narrow: 8 } as const;

function nameOf({ app, instance, workers, key }: Row, state: MonitState): string {
  if (instance !== null) return `  :${instance} ${workers.findLast(({ pid }) => pid !== null)?.pid ?? '–'}`;
  const projects = new Set((state.apps ?? []).map(({ project }) => project));
  const name = printable(projects.size > 1 ? `${app.project}/${app.name}` : app.name);
  if (!hasSeveral(app)) return name;
  return `${name} ${state.unfolded.has(key) ? '▾' : '▸'}`;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** The higher, the sooner it is left out. */
  readonly rank: number;
  readonly text: (row: Row, series: Series) => Span;
}

/** `spark`: how wide the sparklines are. */
const columnsWith = (spark: number): readonly Column[] => [
  { title: 'status', width: 11, align: 'left', rank: 0, text: status },
  { title: 'ready', width: 5, align: 'right', rank: 2, text: ready },
  { title: '', width: spark, align: 'right', rank: 4, text: (_, { cpu }) => span(cpuSparkline(cpu, spark), 'cyan') },
  { title: 'cpu', width: 7, align: 'right', rank: 1, text: cpu },
  {
    title: '',
    width: spark,
    align: 'right',
    rank: 5,
    text: (_, { memory }) => span(memorySparkline(memory, spark), 'cyan'),
  },
  { title: 'memory', width: 9, align: 'right', rank: 1, text: memory },
  { title: 'loop', width: 5, align: 'right', rank: 7, text: loop },
  { title: 'req/s', width: 6, align: 'right', rank: 6, text: (row) => span(rate(row, 'requests')) },
  { title: 'err/s', width: 5, align: 'right', rank: 6, text: errors },
  { title: 'p95', width: 7, align: 'right', rank: 7, text: latency },
  { title: 'restarts', width: 8, align: 'right', rank: 8, text: restarts },
  { title: 'uptime', width: 7, align: 'right', rank: 9, text: uptime },
];

/** Those that fit beside the name, the least telling ones left out first. */
function columnsFor(room: number): readonly Column[] {
  const wide = columnsWith(SPARKS.wide);
  if (widthOf(wide) <= room) return wide;
  let columns = columnsWith(SPARKS.narrow);
  for (let rank = 9; rank > 0 && widthOf(columns) > room; rank -= 1) {
    columns = columns.filter((column) => column.rank !== rank);
  }
  return columns;
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { title, width }) => sum + gap(title).length + width, 0);
}

/** A sparkline stands close to its number, on the right of it. */
function gap(title: string): string {
  return title === 'cpu' || title === 'memory' ? ' ' : '  ';
}

function cell({ title, width, align, text }: Column, row: Row, series: Series): readonly Span[] {
  const { text: content, ...look } = text(row, series);
  return [{ text: gap(title) }, { text: aligned(clip(content, width), width, align), ...look }];
}

function aligned(text: string, width: number, align: 'left' | 'right'): string {
  const padding = ' '.repeat(Math.max(0, width - cells(text)));
  return align === 'right' ? padding + text : text + padding;
}

function padded(text: string, width: number): string {
  return aligned(text, width, 'left');
}

function status({ app, instance, workers }: Row): Span {
  if (instance === null) {
    const word = appStatus(app);
    return span(word, STATUS_COLOURS[word]);
  }
  const phase = workers.at(-1)?.phase ?? 'stopped';
  return span(phase, phase === 'draining' ? 'yellow' : STATUS_COLOURS[phase]);
}

function ready({ app, instance }: Row): Span {
  return span(instance === null ? `${readyCount(app)}/${app.spec.instances}` : '');
}

function cpu({ workers }: Row): Span {
  return span(formatCpu(total(workers.map(({ cpuPercent }) => cpuPercent))));
}

function memory({ workers }: Row): Span {
  return span(formatMemory(total(workers.map(({ memoryBytes }) => memoryBytes))));
}

/** Of the busiest one: the others do not help the requests that wait for it. */
function loop({ workers }: Row): Span {
  const busy = most(workers.map(({ stats }) => stats?.eventLoopUtilization));
  return busy === null ? span('–', 'dim') : span(`${Math.round(busy * 100)} %`, busy >= 0.9 ? 'red' : undefined);
}

function rate({ workers }: Row, which: 'requests' | 'errors'): string {
  const perSecond = workers.map(({ stats }) =>
    which === 'requests' ? stats?.http?.requestsPerSecond : stats?.http?.statusesPerSecond['5xx'],
  );
  const sum = total(perSecond);
  return sum === null ? '–' : `${Number.isInteger(sum) ? sum : sum.toFixed(1)}`;
}

function errors(row: Row): Span {
  const text = rate(row, 'errors');
  return span(text, text === '0' || text === '–' ? undefined : 'red');
}

function latency({ workers }: Row): Span {
  const slowest = most(workers.map(({ stats }) => stats?.http?.latency?.p95));
  return span(slowest === null ? '–' : `${slowest} ms`);
}

function restarts({ workers }: Row): Span {
  const count = total(workers.map(({ restarts: own }) => own)) ?? 0;
  const colour: Colour | undefined = workers.some(({ restartsInSeries = 0 }) => restartsInSeries > 1)
    ? 'red'
    : undefined;
  return span(`${count}`, colour);
}

function uptime({ workers }: Row): Span {
  const spans = workers.flatMap((worker) => (worker.phase === 'ready' ? (worker.uptime ?? []) : []));
  return span(spans.length === 0 ? '–' : formatDuration(Math.min(...spans)));
}

function most(numbers: readonly (number | null | undefined)[]): number | null {
  const known = numbers.filter((number) => number !== null && number !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}

/** Shown above the rows: how much of what there is. */
export function appsTitle(state: MonitState): string {
  const all = state.apps ?? [];
  const shown = new Set(visibleRows(state).map(({ app }) => keyOf(app))).size;
  if (state.filter === '') return `Apps ${all.length}`;
  return `Apps ${shown} of ${all.length} · /${printable(state.filter)}`;
}
