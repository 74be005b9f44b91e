import { resolve } from 'node:path';
import { preloadWay, type AppSpec, type LogRotation, type LogTarget } from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import { expandHome } from './find-file.ts';
import type { MergedApp } from './merge.ts';
import { readBoolean, readLogTarget, readNumber, readSize, readText } from './option-values.ts';
import type { Program } from './program.ts';
import type { Report } from './report.ts';
import { isRecord, type SourcePath } from './source.ts';

type LogFields = 'outFile' | 'errorFile' | 'combinedFile' | 'mergeLogs' | 'logType' | 'logDateFormat' | 'logRotation';

interface LogContext extends Pick<AppSpec, 'instances' | 'execMode' | 'env'> {
  readonly cwd: string;
  readonly program: Program;
  readonly report: Report;
}

/** PM2's short form, `time: true`. */
const TIME_FORMAT = 'YYYY-MM-DDTHH:mm:ss';
/** Below this, a busy program would be rotated several times a second. */
const LEAST_MAX_SIZE = 64 << 10;

/** Where the output goes, in which form, and how much of it is kept. */
export function normalizeLogs(
  app: MergedApp,
  { cwd, program, env, report, instances, execMode }: LogContext,
): Pick<AppSpec, LogFields> {
  const { options } = app;
  const resolvePath = (path: string): string => resolve(cwd, expandHome(path));
  const disabled = options.get('disable_logs')?.value === true;
  const target = (value: unknown): LogTarget => (disabled ? { type: 'discard' } : readLogTarget(value, resolvePath));
  if (preloadWay({ ...program, env }) !== 'argument') warnWithoutPreload(app, program, report);
  return {
    outFile: target(options.get('out_file')?.value),
    errorFile: target(options.get('error_file')?.value),
    combinedFile: readCombined(options.get('log_file')?.value, target),
    mergeLogs: readBoolean(options.get('merge_logs')?.value) ?? (execMode === 'fork' && instances === 1),
    logType: options.get('log_type')?.value === 'json' ? 'json' : 'raw',
    logDateFormat: readDateFormat(app),
    logRotation: readRotation(options.get('logs'), report),
  };
}

/** `true` is PM2's word for a file of its own. */
function readCombined(value: unknown, target: (value: unknown) => LogTarget): LogTarget {
  if (value === true) return target(undefined);
  return typeof value === 'string' && value.trim() !== '' ? target(value) : { type: 'discard' };
}

function readDateFormat({ options }: MergedApp): string | null {
  const format = readText(options.get('log_date_format')?.value);
  if (format !== undefined && format !== '') return format;
  return options.get('time')?.value === true ? TIME_FORMAT : null;
}

/** Lines are stamped where they are written, which is inside the program; nothing stands between it and its files. */
function warnWithoutPreload({ options }: MergedApp, { user }: Pick<Program, 'user'>, report: Report): void {
  const reason =
    user === null
      ? 'eco can change what a program writes only where Node runs it directly'
      : "eco cannot change what a program writes that runs as another user, nor may that user write into eco's files";
  for (const name of ['log_type', 'log_date_format', 'time', 'log_file'] as const) {
    const part = options.get(name);
    if (part === undefined || [false, '', 'raw', 'NULL', '/dev/null'].includes(part.value as string)) continue;
    const key = String(part.path.at(-1));
    report.warning('ECO1909', part.path, {
      message: `"${key}" has no effect: ${reason}`,
      part: 'key',
      hint:
        name === 'log_file'
          ? 'give "out_file" and "error_file" the same path'
          : 'let the program print the time itself; "eco logs" knows roughly when a line was written',
    });
  }
}

interface Part {
  readonly value: unknown;
  readonly path: SourcePath;
}

function readRotation(part: Part | undefined, report: Report): LogRotation | null {
  const rotate = isRecord(part?.value) ? part.value['rotate'] : undefined;
  if (rotate === false) return null;
  const { max_size, keep, compress } = isRecord(rotate) ? rotate : {};
  const maxSize = readSize(max_size) ?? DEFAULTS.logRotation.maxSize;
  if (part !== undefined && maxSize < LEAST_MAX_SIZE) {
    report.error('ECO1301', [...part.path, 'rotate', 'max_size'], {
      message: `"logs.rotate.max_size" must be at least 64K, not ${JSON.stringify(max_size)}`,
    });
  }
  return {
    maxSize,
    keep: readNumber(keep) ?? DEFAULTS.logRotation.keep,
    compress: readBoolean(compress) ?? DEFAULTS.logRotation.compress,
  };
}
