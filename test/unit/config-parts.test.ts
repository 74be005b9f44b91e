import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { parse } from 'dotenv';
import json5 from 'json5';
import { expect, test } from 'vitest';
import { formatDiagnostic, formatDiagnosticLsp } from '../../src/cli/render/diagnostics.ts';
import { diagnosticAnnotation, formatAnnotation } from '../../src/cli/render/github-text.ts';
import { APP_OPTIONS, OPTION_SPELLINGS } from '../../src/config/app-options.ts';
import { DIAGNOSTIC_CODES } from '../../src/config/diagnostic-codes.ts';
import { parseEnvFile } from '../../src/config/env-file.ts';
import { withoutCredentials } from '../../src/config/identify-project.ts';
import { readDuration, readInstances, readLogTarget } from '../../src/config/option-values.ts';
import { parseJson } from '../../src/config/parse-json.ts';
import { parseYaml } from '../../src/config/parse-yaml.ts';
import { KNOWN_APP_KEYS } from '../../src/config/pm2-options.ts';
import { sensitiveNames } from '../../src/config/sensitive-env.ts';
import type { SourceNode } from '../../src/config/source.ts';
import { splitAssignments, splitWords } from '../../src/config/words.ts';
import { quoted } from '../../src/util/quoted.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';

const schema = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../schemas/ecosystem.schema.json', import.meta.url)), 'utf8'),
);

test('the schema has exactly the options of the table, each with a description, a default and an example', () => {
  const { properties } = schema.$defs.app;
  expect(Object.keys(properties).sort()).toEqual(APP_OPTIONS.map(({ name }) => name).sort());
  const wanting = Object.entries({ ...properties, ...schema.properties }).filter(
    ([, property]) => !['description', 'default', 'examples'].every((key) => Object.hasOwn(Object(property), key)),
  );
  expect(wanting.map(([name]) => name)).toEqual([]);
});

test('no spelling means two things', () => {
  expect(OPTION_SPELLINGS.filter((spelling) => KNOWN_APP_KEYS.includes(spelling))).toEqual([]);
});

test('every code is explained', () => {
  for (const [code, info] of Object.entries(DIAGNOSTIC_CODES)) {
    expect(code).toMatch(/^ECO1\d{3}$/);
    expect(Object.values(info).every((text) => text.trim() !== '')).toBe(true);
  }
});

test('words that were quoted are split into what they were', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(splitWords(words.map(quoted).join(' '))).toEqual({ words, plain: true });
    }),
  );
});

test.each([
  [`a 'b c' "d \\"e\\" $"`, ['a', 'b c', 'd "e" $'], false],
  ['--k="v w" x\\ y', ['--k=v w', 'x y'], true],
  ["''", [''], true],
  ['node a.js | cat', ['node', 'a.js', '|', 'cat'], false],
  ['echo $HOME', ['echo', '$HOME'], false],
  ['ls *.js', ['ls', '*.js'], false],
  ["echo '$HOME'", ['echo', '$HOME'], true],
  ['cd ~/x', ['cd', '~/x'], false],
  ['a~b#c', ['a~b#c'], true],
  ['a\nb', ['a', 'b'], false],
])('splits %j', (line, words, plain) => {
  expect(splitWords(line)).toEqual({ words, plain });
});

test('an open quote is no list of words', () => {
  expect([splitWords(`a 'b`), splitWords('a "b\\"')]).toEqual([null, null]);
});

test('leading assignments are variables', () => {
  expect(splitAssignments(['A=1', 'B=', 'c', 'D=2'])).toEqual({ env: { A: '1', B: '' }, rest: ['c', 'D=2'] });
});

test('env files are read as dotenv reads them', () => {
  const text = `# a comment
A=1
export B = two # not part of it
C='single \\n # kept'
D="double\\nline and a
real one"   # ignored
E=a#b
F=
G: yaml
H=\`tick "and" 'quote'\`
A=last\r
`;
  expect(parseEnvFile(text)).toEqual({
    env: {
      A: 'last',
      B: 'two',
      C: 'single \\n # kept',
      D: 'double\nline and a\nreal one',
      E: 'a',
      F: '',
      G: 'yaml',
      H: `tick "and" 'quote'`,
    },
    problems: [],
  });
  expect(parseEnvFile('A=1\n\nwhat\nB="open\nC=3\n')).toEqual({
    env: { A: '1', B: '"open', C: '3' },
    problems: [
      { line: 3, message: 'not a line of the form NAME=value' },
      { line: 4, message: 'the " of "B" is not closed' },
    ],
  });
});

test.each([
  'A\n=1\nexport\nB=2',
  'A=\n"on the next line"\nB=\n\nC',
  '  \n\n A = 1 # why\n\n\n#B=2\nC="x" y\nD="a\n#b\nc" # d\nE',
  "A='it''s'\nB=it's\nC=\"a\\\"b\"\nD:\nE: 1\nF:2",
  '\u2028A=1\uFEFFB=2\r\rC=3',
  'A=`x\ny\nB="\n\nC=\'\nD=1',
])('what %j assigns is what dotenv says', (text) => {
  expect(parseEnvFile(text).env).toEqual(parse(text));
});

test('any text is read as dotenv reads it, and only what it passes over is told', () => {
  const piece = fc.constantFrom(
    'A',
    'B_1',
    '=',
    ': ',
    '"',
    "'",
    '`',
    '\\"',
    '#',
    '\n',
    '\n',
    ' ',
    '\t',
    'export ',
    'x',
    '\r\n',
    '$',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      const { env, problems } = parseEnvFile(text);
      expect(env).toEqual(parse(text));
      const lines = text.split(/\r\n?|\n/);
      const junk = problems.filter(({ message }) => message.startsWith('not a line')).map(({ line }) => line - 1);
      expect(parse(lines.filter((_, index) => !junk.includes(index)).join('\n'))).toEqual(env);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['no assignments', 'what is this\n'],
  ['nothing', '\n'],
  ['comments', '# A="\n'],
  ['one value', 'x', 'A="\n'],
  ['assignments', 'A=1\n'],
])('an env file of many lines with %s is read in a time that grows as they do', (_what, line, before = '') => {
  const time = (lines: number): number => {
    const text = before + line.repeat(lines);
    const times = Array.from({ length: 10 }, () => {
      const started = performance.now();
      parseEnvFile(text);
      return performance.now() - started;
    });
    return Math.min(...times);
  };
  // Were it the square, this would be 4096.
  expect(time(32_000) / time(500)).toBeLessThan(1000);
});

test('durations, instances and log targets', () => {
  expect(['500ms', '30s', '5m', '1h', '1.5s', 250, '250', ' 2 s ', 'soon'].map(readDuration)).toEqual([
    500,
    30_000,
    300_000,
    3_600_000,
    1500,
    250,
    250,
    2000,
    undefined,
  ]);
  expect([0, 'max', 'MAX', '0', -1, -9, 3, '3'].map((value) => readInstances(value, 4))).toEqual([
    4, 4, 4, 4, 3, 1, 3, 3,
  ]);
  const resolve = (path: string): string => `/app/${path}`;
  expect(['NULL', '/dev/null', '', null, 'a.log'].map((value) => readLogTarget(value, resolve))).toEqual([
    { type: 'discard' },
    { type: 'discard' },
    { type: 'default' },
    { type: 'default' },
    { type: 'file', path: '/app/a.log' },
  ]);
});

test('what looks secret is sensitive, and what only sounds like it is not', () => {
  const secret = [
    'DB_PASSWORD',
    'API_KEY',
    'apiKey',
    'GITHUB_TOKEN',
    'SENTRY_DSN',
    'AWS_SECRET_ACCESS_KEY',
    'BASIC_AUTH',
  ];
  const open = ['MONKEY', 'KEYBOARD', 'AUTHOR', 'PWD', 'PORT', 'COMPASS', 'NODE_ENV'];
  const env = Object.fromEntries([...secret, ...open].map((name) => [name, 'x']));
  expect(sensitiveNames(env, new Set())).toEqual([...secret].sort());
  expect(sensitiveNames({ A: 'redis://:pw@host', B: 'redis://host', C: 'x' }, new Set(['C']))).toEqual(['A', 'C']);
});

test('credentials are taken out of a remote', () => {
  expect(
    ['https://u:t@h.org/a.git', 'ssh://git@h.org/a.git', 'git@h.org:a.git', '/srv/a.git'].map(withoutCredentials),
  ).toEqual(['https://h.org/a.git', 'ssh://h.org/a.git', 'git@h.org:a.git', '/srv/a.git']);
});

const jsonText = fc
  .json({ maxDepth: 4 })
  .chain((text) =>
    fc.constantFrom(
      text,
      JSON.stringify(JSON.parse(text), null, 2),
      json5.stringify(JSON.parse(text), { space: 1, quote: "'" }) ?? text,
    ),
  );

test('in JSON every key and value stands where its positions say', async () => {
  await fc.assert(
    fc.asyncProperty(jsonText, async (text) => {
      const commented = `// first\n${text}/* last */`;
      const parsed = await parseJson({ file: '/x.json', text: commented });
      if (!parsed.ok || parsed.value.positions === null) throw new Error('not parsed');
      const sliced = valueBySlices(parsed.value.positions, commented, parsed.value.value);
      expect(sliced).toEqual(parsed.value.value);
    }),
  );
});

/** The value again, every leaf of it parsed from the piece of text that its position names. */
function valueBySlices(node: SourceNode, text: string, value: unknown): unknown {
  if (Array.isArray(value)) return node.items.map((item, index) => valueBySlices(item, text, value[index]));
  if (typeof value !== 'object' || value === null) return json5.parse(text.slice(node.span.start, node.span.end));
  const values = new Map(Object.entries(value));
  return Object.fromEntries(
    [...node.entries].map(([key, entry]) => {
      const written = text.slice(entry.key.start, entry.key.end);
      expect(/^["']/.test(written) ? json5.parse(written) : written).toBe(key);
      return [key, valueBySlices(entry.value, text, values.get(key))];
    }),
  );
}

test('in YAML the positions have the shape of the value', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 4 }), async (json) => {
      const { dump } = await import('js-yaml');
      const text = dump(JSON.parse(json));
      const parsed = await parseYaml({ file: '/x.yaml', text });
      if (!parsed.ok || parsed.value.positions === null) throw new Error('not parsed');
      expect(shapeOf(parsed.value.positions, parsed.value.value)).toBe(true);
    }),
  );
});

function shapeOf(node: SourceNode, value: unknown): boolean {
  if (Array.isArray(value))
    return node.items.length === value.length && value.every((item, index) => shapeAt(node.items[index], item));
  if (typeof value !== 'object' || value === null) return node.span.end >= node.span.start;
  const entries = Object.entries(value);
  return (
    node.entries.size === entries.length &&
    entries.every(([key, inner]) => shapeAt(node.entries.get(key)?.value, inner))
  );
}

function shapeAt(node: SourceNode | undefined, value: unknown): boolean {
  return node !== undefined && shapeOf(node, value);
}

const DIAGNOSTIC: Diagnostic = {
  code: 'ECO1203',
  severity: 'error',
  message: 'unknown key "instnaces"; did you mean "instances"?',
  hint: null,
  location: {
    file: '/srv/shop/ecosystem.yaml',
    range: { start: { line: 14, column: 5 }, end: { line: 14, column: 14 } },
    path: 'apps[0].instnaces',
    frame: [
      { number: 13, text: '  - name: api' },
      { number: 14, text: '    instnaces: 4' },
    ],
  },
  related: [],
};

test('a diagnostic for people', () => {
  expect(formatDiagnostic(DIAGNOSTIC, { cwd: '/srv/shop' })).toBe(
    `error[ECO1203]: unknown key "instnaces"; did you mean "instances"?
  ┌─ ecosystem.yaml:14:5
13 │   - name: api
14 │     instnaces: 4
   │     ~~~~~~~~~`,
  );
});

test('tabs, wide letters and control characters leave the marks below what they mark', () => {
  const location = {
    ...DIAGNOSTIC.location,
    range: { start: { line: 1, column: 6 }, end: { line: 1, column: 8 } },
    frame: [{ number: 1, text: '\t日本\u001B:ab' }],
  };
  expect(
    formatDiagnostic({ ...DIAGNOSTIC, location }, { cwd: '/' })
      .split('\n')
      .slice(2),
  ).toEqual(['1 │  日本\uFFFD:ab', '  │        ~~']);
});

test('a diagnostic for editors counts from 0', () => {
  expect(formatDiagnosticLsp(DIAGNOSTIC)).toEqual({
    uri: 'file:///srv/shop/ecosystem.yaml',
    range: { start: { line: 13, character: 4 }, end: { line: 13, character: 13 } },
    severity: 1,
    code: 'ECO1203',
    source: 'eco',
    message: DIAGNOSTIC.message,
    relatedInformation: [],
    data: { path: 'apps[0].instnaces', hint: null },
  });
});

test('a diagnostic for GitHub cannot break out of its line', () => {
  const diagnostic = {
    ...DIAGNOSTIC,
    message: 'a%\r\nb',
    hint: 'c',
    location: { ...DIAGNOSTIC.location, file: '/srv/shop/a,b:c.yaml' },
  };
  expect(formatAnnotation(diagnosticAnnotation(diagnostic), '/srv/shop')).toBe(
    '::error file=a%2Cb%3Ac.yaml,line=14,col=5,title=ECO1203::a%25%0D%0Ab%0Ahint: c',
  );
});
