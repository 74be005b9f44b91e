import { afterEach, expect, test, vi } from 'vitest';
import { app, fakeEco, observedApps } from './cli-fake-context.ts';

const observed = observedApps([app('api'), app('web'), app('mail', { project: 'post' })]);

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the shell is offered for the last word. */
async function offers(words: readonly string[], world: Parameters<typeof fakeEco>[0] = { observed }) {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line));
  const { run, seen } = fakeEco(world);
  expect(await run('complete', '--', ...words)).toBe(0);
  expect(seen.connections).not.toContain('if-absent');
  return lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t')[0] ?? '');
}

test.for<[readonly string[], readonly string[]]>([
  [['re'], ['restart', 'reload', 'reset']],
  [
    ['stop', ''],
    ['mail', 'api', 'web'],
  ],
  [['stop', 'api', 'w'], ['web']],
  [['describe', 'm'], ['mail']],
  [['daemon', 'u'], ['upgrade']],
  [['list', '--sort', 'c'], ['cpu']],
  [
    ['list', '--project', ''],
    ['post', 'shop'],
  ],
  [['apply', '--only', 'a'], ['api']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
])('%j: %j', async ([words, expected]) => {
  expect(await offers(words)).toEqual(expected);
});

test('ecosystem files of the folder', async () => {
  expect(await offers(['apply', ''], { observed, files: ['/home/me/shop/pm2.json'] })).toEqual(['pm2.json']);
});

test('no daemon: commands and flags are offered all the same', async () => {
  expect(await offers(['apply', '--dry'], { observed: null, homeHasApps: true })).toEqual(['--dry-run']);
});

test.for(['bash', 'zsh', 'fish'])('a script for %s', async (shell) => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line));
  expect(await fakeEco({}).run('completion', shell)).toBe(0);
  expect(lines.join('\n')).toContain('eco complete --');
});

test('help for one command, and for all', async () => {
  const { run, seen } = fakeEco({});
  expect(await run('help', 'apply')).toBe(0);
  expect(seen.out).toMatch(/^Examples:\n {2}eco apply\n/);
  expect(seen.out).toContain('--dry-run');
  expect(await run('help')).toBe(0);
  expect(seen.out).toContain('eco plan ');
  expect(await run('help', 'aply')).toBe(1);
  expect(seen.err).toContain('apply');
});
