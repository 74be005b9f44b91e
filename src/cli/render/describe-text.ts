import type { AppSpec } from '../../domain/app-spec.ts';
import { defaultSettings } from '../../domain/complete-spec.ts';
import { appStatus, readyCount, type ManualChange, type ObservedApp } from '../../domain/observed-state.ts';
import type { JsonValue } from '../../domain/plan.ts';
import { isUnmanaged, type ObservedWorker } from '../../domain/worker-state.ts';
import { fileSpec } from '../../reconcile/file-values.ts';
import { formatValue } from '../../reconcile/format-value.ts';
import { equalJson } from '../../util/compare.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';
import { paint } from './colours.ts';
import { formatDuration } from './duration-text.ts';
import { exitCauseText } from './exit-cause-text.ts';
import { inOrder, listedApp } from './list-document.ts';
import { formatStatistics } from './statistics-text.ts';
import { formatTable } from './table.ts';
import { formatMinute } from './time-text.ts';
import { unlimitedText } from './unlimited-text.ts';
import { whatFollows } from './trouble-text.ts';
import { formatCpu, formatMemory, STATUS_COLOURS } from './tables.ts';

/** Everything that is known of one app, secrets masked. */
export function formatDescription(app: ObservedApp, { colour }: { readonly colour: boolean }): string {
  const colours = paint(colour);
  const status = appStatus(app);
  const title = `${printable(app.name)} · project ${printable(app.project)} · revision ${app.revision}`;
  const next = app.nextRun ?? null;
  const state = [
    colours(STATUS_COLOURS[status], status),
    `${readyCount(app)}/${app.spec.instances} ready`,
    ...(next === null ? [] : [`next run ${formatMinute(next)}`]),
  ].join(', ');
  return [
    `${colours('bold', title)} · ${state}`,
    ...section('Settings', settings(app.spec)),
    ...section('Environment', pairs(fileSpec(app.spec)['env'])),
    ...section('Workers', app.workers.length === 0 ? [] : formatTable([WORKER_COLUMNS, ...app.workers.map(workerRow)])),
    ...section('Statistics', formatStatistics(app.workers)),
    ...section('Log files', logFiles(app.workers)),
    ...section('Changed by hand', app.manualChanges.map(manualChange)),
  ].join('\n');
}

/** `eco describe --json`: the app as `list --json` has it, with its settings and more of each worker. */
export function describeDocument(apps: readonly ObservedApp[]) {
  return {
    format_version: FORMAT_VERSION,
    apps: inOrder(apps).map((app) => {
      const listed = listedApp(app);
      return {
        ...listed,
        goal: app.goal,
        spec: fileSpec(app.spec),
        manual_changes: app.manualChanges.map(({ action, by, at }) => ({ action, by, at: new Date(at).toISOString() })),
        workers: app.workers.map((worker, index) => ({ ...listed.workers[index], ...workerDetails(worker) })),
      };
    }),
  } as const;
}

function workerDetails({ id, listening, outFile, errorFile }: ObservedWorker) {
  return {
    id,
    listening,
    out_file: outFile,
    error_file: errorFile,
  };
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

/** What tells apps from each other, whatever its value. */
const ALWAYS_SHOWN = ['script', 'args', 'cwd', 'interpreter', 'instances', 'exec_mode', 'code'];
const SHOWN_APART = ['name', 'env'];

/** What is as it would be without a word in the file is left out; `--json` has it all. */
function settings(spec: AppSpec): readonly string[] {
  const defaults = fileSpec(defaultSettings(spec));
  const own = Object.entries(fileSpec(spec)).filter(([key]) => !SHOWN_APART.includes(key));
  const shown = own.flatMap(([key, value]) =>
    ALWAYS_SHOWN.includes(key) ? { [key]: value } : changedSettings(key, value, defaults[key]),
  );
  return [...pairs(Object.assign({}, ...shown)), 'All others have their defaults.'];
}

/** Of settings that hold others, those. */
function changedSettings(key: string, value: JsonValue, normal: JsonValue | undefined): Record<string, JsonValue> {
  if (normal !== undefined && equalJson(value, normal)) return {};
  if (!isGroup(value) || !isGroup(normal)) return { [key]: value };
  const changed = Object.entries(value).filter(([name, part]) => !equalJson(part, normal[name] ?? null));
  return Object.fromEntries(changed.map(([name, part]) => [`${key}.${name}`, part]));
}

function isGroup(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is not set says nothing. */
function pairs(values: JsonValue | undefined): readonly string[] {
  if (!isGroup(values)) return [];
  const set = Object.entries(values).filter(([, value]) => !isUnset(value));
  return formatTable(set.map(([key, value]) => [printable(key), settingText(key, value)]));
}

function isUnset(value: JsonValue): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function settingText(key: string, value: JsonValue): string {
  return typeof value === 'string' ? printable(value) : formatValue(key, value);
}

const WORKER_COLUMNS = ['instance', 'pid', 'status', 'uptime', 'restarts', 'cpu', 'memory', 'listening', 'notes'];

function workerRow(worker: ObservedWorker): readonly string[] {
  return [
    `${worker.instance}`,
    worker.pid === null ? '–' : `${worker.pid}`,
    worker.phase,
    worker.uptime === null ? '–' : formatDuration(worker.uptime),
    `${worker.restarts}`,
    formatCpu(worker.cpuPercent),
    formatMemory(worker.memoryBytes),
    worker.listening.length === 0 ? '–' : worker.listening.map(printable).join(' '),
    notes(worker).join(', '),
  ];
}

function notes(worker: ObservedWorker): readonly string[] {
  const { current, retiring = null, unlimited = null, lastExit } = worker;
  return [
    ...(current ? [] : ['of an earlier revision']),
    ...(isUnmanaged(worker) ? ['unmanaged'] : []),
    ...(unlimited === null ? [] : [unlimitedText(unlimited)]),
    ...(retiring === null ? [] : [`makes room for a successor: ${exitCauseText(retiring)}`]),
    ...whatFollows(worker),
    ...(lastExit === null ? [] : [`last end: ${exitCauseText(lastExit)}`]),
  ];
}

function logFiles(workers: readonly ObservedWorker[]): readonly string[] {
  return [...new Set(workers.flatMap(({ outFile, errorFile }) => [outFile ?? [], errorFile ?? []].flat()))].map(
    printable,
  );
}

function manualChange({ action, by, at }: ManualChange): string {
  return `${formatMinute(at)}  ${action} by ${printable(by.user)} on ${printable(by.host)}`;
}
