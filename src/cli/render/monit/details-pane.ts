import type { Probe } from '../../../domain/app-spec.ts';
import type { RecordedEvent } from '../../../domain/event.ts';
import { appStatus, readyCount, type ObservedApp } from '../../../domain/observed-state.ts';
import type { ObservedWorker } from '../../../domain/worker-state.ts';
import { formatBytes } from '../../../reconcile/format-bytes.ts';
import { printable } from '../../../reconcile/printable.ts';
import { unreachable } from '../../../util/unreachable.ts';
import { subjectOf } from '../../flow/event-filter.ts';
import type { Row } from '../../monit/rows.ts';
import { selectedRow, type MonitState } from '../../monit/state.ts';
import { shortCommit } from '../commit-text.ts';
import { formatDuration } from '../duration-text.ts';
import { whatHappened } from '../event-text.ts';
import { exitCauseText } from '../exit-cause-text.ts';
import { formatCpu, formatMemory, STATUS_COLOURS } from '../tables.ts';
import { formatMinute } from '../time-text.ts';
import { whatFollows } from '../trouble-text.ts';
import { plain, span, type Line } from './spans.ts';

const SHOWN_EVENTS = 50;

/** All that is known of the selected app, or of one worker of it, from top to bottom. */
export function detailLines(state: MonitState): readonly Line[] {
  const row = selectedRow(state);
  if (row === null) return [];
  const { app, workers } = row;
  const status = appStatus(app);
  return [
    [
      span(`${printable(app.project)}/${printable(app.name)} `, 'bold'),
      span(status, STATUS_COLOURS[status]),
      span(`, ${readyCount(app)}/${app.spec.instances} ready`),
    ],
    ...revisionLines(app, state),
    ...sockets(workers),
    ...probes(app),
    ...restartLines(workers),
    [],
    ...workers.flatMap(workerLines),
    ...eventLines(row, state.events),
  ];
}

function revisionLines(app: ObservedApp, { history }: MonitState): readonly Line[] {
  const { revision, appliedRevision, manualChanges } = app;
  const entry = history?.entries.find((candidate) => candidate.revision === revision);
  const source = entry?.source ?? null;
  const applied = appliedRevision === revision ? '' : ', not what the file asked for';
  const changed = manualChanges.map(
    ({ action, by, at }) => `${action} by ${by.user} on ${by.host}, ${formatMinute(at)}`,
  );
  return [
    pair('revision', `${revision}${applied}`),
    ...(source === null
      ? []
      : [pair('commit', `${shortCommit(source.commit)}${source.dirty ? ' with changes' : ''} by ${source.author}`)]),
    ...(entry === undefined
      ? []
      : [pair('asked by', `${entry.by.user} on ${entry.by.host}, ${formatMinute(entry.at)}`)]),
    ...changed.map((text) => pair('by hand', text)),
  ];
}

function sockets(workers: readonly ObservedWorker[]): readonly Line[] {
  const all = [...new Set(workers.flatMap(({ listening }) => listening))];
  return all.length === 0 ? [] : [pair('sockets', all.join(' '))];
}

function probes({ spec }: ObservedApp): readonly Line[] {
  const named = [
    ['startup', spec.startupProbe],
    ['readiness', spec.readinessProbe],
    ['liveness', spec.livenessProbe],
  ] as const;
  return named.flatMap(([name, probe]) => (probe === null ? [] : [pair(name, probeText(probe))]));
}

function probeText({ target, period }: Probe): string {
  const often = `every ${formatDuration(period)}`;
  switch (target.type) {
    case 'http':
      return `GET ${target.path} ${often}`;
    case 'tcp':
      return `a connection ${often}`;
    case 'exec':
      return `${target.command} ${often}`;
    case 'log':
      return `a line that matches ${target.pattern}`;
    default:
      return unreachable(target);
  }
}

/** How many, and why the last one was necessary. */
function restartLines(workers: readonly ObservedWorker[]): readonly Line[] {
  const count = workers.reduce((sum, { restarts }) => sum + restarts, 0);
  const causes = workers.flatMap(({ instance, lastExit }) =>
    lastExit === null ? [] : [`:${instance} ${exitCauseText(lastExit)}`],
  );
  return [pair('restarts', `${count}`), ...causes.map((cause) => pair('last end', cause))];
}

function workerLines(worker: ObservedWorker): readonly Line[] {
  const { instance, pid, phase, uptime, current, cpuPercent, memoryBytes } = worker;
  const notes = [...(current ? [] : ['of an earlier revision']), ...whatFollows(worker)];
  return [
    [
      span(`:${instance} `, 'bold'),
      span(phase, phase === 'draining' ? 'yellow' : STATUS_COLOURS[phase]),
      span(pid === null ? '' : ` pid ${pid}`),
      span(uptime === null ? '' : ` up ${formatDuration(uptime)}`),
      span(pid === null ? '' : ` · ${formatCpu(cpuPercent)} · ${formatMemory(memoryBytes)}`),
    ],
    ...(notes.length === 0 ? [] : [[span(`   ${notes.join(', ')}`, 'yellow')]]),
    ...statisticLines(worker),
  ];
}

function statisticLines({ stats = null }: ObservedWorker): readonly Line[] {
  if (stats === null) return [];
  const { eventLoopUtilization, heapUsedBytes, heapTotalBytes, activeHandles, http } = stats;
  const heap = `${formatBytes(heapUsedBytes)} of ${formatBytes(heapTotalBytes)}`;
  const own = plain(`   loop ${(eventLoopUtilization * 100).toFixed(1)} % · heap ${heap} · ${activeHandles} handles`);
  if (http === null) return [own];
  const { requestsPerSecond, statusesPerSecond, latency } = http;
  const times = latency === null ? '' : ` · p50 ${latency.p50}, p95 ${latency.p95}, p99 ${latency.p99} ms`;
  const errors = statusesPerSecond['5xx'];
  return [
    own,
    [span(`   ${requestsPerSecond} req/s · `), span(`${errors} errors/s`, errors > 0 ? 'red' : undefined), span(times)],
  ];
}

/** What happened to it, the newest first. */
function eventLines({ app, instance }: Row, events: readonly RecordedEvent[]): readonly Line[] {
  const own = events.filter((event) => {
    const subject = subjectOf(event);
    if (subject === null || subject.project !== app.project || subject.app !== app.name) return false;
    return instance === null || subject.instance === null || subject.instance === instance;
  });
  if (own.length === 0) return [];
  const newest = own.slice(-SHOWN_EVENTS).toReversed();
  return [[], [span('Events (UTC)', 'dim')], ...newest.map(eventLine)];
}

function eventLine(event: RecordedEvent): Line {
  const instance = subjectOf(event)?.instance ?? null;
  const bad = event.type === 'step-failed' || (event.type === 'worker-exited' && !event.expected);
  const text = `${instance === null ? '' : `:${instance} `}${printable(whatHappened(event))}`;
  return [span(`${new Date(event.at).toISOString().slice(11, 19)} `, 'dim'), span(text, bad ? 'red' : undefined)];
}

function pair(name: string, value: string): Line {
  return [span(name.padEnd(11), 'dim'), span(printable(value))];
}
