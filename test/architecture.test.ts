import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));
const folders = readdirSync(src, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const table = readImportTable();
const modules = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.c?ts$/.test(path) && !path.endsWith('.d.ts') && path.includes(sep))
  .map((path) => ({ path, folder: path.split(sep)[0] ?? '', imports: importsOf(join(src, path)) }));

/** Folders whose code must give the same answer for the same arguments, wherever and whenever it runs. */
const PURE_FOLDERS = ['util', 'domain', 'reconcile', 'execute'];
/** The pure policy files of `supervise`, by the names that `src/README.md` gives them. */
const PURE_FILES =
  /^supervise\/(.*-machine|backoff|stop-ladder|readiness|probe|available|restart-policy|start-order|tree-use|rotation-plan|change-batch|restart-brake|watched-paths)\.ts$/;

test('the table in src/README.md names every folder and no other', () => {
  expect([...table.keys()].sort()).toEqual([...folders].sort());
});

test('no folder imports another that the table does not allow', () => {
  const forbidden = modules.flatMap(({ path, folder, imports }) =>
    imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, typeOnly }) => ({ target: folderOf(path, specifier), typeOnly }))
      .filter(({ target }) => target !== folder && !(table.get(folder) ?? []).includes(target))
      // A type leaves nothing behind in the preload's file.
      .filter(({ target, typeOnly }) => !(folder === 'preload' && ['protocol', 'domain'].includes(target) && typeOnly))
      .map(({ target }) => `${path} imports ${target}`),
  );
  expect(forbidden).toEqual([]);
});

test('the imports between folders have no cycle', () => {
  const visit = (folder: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(folder)) return [[...trail, folder].join(' → ')];
    return (table.get(folder) ?? []).flatMap((next) => visit(next, [...trail, folder]));
  };
  expect(folders.flatMap((folder) => visit(folder, []))).toEqual([]);
});

test('pure code imports neither Node nor packages and reads no clock, randomness or process', () => {
  const impure = modules
    .filter(({ path, folder }) => PURE_FOLDERS.includes(folder) || PURE_FILES.test(path))
    .flatMap(({ path, imports }) => {
      const outside = imports.filter(({ specifier }) => !specifier.startsWith('.')).map(({ specifier }) => specifier);
      return [...outside, ...effectsIn(join(src, path))].map((what) => `${path} uses ${what}`);
    });
  expect(impure).toEqual([]);
});

test('only platform and the preload touch the clock, randomness and the process', () => {
  const effects = modules
    .filter(
      ({ path, folder }) =>
        !['platform', 'preload', 'serve'].includes(folder) && !/^(cli|daemon)\/main\.ts$/.test(path),
    )
    .flatMap(({ path }) => effectsIn(join(src, path)).map((what) => `${path} uses ${what}`));
  expect(effects).toEqual([]);
});

test('the preload imports nothing but Node', () => {
  const others = modules
    .filter(({ folder }) => folder === 'preload')
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, typeOnly }) => !specifier.startsWith('node:') && !specifier.startsWith('./') && !typeOnly)
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
  expect(others).toEqual([]);
});

function readImportTable(): Map<string, readonly string[]> {
  const readme = readFileSync(join(src, 'README.md'), 'utf8');
  const rows = readme.matchAll(/^\| `(\w+)` \| ([^|]*) \|$/gm);
  return new Map([...rows].map(([, folder, allowed]) => [folder ?? '', namesIn(allowed ?? '')]));
}

function namesIn(cell: string): readonly string[] {
  const names = [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '');
  return cell.startsWith('all but') ? folders.filter((folder) => !names.includes(folder) && folder !== 'cli') : names;
}

function importsOf(file: string): readonly { readonly specifier: string; readonly typeOnly: boolean }[] {
  const code = stripComments(readFileSync(file, 'utf8'));
  const found = code.matchAll(
    /(import|export)\s+(type\s)?[^'";]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|import\s+'([^']+)'|require\('([^']+)'\)/g,
  );
  return [...found].map((match) => ({
    specifier: match[3] ?? match[4] ?? match[5] ?? match[6] ?? '',
    typeOnly: match[2] !== undefined,
  }));
}

function folderOf(importer: string, specifier: string): string {
  return relative(src, resolve(dirname(join(src, importer)), specifier)).split(sep)[0] ?? '';
}

function effectsIn(file: string): readonly string[] {
  const code = stripStrings(stripComments(readFileSync(file, 'utf8')));
  const effects = code.matchAll(
    /\b(Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|setImmediate|Math\.random)\b|(?<![.#\w])(process\.\w+)/g,
  );
  return [...new Set([...effects].map(([what]) => what))];
}

function stripStrings(code: string): string {
  return code.replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");
}

function stripComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
