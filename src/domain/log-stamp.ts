import type { AppSpec } from './app-spec.ts';
import type { Timestamp } from './time.ts';

/** A line of a log without what eco put to it. */
export interface UnstampedLine {
  readonly message: string;
  /** null: the line does not say. */
  readonly at: Timestamp | null;
}

export type StampReader = (line: string) => UnstampedLine;

/** Reads what the preload's stamps write. A line without a stamp, such as one of native code, is its own message. */
export function stampReader({
  logType,
  logDateFormat,
  env,
}: Pick<AppSpec, 'logType' | 'logDateFormat' | 'env'>): StampReader {
  const readTime = logDateFormat === null ? isoTime : timeReader(logDateFormat, env['TZ'] !== undefined);
  if (logType === 'json') return (line) => readDocument(line, readTime);
  if (logDateFormat === null) return (message) => ({ message, at: null });
  const prefix = new RegExp(`^(${patternOf(logDateFormat)}): `);
  return (line) => {
    const [stamp, time] = prefix.exec(line) ?? [];
    if (stamp === undefined || time === undefined) return { message: line, at: null };
    return { message: line.slice(stamp.length), at: readTime(time) };
  };
}

type TimeReader = (text: string) => Timestamp | null;

function readDocument(line: string, readTime: TimeReader): UnstampedLine {
  try {
    const { message, timestamp } = JSON.parse(line) as { readonly message?: unknown; readonly timestamp?: unknown };
    if (typeof message !== 'string' || typeof timestamp !== 'string') return { message: line, at: null };
    return { message, at: readTime(timestamp) };
  } catch {
    return { message: line, at: null };
  }
}

const isoTime: TimeReader = (text) => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
};

/** A text in brackets, a token of dayjs, or anything else; the same as in the preload. */
const PARTS = /\[([^\]]*)\]|YYYY|YY|M{1,4}|D{1,2}|d{1,4}|H{1,2}|h{1,2}|a|A|m{1,2}|s{1,2}|Z{1,2}|SSS|[^]/g;

const PATTERNS: Readonly<Record<string, string>> = {
  YYYY: '\\d{4}',
  YY: '\\d\\d',
  M: '\\d{1,2}',
  MM: '\\d\\d',
  MMM: '[A-Z][a-z]{2}',
  MMMM: '[A-Z][a-z]+',
  D: '\\d{1,2}',
  DD: '\\d\\d',
  d: '\\d',
  dd: '[A-Z][a-z]',
  ddd: '[A-Z][a-z]{2}',
  dddd: '[A-Z][a-z]+',
  H: '\\d{1,2}',
  HH: '\\d\\d',
  h: '\\d{1,2}',
  hh: '\\d\\d',
  a: '[ap]m',
  A: '[AP]M',
  m: '\\d{1,2}',
  mm: '\\d\\d',
  s: '\\d{1,2}',
  ss: '\\d\\d',
  SSS: '\\d{3}',
  Z: '[+-]\\d\\d:\\d\\d',
  ZZ: '[+-]\\d{4}',
};

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function patternOf(format: string, group: (pattern: string) => string = (pattern) => pattern): string {
  return [...format.matchAll(PARTS)]
    .map(([text, literal]) => {
      const pattern = literal === undefined ? PATTERNS[text] : undefined;
      return pattern === undefined ? escape(literal ?? text) : group(pattern);
    })
    .join('');
}

/** The time zone of the app is that of the daemon, unless the app was given one of its own. */
function timeReader(format: string, foreignZone: boolean): TimeReader {
  const tokens = [...format.matchAll(PARTS)].flatMap(([text, literal]) =>
    literal === undefined && PATTERNS[text] !== undefined ? [text] : [],
  );
  const pattern = new RegExp(`^${patternOf(format, (part) => `(${part})`)}$`);
  const has = (...names: readonly string[]): boolean => names.some((name) => tokens.includes(name));
  const whole = has('YYYY', 'YY') && has('M', 'MM', 'MMM', 'MMMM') && has('D', 'DD') && has('H', 'HH', 'h', 'hh');
  if (!whole || (foreignZone && !has('Z', 'ZZ'))) return () => null;
  return (text) => {
    const values = pattern.exec(text)?.slice(1) ?? [];
    return values.length === 0 ? null : timeFrom(new Map(tokens.map((token, index) => [token, values[index] ?? ''])));
  };
}

function timeFrom(parts: ReadonlyMap<string, string>): Timestamp {
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => parts.get(name)).find((value) => value !== undefined);
  const number = (...names: readonly string[]): number => Number(first(...names) ?? 0);
  const year = parts.has('YYYY') ? number('YYYY') : 2000 + number('YY');
  const name = first('MMMM', 'MMM');
  const month = name === undefined ? number('MM', 'M') - 1 : MONTHS.indexOf(name.slice(0, 3));
  const half = first('a', 'A')?.toLowerCase();
  const hour =
    half === undefined ? number('HH', 'H', 'hh', 'h') : (number('hh', 'h', 'HH', 'H') % 12) + (half === 'pm' ? 12 : 0);
  const rest = [number('DD', 'D'), hour, number('mm', 'm'), number('ss', 's'), number('SSS')] as const;
  const zone = first('Z', 'ZZ');
  if (zone === undefined) return new Date(year, month, ...rest).getTime();
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return Date.UTC(year, month, ...rest) - (sign === '-' ? -offset : offset);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
