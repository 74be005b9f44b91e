import type { AppSpec, Limits, RestartSettings } from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import type { OptionName } from './app-options.ts';
import type { MergedApp } from './merge.ts';
import { readBoolean, readDuration, readNumber, readSize } from './option-values.ts';
import type { Part } from './read-form.ts';
import type { Report } from './report.ts';
import { isRecord } from './source.ts';

type Restart =
  | 'autorestart'
  | 'maxRestarts'
  | 'minUptime'
  | 'restartDelay'
  | 'expBackoffRestartDelay'
  | 'stopExitCodes'
  | 'restart'
  | 'maxMemoryRestart'
  | 'limits';

/** What becomes of a worker that ended, or needs too much, in PM2's words and in those of `restart`. */
export function normalizeRestart({ options }: MergedApp, report: Report): Pick<AppSpec, Restart> {
  const part = options.get('restart');
  const own = isRecord(part?.value) ? part.value : {};
  const read = (name: OptionName): unknown => options.get(name)?.value;
  for (const [key, others] of SAME)
    warnOfBoth(
      part,
      key,
      others.flatMap((name) => options.get(name) ?? []),
      report,
    );
  const { policy } = own;
  const growing = own['delay'] !== undefined || own['max_delay'] !== undefined;
  const autorestart = readBoolean(read('autorestart')) ?? read('kind') !== 'task';
  return {
    autorestart: policy === undefined ? autorestart : policy !== 'never',
    maxRestarts: readNumber(read('max_restarts')) ?? null,
    minUptime: readDuration(own['reset_after'] ?? read('min_uptime')) ?? DEFAULTS.minUptime,
    restartDelay: growing ? null : (readDuration(read('restart_delay')) ?? null),
    expBackoffRestartDelay: growing ? null : (unlessZero(readDuration(read('exp_backoff_restart_delay'))) ?? null),
    stopExitCodes: [
      ...new Set([
        ...readCodes(own['no_restart_exit_codes'] ?? read('stop_exit_codes')),
        ...(policy === 'on-failure' ? [0] : []),
      ]),
    ].sort((a, b) => a - b),
    restart: readSettings(own),
    maxMemoryRestart: unlessZero(readSize(read('max_memory_restart'))) ?? null,
    limits: readLimits(read('limits')),
  };
}

/** By the key of `restart`, PM2's options for the same thing. */
const SAME: readonly (readonly [key: string, others: readonly OptionName[]])[] = [
  ['policy', ['autorestart']],
  ['reset_after', ['min_uptime']],
  ['delay', ['restart_delay', 'exp_backoff_restart_delay']],
  ['max_delay', ['restart_delay', 'exp_backoff_restart_delay']],
  ['no_restart_exit_codes', ['stop_exit_codes']],
];

function warnOfBoth(part: Part | undefined, key: string, others: readonly Part[], report: Report): void {
  if (part === undefined || !isRecord(part.value) || part.value[key] === undefined) return;
  for (const { path } of others) {
    report.warning('ECO1207', path, {
      message: `"${String(path.at(-1))}" and "restart.${key}" are about the same thing; "restart.${key}" counts`,
      part: 'key',
    });
  }
}

function readSettings(own: Readonly<Record<string, unknown>>): RestartSettings {
  const giveUp = own['give_up'];
  return {
    delay: readDuration(own['delay']) ?? DEFAULTS.restart.delay,
    maxDelay: readDuration(own['max_delay']) ?? DEFAULTS.restart.maxDelay,
    giveUp: isRecord(giveUp)
      ? { count: readNumber(giveUp['count']) ?? 0, window: readDuration(giveUp['window']) ?? DEFAULTS.giveUpWindow }
      : null,
  };
}

/** None of them set is as good as no limits. */
function readLimits(value: unknown): Limits | null {
  const written = isRecord(value) ? value : {};
  const limits = {
    memory: unlessZero(readSize(written['memory'])) ?? null,
    cpu: unlessZero(readCpus(written['cpu'])) ?? null,
    pids: readNumber(written['pids']) ?? null,
  };
  return Object.values(limits).every((limit) => limit === null) ? null : limits;
}

/** `0.5`, `150%` */
function readCpus(value: unknown): number | undefined {
  if (typeof value !== 'string') return readNumber(value);
  const amount = Number.parseFloat(value);
  return value.includes('%') ? amount / 100 : amount;
}

function readCodes(value: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((code) => readNumber(code) ?? []);
}

/** PM2's way to say: off. */
function unlessZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}
