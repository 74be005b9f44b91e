import {
  isNodeProgram,
  type AppSpec,
  type Probe,
  type ProbeTarget,
  type Readiness,
  type Share,
} from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import type { MergedApp } from './merge.ts';
import { readBoolean, readDuration, readNumber, readText } from './option-values.ts';
import type { Program } from './program.ts';
import type { Report } from './report.ts';
import { isRecord, type SourcePath } from './source.ts';

type Health =
  | 'readiness'
  | 'readinessProbe'
  | 'startupProbe'
  | 'livenessProbe'
  | 'failWhen'
  | 'rollout'
  | 'balance'
  | 'shutdownWithMessage';

type Part = { readonly value: unknown; readonly path: SourcePath };
type ProbeDefaults = Omit<Probe, 'target'>;

/** When a worker counts as ready and well, and how it is replaced. */
export function normalizeHealth(app: MergedApp, program: Program, report: Report): Pick<AppSpec, Health> {
  const { options } = app;
  const readiness = options.get('readiness');
  checkPattern(options.get('fail_when'), report);
  return {
    readiness: readReadiness(app, program, report),
    readinessProbe: readProbe(readiness, DEFAULTS.readinessProbe, report),
    startupProbe: readProbe(options.get('startup'), DEFAULTS.readinessProbe, report),
    livenessProbe: readProbe(options.get('liveness'), DEFAULTS.livenessProbe, report),
    failWhen: readText(options.get('fail_when')?.value) ?? null,
    rollout: readRollout(options.get('rollout')?.value),
    balance: options.get('balance')?.value === 'reuseport' ? 'reuseport' : 'shared',
    shutdownWithMessage: readBoolean(options.get('shutdown_with_message')?.value) ?? false,
  };
}

function readReadiness({ options }: MergedApp, program: Program, report: Report): Readiness {
  const part = options.get('readiness');
  const asked = isRecord(part?.value) ? part.value : {};
  if (asked['listening'] === true) return { type: 'listening' };
  const waitReady = options.get('wait_ready');
  const message = waitReady?.value === true ? waitReady : asked['message'] === 'ready' ? part : undefined;
  if (message === undefined) return { type: 'auto' };
  if (isNodeProgram(program)) return { type: 'message' };
  const key = String(message.path.at(-1));
  report.warning('ECO1903', message.path, {
    message: 'only a Node program can say that it is ready; eco watches instead whether it listens or stays alive',
    part: 'key',
    hint: `remove "${key}"`,
  });
  return { type: 'auto' };
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
    return error instanceof Error ? error.message : String(error);
  }
}
