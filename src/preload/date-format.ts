/**
 * Writes a time as dayjs would (https://day.js.org/docs/en/display/format), in the time zone of the process: the tokens
 * that PM2's `log_date_format` can hold. `domain/log-stamp` reads what this writes.
 */
export function dateFormatter(format: string): (date: Date) => string {
  const parts = [...format.matchAll(PARTS)].map(([text, literal]) => {
    if (literal !== undefined) return () => literal;
    return TOKENS[text] ?? (() => text);
  });
  return (date) => parts.map((part) => part(date)).join('');
}

/** A text in brackets, a token, or anything else. */
const PARTS = /\[([^\]]*)\]|YYYY|YY|M{1,4}|D{1,2}|d{1,4}|H{1,2}|h{1,2}|a|A|m{1,2}|s{1,2}|Z{1,2}|SSS|[^]/g;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const TOKENS: Readonly<Record<string, (date: Date) => string>> = {
  YYYY: (date) => padded(date.getFullYear(), 4),
  YY: (date) => padded(date.getFullYear() % 100, 2),
  M: (date) => String(date.getMonth() + 1),
  MM: (date) => padded(date.getMonth() + 1, 2),
  MMM: (date) => monthName(date).slice(0, 3),
  MMMM: monthName,
  D: (date) => String(date.getDate()),
  DD: (date) => padded(date.getDate(), 2),
  d: (date) => String(date.getDay()),
  dd: (date) => dayName(date).slice(0, 2),
  ddd: (date) => dayName(date).slice(0, 3),
  dddd: dayName,
  H: (date) => String(date.getHours()),
  HH: (date) => padded(date.getHours(), 2),
  h: (date) => String(date.getHours() % 12 || 12),
  hh: (date) => padded(date.getHours() % 12 || 12, 2),
  a: (date) => (date.getHours() < 12 ? 'am' : 'pm'),
  A: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  m: (date) => String(date.getMinutes()),
  mm: (date) => padded(date.getMinutes(), 2),
  s: (date) => String(date.getSeconds()),
  ss: (date) => padded(date.getSeconds(), 2),
  SSS: (date) => padded(date.getMilliseconds(), 3),
  Z: (date) => offset(date, ':'),
  ZZ: (date) => offset(date, ''),
};

function monthName(date: Date): string {
  return MONTHS[date.getMonth()] ?? '';
}

function dayName(date: Date): string {
  return DAYS[date.getDay()] ?? '';
}

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(size / 60), 2)}${separator}${padded(size % 60, 2)}`;
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
