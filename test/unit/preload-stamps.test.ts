import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stampReader } from '../../src/domain/log-stamp.ts';
import { dateFormatter } from '../../src/preload/date-format.ts';
import { documentStamper, prefixStamper, type LineStamper } from '../../src/preload/line-stamper.ts';

const AT = new Date(2026, 0, 5, 15, 4, 9, 7);
const written = (stamper: LineStamper, ...chunks: readonly (string | Buffer)[]): string =>
  Buffer.concat([...chunks.map((chunk) => stamper.stamp(Buffer.from(chunk))), stamper.flush()]).toString();

test.each([
  ['YYYY-MM-DDTHH:mm:ss', '2026-01-05T15:04:09'],
  ['YY/M/D H:m:s.SSS', '26/1/5 15:4:9.007'],
  ['dddd ddd dd d, MMMM MMM', 'Monday Mon Mo 1, January Jan'],
  ['hh:mm A, h a', '03:04 PM, 3 pm'],
  ['[at] HH[h]mm', 'at 15h04'],
  ['', ''],
])('%s is written as %s', (format, expected) => {
  expect(dateFormatter(format)(AT)).toBe(expected);
});

test('the offset of the time zone is written with and without a colon', () => {
  const [minutes, size] = [-AT.getTimezoneOffset(), Math.abs(AT.getTimezoneOffset())];
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const parts = [minutes < 0 ? '-' : '+', two(size / 60), two(size % 60)];
  expect(dateFormatter('Z ZZ')(AT)).toBe(`${parts[0]}${parts[1]}:${parts[2]} ${parts.join('')}`);
});

describe('a prefix stands before each line', () => {
  test.each<[string, readonly string[], string]>([
    ['one', ['a\n'], 'T: a\n'],
    ['several in one write', ['a\nb\n\n'], 'T: a\nT: b\nT: \n'],
    ['in several writes', ['a', 'b\nc', '\n', 'd'], 'T: ab\nT: c\nT: d'],
    ['nothing', ['', ''], ''],
  ])('%s', (_, chunks, expected) => {
    expect(
      written(
        prefixStamper(() => 'T: '),
        ...chunks,
      ),
    ).toBe(expected);
  });
});

describe('a document is made of each line', () => {
  const upper = (): LineStamper => documentStamper((message) => `<${message}>`);
  test.each<[string, readonly (string | Buffer)[], string]>([
    ['one', ['a\n'], '<a>\n'],
    ['several in one write', ['a\n\nb\n'], '<a>\n<>\n<b>\n'],
    ['in several writes', ['a', 'b\nc', '\nd'], '<ab>\n<c>\n<d>\n'],
    ['with a character in two writes', [Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)], '<é>\n'],
    ['nothing', [''], ''],
  ])('%s', (_, chunks, expected) => {
    expect(written(upper(), ...chunks)).toBe(expected);
  });

  test('a line without end does not fill the memory', () => {
    const stamper = upper();
    const chunk = 'x'.repeat(700_000);
    expect(stamper.stamp(Buffer.from(chunk)).length).toBe(0);
    expect(stamper.stamp(Buffer.from(chunk)).toString()).toBe(`<${chunk}${chunk}>\n`);
    expect(stamper.flush().length).toBe(0);
  });
});

describe('what is stamped can be read', () => {
  const times = fc.date({ min: new Date(2001, 0, 1), max: new Date(2090, 0, 1), noInvalidDate: true });
  const lines = fc.string().map((text) => text.replaceAll('\n', ''));
  const formats = fc.constantFrom(
    'YYYY-MM-DDTHH:mm:ss.SSS',
    'YY/M/D H:m:s.SSS Z',
    '[on] dddd, D MMMM YYYY [at] hh:mm:ss.SSS A ZZ',
    'MMM DD YYYY h:mm:ss.SSS a Z',
  );

  test('from a prefix', () => {
    fc.assert(
      fc.property(formats, times, lines, (logDateFormat, time, message) => {
        const line = `${dateFormatter(logDateFormat)(time)}: ${message}`;
        const zoned = logDateFormat.includes('Z');
        const read = stampReader({ logType: 'raw', logDateFormat, env: {} })(line);
        expect(read.message).toBe(message);
        // Of the hour that a zone has twice a year, one cannot tell which it was.
        if (zoned) expect(read.at).toBe(time.getTime());
        else expect(Math.abs((read.at ?? 0) - time.getTime())).toBeLessThanOrEqual(7_200_000);
      }),
    );
  });

  test('from a document', () => {
    fc.assert(
      fc.property(times, lines, (time, message) => {
        const line = JSON.stringify({ message, timestamp: time.toISOString() });
        expect(stampReader({ logType: 'json', logDateFormat: null, env: {} })(line)).toEqual({
          message,
          at: time.getTime(),
        });
      }),
    );
  });

  test.each([
    ['raw', 'HH:mm', '15:04: hello', { message: 'hello', at: null }],
    ['raw', 'YYYY-MM-DD HH:mm', 'Error: boom', { message: 'Error: boom', at: null }],
    ['raw', null, '2026-01-05: hello', { message: '2026-01-05: hello', at: null }],
    ['json', null, '{"message":1}', { message: '{"message":1}', at: null }],
    ['json', null, 'node:internal', { message: 'node:internal', at: null }],
    ['json', 'HH:mm', '{"message":"a","timestamp":"15:04"}', { message: 'a', at: null }],
  ] as const)('%s, %s: %s', (logType, logDateFormat, line, expected) => {
    expect(stampReader({ logType, logDateFormat, env: {} })(line)).toEqual(expected);
  });

  test('but for the time of an app in another time zone, unless it says which', () => {
    const read = (logDateFormat: string, line: string) =>
      stampReader({ logType: 'raw', logDateFormat, env: { TZ: 'Asia/Tokyo' } })(line).at;
    expect(read('YYYY-MM-DD HH:mm', '2026-01-05 15:04: x')).toBeNull();
    expect(read('YYYY-MM-DD HH:mm Z', '2026-01-05 15:04 +09:00: x')).toBe(Date.UTC(2026, 0, 5, 6, 4));
  });
});
