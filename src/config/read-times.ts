import { resolve } from 'node:path';
import { Cron } from 'croner';
import type { AppSpec, Schedule, Times, WatchSettings } from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import { cronOptions } from '../platform/cron.ts';
import { expandHome } from './find-file.ts';
import type { MergedApp } from './merge.ts';
import { readBoolean, readDuration, readText } from './option-values.ts';
import { listOf } from './read-env.ts';
import type { Part } from './read-form.ts';
import type { Report } from './report.ts';
import { isRecord } from './source.ts';

/** When the app is run or replaced without being asked. */
export function readOccasions(
  app: MergedApp,
  cwd: string,
  report: Report,
): Pick<AppSpec, 'schedule' | 'cronRestart' | 'watch'> {
  return {
    schedule: readSchedule(app, report),
    cronRestart: readCronRestart(app, report),
    watch: readWatch(app, cwd, report),
  };
}

/** PM2's `cron_restart`; `0`, false and an empty text are its ways to say: off. */
function readCronRestart({ options }: MergedApp, report: Report): AppSpec['cronRestart'] {
  const part = options.get('cron_restart');
  if (part === undefined || typeof part.value !== 'string' || ['', '0'].includes(part.value.trim())) return null;
  return readTimes({ cron: part.value.trim(), timezone: null }, part, report);
}

/** Text, or an object with a time zone and more. */
function readSchedule({ options }: MergedApp, report: Report): Schedule | null {
  const part = options.get('schedule');
  if (part === undefined) return null;
  const own = isRecord(part.value) ? part.value : {};
  const cron = readText(isRecord(part.value) ? own['cron'] : part.value)?.trim() ?? '';
  const kind = options.get('kind');
  if (kind?.value === 'service') {
    report.error('ECO1313', kind.path, {
      message: '"schedule" is for tasks: a service runs all the time',
      hint: 'write "kind: task", or "cron_restart" instead of "schedule"',
    });
  }
  const times = readTimes({ cron, timezone: readText(own['timezone']) ?? null }, part, report);
  if (times === null) return null;
  const overlap = readBoolean(own['overlap'] ?? options.get('overlap')?.value) ?? false;
  return { ...times, overlap, missed: own['missed'] === 'run' ? 'run' : 'skip' };
}

/** null: they are none, which has been reported. */
function readTimes(times: Times, { path }: Part, report: Report): Times | null {
  const problem = problemOf(times);
  if (problem === null) return times;
  report.error('ECO1312', path, {
    message: `"${times.cron}" names no times: ${problem}`,
    hint: 'five fields: minute hour day month weekday, such as "0 4 * * *"; or six, with seconds first',
  });
  return null;
}

function problemOf({ cron, timezone }: Times): string | null {
  if (timezone !== null && !isTimezone(timezone)) return `there is no time zone "${timezone}"`;
  try {
    const next = new Cron(cron, cronOptions(timezone)).nextRun();
    return next === null ? 'there is no such moment' : null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Cron\w*: /, '') : String(error);
  }
}

/** Of chokidar's own options, those that mean something here. */
const WATCH_OPTIONS = [
  'usePolling',
  'interval',
  'binaryInterval',
  'followSymlinks',
  'depth',
  'awaitWriteFinish',
  'atomic',
];

function readWatch({ options }: MergedApp, cwd: string, report: Report): WatchSettings {
  const watch = options.get('watch')?.value;
  const named = listOf(watch).filter((path) => path.trim() !== '');
  const paths = named.map((path) => resolve(cwd, expandHome(path.trim())));
  return {
    enabled: watch === true || paths.length > 0,
    // The whole folder means the code in it.
    paths: paths.every((path) => path === cwd) ? null : [...new Set(paths)],
    ignore: listOf(options.get('ignore_watch')?.value).filter((pattern) => pattern.trim() !== ''),
    delay: readDuration(options.get('watch_delay')?.value) ?? DEFAULTS.watch.delay,
    options: readWatchOptions(options.get('watch_options'), report),
  };
}

function readWatchOptions(part: Part | undefined, report: Report): WatchSettings['options'] {
  if (part === undefined || !isRecord(part.value)) return {};
  const entries = Object.entries(part.value);
  for (const [key] of entries.filter(([name]) => !WATCH_OPTIONS.includes(name))) {
    const message = `"${key}" is ignored: of chokidar's options eco takes ${WATCH_OPTIONS.join(', ')}`;
    report.warning('ECO1902', [...part.path, key], { message, part: 'key' });
  }
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number | boolean] => {
      return WATCH_OPTIONS.includes(entry[0]) && (typeof entry[1] === 'number' || typeof entry[1] === 'boolean');
    }),
  );
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
