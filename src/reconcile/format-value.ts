import type { JsonValue } from '../domain/plan.ts';
import { formatBytes } from './format-bytes.ts';
import { printable } from './printable.ts';

const DURATIONS = [
  'min_uptime',
  'restart_delay',
  'exp_backoff_restart_delay',
  'restart.delay',
  'restart.max_delay',
  'kill_timeout',
  'listen_timeout',
  'rollout.min_ready',
  'rollout.progress_deadline',
];

/** The value of a field as text: JSON, but durations with their unit; never longer than a few lines. */
export function formatValue(path: string, value: JsonValue): string {
  if (value === null) return '(none)';
  if (typeof value === 'number' && DURATIONS.includes(path))
    return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
  if (typeof value === 'number' && path === 'max_memory_restart') return formatBytes(value);
  return clipped(printable(JSON.stringify(value)));
}

const LONGEST_VALUE = 200;

export function clipped(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
