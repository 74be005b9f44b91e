import { expect, test } from 'vitest';
import { hoistFlags } from '../../src/cli/program/hoist-flags.ts';
import { duration, names, positiveCount } from '../../src/cli/program/values.ts';
import { parseScaleChange, scaledTo } from '../../src/cli/scale-change.ts';
import { app, fakeEco, observedApps } from './cli-fake-context.ts';

test.each([
  ['4', 4],
  ['+2', 5],
  ['-1', 2],
  ['-3', 0],
])('scale %s of 3 workers is %i', (text, expected) => {
  const change = parseScaleChange(text);
  expect(change === null ? null : scaledTo(change, 3)).toBe(expected);
});

test.each(['', 'two', '1.5', '++1', '- 1', '1e3', '0x4', '99999999'])('scale %j means nothing', (text) => {
  expect(parseScaleChange(text)).toBeNull();
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['1h', 3_600_000],
])('%s is %i ms', (text, expected) => {
  expect(duration(text)).toBe(expected);
});

test.each(['10', '0s', '-1s', '', 's', '10 m', '1d'])('%j is no time', (text) => {
  expect(() => duration(text)).toThrow('such as');
});

test('counts are whole and positive, names are separated by commas', () => {
  expect(positiveCount('12')).toBe(12);
  for (const text of ['0', '-1', '1.5', 'x', '']) expect(() => positiveCount(text)).toThrow('whole number');
  expect(names('a, b,', ['z'])).toEqual(['z', 'a', 'b']);
  expect(() => names(',')).toThrow('separated by commas');
});

test.each([
  [
    ['--json', 'list'],
    ['list', '--json'],
  ],
  [
    ['-f', 'x.yaml', '--env', 'prod', 'apply', '--yes'],
    ['apply', '--yes', '-f', 'x.yaml', '--env', 'prod'],
  ],
  [
    ['--file=x.yaml', 'plan'],
    ['plan', '--file=x.yaml'],
  ],
  [
    ['-q', 'logs', '--', '-odd'],
    ['logs', '-q', '--', '-odd'],
  ],
  [
    ['--json', 'daemon', 'status'],
    ['daemon', 'status', '--json'],
  ],
  [
    ['list', '--json'],
    ['list', '--json'],
  ],
  [
    ['--help', 'list'],
    ['--help', 'list'],
  ],
  [['--json'], ['--json']],
])('global flags before the command: %j → %j', (args, expected) => {
  expect(hoistFlags(args)).toEqual(expected);
});

test('eco alone prints its help and succeeds', async () => {
  const { run, seen } = fakeEco({});
  expect(await run()).toBe(0);
  expect(seen.out).toContain('Usage: eco');
  expect(seen.err).toBe('');
});

test.each([
  [['aply'], "unknown command 'aply'", 'apply'],
  [['apply', '--jsn'], "unknown option '--jsn'", '--json'],
  [['list', '--env', 'x'], "unknown option '--env'", ''],
  [['scale', 'api'], "missing required argument 'count'", ''],
  [['scale', 'api', 'two'], 'Write N for that many workers', ''],
  [['apply', '--timeout', '10'], 'Write a time with its unit', ''],
  [['apply', '--concurrency', '0'], 'at least 1', ''],
  [['list', 'extra'], 'too many arguments', ''],
  [['plan', 'a.yaml', '--file', 'b.yaml'], 'two files are given', ''],
])('%j exits 1 and says why', async (args, message, suggestion) => {
  const { run, seen } = fakeEco({});
  expect(await run(...args)).toBe(1);
  expect(seen.err).toContain(message);
  expect(seen.err).toContain(suggestion);
  expect(seen.err).toMatch(/\neco( \w+)? --help shows (the commands|how it is used)\.\n$/);
  expect(seen.out).toBe('');
  expect(seen.connections).toEqual([]);
});

test('every command has help that begins with examples, explains each argument and option, and exits 0', async () => {
  const all = fakeEco({});
  await all.run('--help');
  const commands = [...all.seen.out.matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)?(?= [[<]| {2})/gm)].map(
    ([, name = '']) => name,
  );
  expect(commands.length).toBeGreaterThan(30);
  for (const command of commands) {
    const { run, seen } = fakeEco({});
    expect(await run(command, '--help')).toBe(0);
    expect(seen.out).toMatch(/^Examples:\n {2}.*\beco /);
    const [, terms = ''] = /\n(?:Arguments|Options|Commands):\n([^]*)/.exec(seen.out) ?? [];
    const unexplained = terms.split('\n').filter((line) => /^ {2}\S/.test(line) && !/\S {2,}\S/.test(line));
    expect([command, unexplained]).toEqual([command, []]);
  }
});

test('flags before and after the command mean the same', async () => {
  const observed = observedApps([app('api')]);
  const [before, after] = [fakeEco({ observed }), fakeEco({ observed })];
  expect(await before.run('--json', '--project', 'shop', 'ls')).toBe(0);
  expect(await after.run('status', '--project', 'shop', '--json')).toBe(0);
  expect(before.seen.out).toBe(after.seen.out);
  expect(JSON.parse(before.seen.out)).toMatchObject({ format_version: '1.0', apps: [{ name: 'api' }] });
});
