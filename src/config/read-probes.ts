import {
  isNodeProgram,
  preloadWay,
  type AppSpec,
  type Probe,
  type ProbeTarget,
  type Readiness,
  type Share,
} from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import type { MergedApp } from './merge.ts';
import { readBoolean, readDuration, readLogTarget, readNumber, readText } from './option-values.ts';
import type { Program } from './program.ts';
import type { Report } from './report.ts';
import { isRecord, type SourcePath } from './source.ts';
import { messageOf } from '../util/message-of.ts';

type Health =
  | 'readiness'
  | 'readinessProbe'
  | 'startupProbe'
  | 'livenessProbe'
  | 'failWhen'
  | 'rollout'
  | 'shutdownWithMessage';

type Part = { readonly value: unknown; readonly path: SourcePath };
type ProbeDefaults = Omit<Probe, 'target'>;

/** When a worker counts as ready and well, and how it is replaced. */
export function normalizeHealth(app: MergedApp, program: Program, report: Report): Pick<AppSpec, Health> {
  const { options } = app;
  const readiness = options.get('readiness');
  checkPattern(options.get('fail_when'), report);
  checkProbes(app, program, report);
  return {
    readiness: readReadiness(app, program, report),
    readinessProbe: readProbe(readiness, DEFAULTS.readinessProbe, report),
    startupProbe: readProbe(options.get('startup'), DEFAULTS.readinessProbe, report),
    livenessProbe: readProbe(options.get('liveness'), DEFAULTS.livenessProbe, report),
    failWhen: readText(options.get('fail_when')?.value) ?? null,
    rollout: readRollout(options.get('rollout')?.value),
    shutdownWithMessage: readBoolean(options.get('shutdown_with_message')?.value) ?? false,
  };
}

function readReadiness({ options }: MergedApp, program: Program, report: Report): Readiness {
  const part = options.get('readiness');
  const asked = isRecord(part?.value) ? part.value : {};
  const waitReady = options.get('wait_ready');
  const listening = asked['listening'] === true ? part : undefined;
  const sign = waitReady?.value === true ? waitReady : asked['message'] === 'ready' ? part : listening;
  if (sign === undefined) return { type: 'auto' };
  if (preloadWay(program) === 'argument') return { type: sign === listening ? 'listening' : 'message' };
  const key = String(sign.path.at(-1));
  const what =
    sign === listening
      ? 'of a program that Node runs directly does eco know that it listens'
      : 'a program that Node runs directly can say that it is ready';
  report.warning('ECO1903', sign.path, {
    message: `only ${what}; this one counts as ready once it stayed alive for a while`,
    part: 'key',
    hint: `remove "${key}"`,
  });
  return { type: 'auto' };
}

/** What could never be answered, or is never asked. */
function checkProbes({ options }: MergedApp, program: Program, report: Report): void {
  const isTask = options.get('kind')?.value === 'task';
  const silent =
    options.get('disable_logs')?.value === true ||
    (['out_file', 'error_file'] as const).every((name) => isDiscarded(options.get(name)?.value));
  for (const name of ['readiness', 'startup', 'liveness', 'fail_when'] as const) {
    const part = options.get(name);
    if (part === undefined || part.value === null) continue;
    const message = 'a task is never ready, so that nothing of this is asked: its end is what counts';
    if (isTask) report.warning('ECO1906', part.path, { message, part: 'key', hint: `remove "${name}"` });
    else checkAnswerable(part, { program, silent, report });
  }
}

function checkAnswerable(
  { value, path }: Part,
  { program, silent, report }: { readonly program: Program; readonly silent: boolean; readonly report: Report },
): void {
  const target = isRecord(value) ? readTarget(value) : null;
  const { type } = target ?? { type: typeof value === 'string' ? 'log' : null };
  if (type === 'log' && silent) {
    report.error('ECO1310', path, {
      message: 'what the app writes is discarded: no line of it can be read',
      hint: 'remove "out_file" or "error_file"',
    });
  }
  if (target === null || !('port' in target) || target.port !== null) return;
  if (isNodeProgram(program) && preloadWay(program) !== 'none') return;
  report.error('ECO1311', [...path, target.type], {
    message: 'only of a Node program does eco know the port',
    hint: target.type === 'tcp' ? 'write tcp: 6379' : 'write http: { port: 3000, path: /health }',
  });
}

function isDiscarded(value: unknown): boolean {
  return readLogTarget(value, (path) => path).type === 'discard';
}

function readProbe(part: Part | undefined, defaults: ProbeDefaults, report: Report): Probe | null {
  if (part === undefined || !isRecord(part.value)) return null;
  const { value } = part;
  const target = readTarget(value);
  if (target === null) return null;
  if (target.type === 'log') checkPattern({ value: target.pattern, path: [...part.path, 'log'] }, report);
  return {
    target,
    period: readDuration(value['period']) ?? defaults.period,
    timeout: readDuration(value['timeout']) ?? defaults.timeout,
    failures: readNumber(value['failures']) ?? defaults.failures,
  };
}

/** null for what is no probe: `listening` and `message` are signs of the worker's own. */
function readTarget({ http, tcp, exec, log }: Readonly<Record<string, unknown>>): ProbeTarget | null {
  if (typeof http === 'string') return { type: 'http', ...readPlace({}), path: http };
  if (isRecord(http)) return { type: 'http', ...readPlace(http), path: readText(http['path']) ?? '/' };
  if (tcp === true) return { type: 'tcp', ...readPlace({}) };
  if (typeof tcp === 'number') return { type: 'tcp', ...readPlace({ port: tcp }) };
  if (isRecord(tcp)) return { type: 'tcp', ...readPlace(tcp) };
  if (typeof exec === 'string') return { type: 'exec', command: exec };
  return typeof log === 'string' ? { type: 'log', pattern: log } : null;
}

function readPlace({ host, port }: Readonly<Record<string, unknown>>): {
  readonly host: string;
  readonly port: number | null;
} {
  return { host: readText(host) ?? 'localhost', port: readNumber(port) ?? null };
}

function readRollout(value: unknown): AppSpec['rollout'] {
  const written = isRecord(value) ? value : {};
  return {
    maxSurge: readShare(written['max_surge']) ?? DEFAULTS.rollout.maxSurge,
    maxUnavailable: readShare(written['max_unavailable']) ?? DEFAULTS.rollout.maxUnavailable,
    minReady: readDuration(written['min_ready']) ?? DEFAULTS.rollout.minReady,
    progressDeadline: readDuration(written['progress_deadline']) ?? DEFAULTS.rollout.progressDeadline,
    rollback: readBoolean(written['rollback']) ?? DEFAULTS.rollout.rollback,
  };
}

function readShare(value: unknown): Share | undefined {
  if (typeof value === 'number') return { type: 'count', value };
  return typeof value === 'string' ? { type: 'percent', value: Number.parseInt(value, 10) } : undefined;
}

function checkPattern(part: Part | undefined, report: Report): void {
  if (typeof part?.value !== 'string') return;
  const problem = patternProblem(part.value);
  if (problem !== null) report.error('ECO1309', part.path, { message: `this is no regular expression: ${problem}` });
}

function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern).test('');
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
