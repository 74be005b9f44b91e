import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { formatDiagnostic, formatDiagnosticLsp } from '../../src/cli/render/diagnostics.ts';
import { diagnosticAnnotation, formatAnnotation } from '../../src/cli/render/github-text.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import type { DesiredState } from '../../src/domain/desired-state.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { CASE_TIMEOUT, FILE_CASES, PROPERTY_TIMEOUT } from '../support/property-cases.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/ecosystems', import.meta.url));
const environment = { PATH: join(fixtures, 'bin'), HOME: '/home/me', V: 'value' };
vi.setConfig({ testTimeout: PROPERTY_TIMEOUT });
let folder = '';

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'eco-hostile-')));
  for (const name of ['server.js', 'main.py', '.env']) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'sub'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const word = fc.stringMatching(/^[a-z][\w .()-]{0,8}$/).map((text) => text.trim());
const options = fc.record(
  {
    script: fc.constantFrom('./server.js', 'server.js', './main.py', 'sleep 5', 'redis-server'),
    cwd: fc.constantFrom('.', './sub/..', '~/..', '/'),
    args: fc.oneof(fc.constantFrom('a b', '--x "y z"'), fc.array(word, { maxLength: 3 })),
    instances: fc.constantFrom(1, 2, '3', 'max', -1, null),
    env: fc.dictionary(
      fc.stringMatching(/^[A-Z_]{1,6}$/),
      fc.oneof(fc.integer(), fc.boolean(), word, fc.constant(null)),
    ),
    env_production: fc.constantFrom({ A: 1 }, {}),
    env_file: fc.constantFrom('.env', ['.env']),
    kill_timeout: fc.constantFrom('5s', 100, '1.5m'),
    max_memory_restart: fc.constantFrom('1GB', '200M', 5_000_000),
    autorestart: fc.boolean(),
    watch: fc.constant(false),
    namespace: word,
    'x-mine': fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('${', ['${V:?x}', '$'], { '${': '${ABSENT}' }, { a: { __proto__: '${' } }),
    ),
  },
  { requiredKeys: [] },
);
const ecosystem = fc
  .tuple(fc.array(options, { maxLength: 5 }), fc.boolean(), options)
  .map(([apps, strict, defaults]): Record<string, unknown> => {
    const { script: _script, 'x-mine': _mine, ...shared } = defaults;
    const named = apps.map((app, index) => ({ script: './server.js', ...app, cwd: '.', name: `app ${index}` }));
    return { ...(strict || apps.length === 0 ? { project: 'random' } : {}), defaults: shared, apps: named };
  });
/** Each form that a text can have. */
const written = fc.tuple(ecosystem, fc.constantFrom('json', 'spaced', 'yaml', 'flow')).map(([value, form]) => {
  if (form === 'yaml') return { name: 'ecosystem.yaml', text: dump(value) };
  if (form === 'flow') return { name: 'ecosystem.yaml', text: dump(value, { flowLevel: 1 }) };
  return { name: 'ecosystem.json', text: JSON.stringify(value, null, form === 'spaced' ? 2 : 0) };
});

test('a random valid file is read', async () => {
  await fc.assert(
    fc.asyncProperty(written, async ({ name, text }) => {
      const { desired, diagnostics } = await load(name, text);
      expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(desired).not.toBeNull();
    }),
    { numRuns: FILE_CASES, timeout: CASE_TIMEOUT },
  );
});

/** Files as people write them, right and wrong: what is mutated. Programs are left out, for they would be run. */
const corpus = ['valid', 'invalid'].flatMap((kind) =>
  readdirSync(join(fixtures, kind)).flatMap((fixture) =>
    readdirSync(join(fixtures, kind, fixture))
      .filter((name) => /^(ecosystem|pm2|process|processes)\.(json|ya?ml)$/.test(name))
      .map((name) => ({
        name: `ecosystem${extname(name)}`,
        text: readFileSync(join(fixtures, kind, fixture, name), 'utf8').slice(0, 4000),
      })),
  ),
);
const SNIPPETS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ':',
  ',',
  '\n',
  '  ',
  '- ',
  '\t',
  '&a',
  '*a',
  '<<: *a',
  '#',
  '|',
  '>',
  '!!',
  '---\n',
  '\0',
  '\u2028',
  '${',
  '${V:?x}',
  '{{instance}}',
  '__proto__',
  'null',
  '~',
  '1e999',
  '-0',
  '😀',
  '\uD800',
  '../',
  '%',
];
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(12),
  kind: fc.constantFrom('delete', 'insert', 'replace', 'repeat', 'swap'),
  snippet: fc.oneof(fc.constantFrom(...SNIPPETS), fc.string({ maxLength: 6 })),
});

test('a random mutation of a file yields a diagnostic with a place, or a spec', async () => {
  const mutated = fc
    .tuple(fc.oneof(written, fc.constantFrom(...corpus)), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([{ name, text }, mutations]) => ({ name, text: mutations.reduce(mutate, text) }));
  await fc.assert(
    fc.asyncProperty(mutated, async ({ name, text }) => {
      const { desired, diagnostics } = await load(name, text);
      if (desired === null) expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
      for (const diagnostic of diagnostics) {
        expect(formatDiagnostic(diagnostic, { cwd: folder })).toContain(diagnostic.code);
        expect(formatDiagnosticLsp(diagnostic).range.start.line).toBeGreaterThanOrEqual(0);
        expect(formatAnnotation(diagnosticAnnotation(diagnostic), folder)).not.toContain('\n');
      }
    }),
    { numRuns: FILE_CASES, timeout: CASE_TIMEOUT },
  );
});

test('keys of prototypes are keys like any other', async () => {
  const text = readFileSync(join(fixtures, 'invalid/hostile-prototype-keys/ecosystem.json'), 'utf8');
  await load('ecosystem.json', text);
  await load(
    'ecosystem.yaml',
    'apps: [{ script: ./server.js, __proto__: { polluted: 1 }, env: { __proto__: { polluted: 1 } } }]',
  );
  const { desired } = await load(
    'ecosystem.yaml',
    'project: p\napps: [{ script: ./server.js, env: { __proto__: a, constructor: b } }]',
  );
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  expect(Object.entries(desired?.apps[0]?.env ?? {})).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('a hundred thousand apps are read, and so is a file with a mistake in each of many', async () => {
  const app = (more: string) => (_: unknown, index: number) => `{"name":"a${index}","script":"./server.js"${more}}`;
  const many = Array.from({ length: 100_000 }, app('')).join(',\n');
  expect((await load('ecosystem.json', `{"project":"p","apps":[${many}]}`)).desired?.apps).toHaveLength(100_000);
  const wrong = Array.from({ length: 10_000 }, app(',"instnaces":1,"instances":"x"')).join(',\n');
  expect((await load('ecosystem.json', `{"project":"p","apps":[${wrong}]}`)).diagnostics).toHaveLength(20_000);
});

test('a text of four megabytes is a name, a value and a key like any other', async () => {
  const huge = 'x'.repeat(4 * 1024 * 1024);
  const named = await load(
    'ecosystem.yaml',
    `project: p\napps: [{ name: ${huge}, script: ./server.js, env: { A: 1 } }]`,
  );
  expect(named.desired?.apps[0]?.name).toHaveLength(huge.length);
  const { diagnostics } = await load('ecosystem.json', `{"project":"p","apps":[{"script":"./server.js","${huge}":1}]}`);
  expect(diagnostics.map(({ code }) => code)).toEqual(['ECO1203']);
  const shown = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { cwd: folder })).join('\n');
  expect(shown.length).toBeLessThan(2000);
});

test('links in circles end in a diagnostic', async () => {
  for (const name of ['loop.yaml', 'loop.js', 'loop', '.loop']) symlinkSync(name, join(folder, name));
  const codesOf = async (file: string): Promise<readonly string[]> =>
    (await loadFile(file)).diagnostics.map(({ code }) => code);
  expect(await codesOf('loop.yaml')).toEqual(['ECO1004']);
  const app = (more: string) => load('ecosystem.yaml', `project: p\napps: [{ name: a, ${more} }]`);
  const found = [
    await app('script: ./loop.js'),
    await app('script: ./server.js, cwd: ./loop'),
    await app('script: ./server.js, env_file: .loop'),
  ];
  expect(found.map(({ diagnostics }) => diagnostics.map(({ code }) => code))).toEqual([
    ['ECO1401'],
    ['ECO1403'],
    ['ECO1404'],
  ]);
});

function mutate(
  text: string,
  { at, length, kind, snippet }: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
): string {
  const start = Math.floor(at * text.length);
  const part = text.slice(start, start + length);
  const [before, after] = [text.slice(0, start), text.slice(start + length)];
  switch (kind) {
    case 'delete':
      return before + after;
    case 'insert':
      return before + snippet + part + after;
    case 'repeat':
      return before + part + part + part + after;
    case 'swap':
      return before + part.split('').toReversed().join('') + after;
    default:
      return before + snippet + after;
  }
}

interface Loaded {
  readonly desired: DesiredState | null;
  readonly diagnostics: readonly Diagnostic[];
}

function load(name: string, text: string): Promise<Loaded> {
  writeFileSync(join(folder, name), text);
  return loadFile(name);
}

async function loadFile(file: string): Promise<Loaded> {
  const loaded = await loadEcosystem({
    file,
    cwd: folder,
    environment,
    home: join(folder, 'home'),
    codeRevision: 'skip',
  });
  if (loaded.ok) return { desired: loaded.value.desired, diagnostics: loaded.value.warnings };
  if (loaded.error.reason !== 'config-invalid') throw new Error(loaded.error.reason);
  return { desired: null, diagnostics: loaded.error.diagnostics };
}
