import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../src/platform/make-folder.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eco-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('makes what is missing for this user alone, and leaves what is there', () => {
  chmodSync(folder, 0o755);
  makeFolder(join(folder, 'a', 'b'));
  makeFolder(join(folder, 'a', 'b'));
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  expect([folder, join(folder, 'a'), join(folder, 'a', 'b')].map(modeOf)).toEqual([0o755, 0o700, 0o700]);
});

test.for(['/proc/nope', '/proc/nope/deeper', '/proc/self/fd/x/y'])(
  '%s cannot be made, and that is found out',
  (path) => {
    expect(() => makeFolder(path)).toThrow('ENOENT');
  },
);

test('a file in the way is told', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(folder, 'file', 'below'))).toThrow('ENOTDIR');
});
