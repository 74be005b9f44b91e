import { expect, test } from 'vitest';
import { PipedLogs } from '../../src/supervise/piped-logs.ts';

const FILE = '/state/logs/shop/web.out.log';

function pipedLog() {
  const logs = new PipedLogs();
  const lines: string[] = [];
  const sink = logs.sink(FILE, (line) => void lines.push(line));
  return { logs, lines, sink, write: (text: string) => sink.write(Buffer.from(text)) };
}

test('what comes in parts becomes whole lines, also where a part ends within a character', () => {
  const { lines, sink, write } = pipedLog();
  write('one\ntw');
  write('o\n');
  const bytes = Buffer.from('ü\nrest');
  sink.write(bytes.subarray(0, 1));
  sink.write(bytes.subarray(1));
  expect(lines).toEqual(['one', 'two', 'ü']);
  sink.end();
  expect(lines).toEqual(['one', 'two', 'ü', 'rest']);
});

test('two workers of one log do not get into each other’s lines', () => {
  const { logs, lines, write } = pipedLog();
  const other = logs.sink(FILE, (line) => void lines.push(`other ${line}`));
  write('a');
  other.write(Buffer.from('b\n'));
  write('c\n');
  expect(lines).toEqual(['other b', 'ac']);
  expect(logs.lastLines(FILE, 5, { start: 0 })).toEqual(['b', 'ac']);
});

test('a line without an end is passed on in parts before it fills the memory', () => {
  const { lines, write } = pipedLog();
  write('x'.repeat(100_000));
  expect(lines.map(({ length }) => length)).toEqual([100_000]);
});

test('a report sees the last lines since the process began, a probe those since it looked last', () => {
  const { logs, write } = pipedLog();
  write('before\n');
  const start = logs.endOf(FILE);
  const seen: string[] = [];
  const read = logs.reader(FILE, (line) => void seen.push(line), { from: start });
  write('one\ntwo\nthree\n');
  expect(logs.lastLines(FILE, 2, { start })).toEqual(['two', 'three']);
  expect(logs.lastLines(FILE, 9, { start })).toEqual(['one', 'two', 'three']);
  expect(logs.lastLines(FILE, 0, { start })).toEqual([]);
  read();
  write('four\n');
  read();
  expect(seen).toEqual(['one', 'two', 'three', 'four']);
});

test('only the last lines are kept', () => {
  const { logs, write } = pipedLog();
  write('line\n'.repeat(20_000));
  expect(logs.lastLines(FILE, 20_000, { start: 0 })).toHaveLength(5000);
  expect(logs.endOf(FILE)).toBe(100_000);
});
