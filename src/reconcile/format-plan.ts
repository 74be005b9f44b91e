import type { Action, Drift, FieldChange, JsonValue, Need, Plan, Step } from '../domain/plan.ts';
import { rollingPolicy, type RolloutPolicy } from '../domain/policies.ts';
import { unreachable } from '../util/unreachable.ts';
import { FILE_KEYS } from './file-values.ts';
import { fileName } from './file-name.ts';
import { clipped, formatValue } from './format-value.ts';
import { noticeText } from './notice-text.ts';
import { PLANNED_ACTIONS, planSummary } from './plan-summary.ts';
import { printable } from './printable.ts';
import { NOT_RUNNING_YET } from './reconcile.ts';

/** A line of a plan, and what it is about, for whoever colours it. */
export interface PlanLine {
  readonly kind:
    | 'header'
    | 'section'
    | 'notice'
    | 'drift'
    | 'start'
    | 'change'
    | 'replace'
    | 'delete'
    | 'field'
    | 'note'
    | 'blank';
  readonly text: string;
}

/** The plan as a person reads it, without colour. */
export function formatPlan(plan: Plan): string {
  return planLines(plan)
    .map(({ text }) => text)
    .join('\n');
}

export function planLines(plan: Plan): readonly PlanLine[] {
  if (plan.steps.length === 0) return [...noticeLines(plan), { kind: 'note', text: noChanges(plan) }];
  const lines = rowLines([...plan.drift.map(driftRow), ...plan.steps.map(stepRow)]);
  const drift = lines.slice(0, plan.drift.length);
  const changes = plan.steps.flatMap((step, index) => [
    ...lines.slice(drift.length + index, drift.length + index + 1),
    ...fieldLines(step),
  ]);
  const downtime = plan.steps.some(({ action }) => action.type === 'replace');
  return [
    { kind: 'header', text: header(plan) },
    BLANK,
    ...noticeLines(plan),
    ...(drift.length > 0 ? [DRIFT, ...drift, BLANK] : []),
    section('Changes'),
    ...changes,
    BLANK,
    ...(downtime
      ? [{ kind: 'note', text: '-/+ replace with downtime: the old workers go first' } as const, BLANK]
      : []),
    { kind: 'note', text: footer(plan) },
  ];
}

/** Drift by itself, as in a plan. */
export function driftLines(drift: readonly Drift[]): readonly PlanLine[] {
  return [DRIFT, ...rowLines(drift.map(driftRow))];
}

/** Of drift or of a step. */
export interface PlanRow {
  readonly kind: PlanLine['kind'];
  readonly marker: string;
  readonly app: string;
  readonly what: string;
  readonly why: string;
}

interface Widths {
  readonly marker: number;
  readonly app: number;
  readonly what: number;
}

const BLANK: PlanLine = { kind: 'blank', text: '' };
const DRIFT: PlanLine = section('Drift (changed outside the file)');

function noticeLines({ notices }: Plan): readonly PlanLine[] {
  const lines = notices.map((notice): PlanLine => ({
    kind: 'notice',
    text: `  ! ${printable(notice.app)}  ${noticeText(notice)}`,
  }));
  return lines.length === 0 ? [] : [section('Notices'), ...lines, BLANK];
}

function section(text: string): PlanLine {
  return { kind: 'section', text };
}

/** A step by itself: `~ api  reload 1 worker  env.LOG_LEVEL "info" → "debug"`. */
export function formatStep({ app, action, cause, fields }: Step): string {
  const { marker } = MARKERS[action.type];
  const shown = fields.filter(({ path }) => !(action.type === 'scale' && path === 'instances'));
  const why = shown.map((field) => `${printable(field.path)} ${formatChange(field)}`).join(', ');
  return `${marker} ${printable(app)}  ${formatAction(action)}  ${why === '' ? printable(cause) : why}`;
}

function header({ project, file, serial }: Plan): string {
  return `${printable(project)} · ${printable(fileName(file))} · revision ${serial} → ${serial + 1}`;
}

export function noChanges({ unchanged, file }: Plan): string {
  const name = printable(fileName(file));
  if (unchanged === 0) return `No changes: ${name} has no apps, and none run.`;
  return `No changes: ${unchanged === 1 ? '1 app matches' : `${unchanged} apps match`} ${name}.`;
}

export function footer(plan: Plan): string {
  const summary = planSummary(plan);
  const counts = PLANNED_ACTIONS.filter((type) => summary[type] > 0).map((type) => `${summary[type]} to ${type}`);
  const unchanged = summary.unchanged > 0 ? ` · ${summary.unchanged} unchanged` : '';
  return `Plan: ${counts.join(', ')}${unchanged}`;
}

/** Each column as wide as its widest cell. */
function rowLines(rows: readonly PlanRow[]): readonly PlanLine[] {
  const width = (column: 'marker' | 'app' | 'what') => Math.max(...rows.map((row) => row[column].length));
  const widths = { marker: width('marker'), app: width('app'), what: width('what') };
  return rows.map((row) => rowLine(row, widths));
}

function rowLine({ kind, marker, app, what, why }: PlanRow, widths: Widths): PlanLine {
  const columns = [marker.padEnd(widths.marker), `${app.padEnd(widths.app)} `, `${what.padEnd(widths.what)} `, why];
  return { kind, text: `  ${columns.join(' ')}`.trimEnd() };
}

export function driftRow({ app, path, expected, actual, cause, by, at }: Drift): PlanRow {
  const who = by === null ? '' : `: ${printable(by.user)}`;
  const when = at === null ? '' : `, ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return {
    kind: 'drift',
    marker: '!',
    app: printable(app),
    what: `${path} ${formatDifference(path, expected, actual)}`,
    why: `${clipped(printable(cause))}${who}${when}`,
  };
}

/** Between two digests nothing is worth reading; where nothing is expected there is only what was found. */
function formatDifference(path: string, expected: JsonValue, actual: JsonValue): string {
  if (path === FILE_KEYS.code) return 'changed';
  return expected === null
    ? formatValue(path, actual)
    : `${formatValue(path, expected)} → ${formatValue(path, actual)}`;
}

export function stepRow(step: Step): PlanRow {
  const { kind, marker } = MARKERS[step.action.type];
  const why = [...reasons(step), ...waits(step.needs)].filter((text) => text !== '').join(', ');
  return { kind, marker, app: printable(step.app), what: formatAction(step.action), why: printable(why) };
}

const MARKERS: Readonly<Record<Action['type'], Pick<PlanRow, 'kind' | 'marker'>>> = {
  start: { kind: 'start', marker: '+' },
  reload: { kind: 'change', marker: '~' },
  scale: { kind: 'change', marker: '~' },
  update: { kind: 'change', marker: '~' },
  replace: { kind: 'replace', marker: '-/+' },
  delete: { kind: 'delete', marker: '-' },
  stop: { kind: 'delete', marker: '-' },
};

/** What a step does, in two or three words: `reload 4 workers`. */
export function formatAction(action: Action): string {
  switch (action.type) {
    case 'start':
    case 'reload':
    case 'replace':
      return `${action.type} ${workers(action.spec.instances)}`;
    case 'scale':
      return `scale ${action.from} → ${action.to}`;
    case 'update':
      return 'update settings';
    case 'delete':
    case 'stop':
      return action.workers === 0 ? action.type : `${action.type} ${workers(action.workers)}`;
    default:
      return unreachable(action);
  }
}

function workers(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`;
}

function roomOf({ maxSurge, maxUnavailable }: RolloutPolicy): readonly string[] {
  return maxUnavailable === 0
    ? [`surge ${maxSurge}`, 'no downtime']
    : [`surge ${maxSurge}, unavailable ${maxUnavailable}`];
}

/** Where fields follow beneath, they say why; the column then says how. */
function reasons({ action, cause, fields, needs }: Step): readonly string[] {
  const why = fields.length === 0 ? [cause] : [];
  switch (action.type) {
    case 'start':
      return cause === NOT_RUNNING_YET && needs.length > 0 ? [] : [cause];
    case 'reload':
      return [...why, 'rolling', ...roomOf(rollingPolicy(action.spec))];
    case 'replace':
      return [...why, `with downtime: ${action.because}`];
    case 'update':
      return [...why, 'no process is touched'];
    case 'scale':
    case 'delete':
    case 'stop':
      return action.type === 'scale' ? [] : [cause];
    default:
      return unreachable(action);
  }
}

function waits(needs: readonly Need[]): readonly string[] {
  if (needs.length === 0) return [];
  const all = needs.map(({ step, condition }) => `${step} is ${condition}`);
  return [`after ${all.join(' and ')}`];
}

/** The numbers of a scale step are in its own line already. */
function fieldLines({ action, fields }: Step): readonly PlanLine[] {
  const shown = fields.filter(({ path }) => !(action.type === 'scale' && path === 'instances'));
  const width = Math.max(0, ...shown.map(({ path }) => printable(path).length));
  return shown.map((field) => ({
    kind: 'field',
    text: `      ${printable(field.path).padEnd(width)}  ${formatChange(field)}`,
  }));
}

function formatChange({ path, before, after, sensitive }: FieldChange): string {
  if (path === 'code' && before === null && typeof after === 'string') return clipped(printable(after));
  const format = (value: JsonValue) => (sensitive && typeof value === 'string' ? value : formatValue(path, value));
  return `${format(before)} → ${format(after)}`;
}
