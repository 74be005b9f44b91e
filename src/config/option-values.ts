import type { LogTarget } from '../domain/app-spec.ts';
import { minutes, seconds, type Milliseconds } from '../domain/time.ts';

/** These read values that the schema has passed; what cannot be read is undefined and means the default. */

export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : undefined;
}

export function readBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

export function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `500ms`, `30s`, `5m`, `1h`; without a unit, milliseconds. */
export function readDuration(value: unknown): Milliseconds | undefined {
  if (typeof value === 'number') return Math.round(value);
  const match = typeof value === 'string' ? /^\s*([\d.]+)\s*(ms|s|m|h)?\s*$/.exec(value) : null;
  if (match === null) return undefined;
  const [, amount, unit] = match;
  const unitSpan = unit === 'h' ? minutes(60) : unit === 'm' ? minutes(1) : unit === 's' ? seconds(1) : 1;
  return Math.round(Number(amount) * unitSpan);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** `300M`, `1.5G`, `512kb`, in powers of 1024; without a unit, bytes. */
export function readSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Math.round(value);
  const match = typeof value === 'string' ? /^\s*([\d.]+)\s*([kmg]?)i?b?\s*$/i.exec(value) : null;
  if (match === null) return undefined;
  const [, amount, unit = ''] = match;
  return Math.round(Number(amount) * (UNITS[unit.toLowerCase()] ?? 1));
}

/** `max` and 0: all CPUs; negative: as many fewer. At least 1. */
export function readInstances(value: unknown, cpus: number): number {
  const number = typeof value === 'string' && value.trim().toLowerCase() === 'max' ? 0 : (readNumber(value) ?? 1);
  return Math.max(1, number > 0 ? number : cpus + number);
}

/** PM2's NULL and the null device: no log file. */
export function readLogTarget(value: unknown, resolvePath: (path: string) => string): LogTarget {
  if (typeof value !== 'string' || value.trim() === '') return { type: 'default' };
  return value === 'NULL' || value === '/dev/null' ? { type: 'discard' } : { type: 'file', path: resolvePath(value) };
}
