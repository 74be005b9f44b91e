import { InvalidArgumentError } from 'commander';
import type { Milliseconds } from '../../domain/time.ts';
import { findSignal } from '../../platform/signals.ts';
import { parseScaleChange, type ScaleChange } from '../scale-change.ts';
import { messageOf } from '../../util/message-of.ts';

const UNITS: Readonly<Record<string, Milliseconds>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `10m`, `1h`. A unit is required: a bare number is read as seconds by some and milliseconds by others. */
export function duration(text: string): Milliseconds {
  const span = timeSpan(text);
  if (!(span > 0)) throw new InvalidArgumentError('Write a time with its unit, such as 500ms, 30s, 10m or 1h.');
  return span;
}

/** The same, or `0s`. */
export function waitingTime(text: string): Milliseconds {
  return timeSpan(text) === 0 ? 0 : duration(text);
}

function timeSpan(text: string): Milliseconds {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  return Math.round(Number(number) * (UNITS[unit ?? ''] ?? Number.NaN));
}

export function positiveCount(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError('Write a whole number of at least 1.');
  return Number(text);
}

export function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

/** A regular expression of JavaScript. */
export function pattern(text: string): string {
  try {
    return new RegExp(text).source;
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** By the extension files are told apart that may be plans, which do not count as code. */
export function planFile(path: string): string {
  if (!path.endsWith('.json')) throw new InvalidArgumentError('Write the name of a .json file.');
  return path;
}

export function lockMessage(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Write why the project is locked.');
  return text;
}

/** `a,b`; may be given several times. */
export function names(text: string, earlier: readonly string[] = []): readonly string[] {
  const given = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (given.length === 0) throw new InvalidArgumentError('Write app names, separated by commas.');
  return [...earlier, ...given];
}

export function scaleChange(text: string): ScaleChange {
  const change = parseScaleChange(text);
  if (change === null) throw new InvalidArgumentError('Write N for that many workers, +N for more or -N for fewer.');
  return change;
}

export function signalName(text: string): NodeJS.Signals {
  const signal = findSignal(text);
  if (signal === null) throw new InvalidArgumentError('Write the name or the number of a signal, such as SIGUSR2.');
  return signal;
}
