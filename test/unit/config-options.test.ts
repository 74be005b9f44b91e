import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APP_OPTIONS, camelCase } from '../../src/config/app-options.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import { KEYS_WITHOUT_EFFECT } from '../../src/config/pm2-options.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { IGNORED_OPTIONS } from '../support/option-cases/ignored.ts';
import { appsOf, OPTION_CASES, respelled } from '../support/option-cases/index.ts';
import { NESTED_CASES } from '../support/option-cases/nested.ts';
import { CALLER, ENV_NAME, OPTION_FILES } from '../support/option-cases/option-case.ts';
import { propertiesOf, type Schema } from '../support/schemas-readme.ts';

type Block = Readonly<Record<string, unknown>>;

const repository = fileURLToPath(new URL('../..', import.meta.url));
const environment = { PATH: process.env['PATH'], HOME: '/home/me', ...CALLER };
const isRoot = process.getuid?.() === 0;
let folder = '';

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'eco-options-')));
  for (const [name, content] of Object.entries(OPTION_FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o700 });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every option has a case, and none has two', () => {
  const names = APP_OPTIONS.map(({ name }): string => name);
  expect(OPTION_CASES.map(({ option }) => option).sort()).toEqual([...names, 'env_NAME'].sort());
  expect(Object.keys(IGNORED_OPTIONS).sort()).toEqual(KEYS_WITHOUT_EFFECT.map(({ name }) => name).sort());
});

describe.each(OPTION_CASES.filter(({ asRoot }) => isRoot || asRoot !== true))('$option', (option) => {
  const { option: name, spec } = option;
  const [app = {}, ...beside] = appsOf(option);

  test('makes the spec what the table says, and changes nothing else in it', async () => {
    const plain = await load([{ name, script: './tells.js', revision: 'none' }]);
    const written = await load([app, ...beside]);
    expect(changes(plain.spec, written.spec)).toEqual(spec);
    expect(written.warnings).toEqual([]);
  });

  test.each(respelled(app, name).map((block) => ({ block, keys: Object.keys(block).join(' ') })))(
    'means the same in the spelling $keys',
    async ({ block }) => {
      expect(await load([block, ...beside])).toEqual(await load([app, ...beside]));
    },
  );
});

test('every key within an option has a case', () => {
  const schema = JSON.parse(readFileSync(join(repository, 'schemas/ecosystem.schema.json'), 'utf8')) as Schema;
  const paths = propertiesOf(schema.$defs?.['app'] ?? {}, schema).map(({ path }) => path);
  expect(Object.keys(NESTED_CASES).sort()).toEqual(paths.filter((path) => path.includes('.')).sort());
});

test.each(Object.entries(NESTED_CASES))('%s makes of the spec what the table says', async (path, nested) => {
  const app = { name: 'app', script: './tells.js', revision: 'none' };
  const beside = (nested.beside ?? []).map((other) => ({ ...app, ...other }));
  const plain = await load([app]);
  const written = await load([{ ...app, ...nested.written }, ...beside]);
  expect(changes(plain.spec, written.spec)).toEqual(nested.spec);
  expect(written.warnings).toEqual([]);
  // It is the key that makes the difference, not the option around it.
  expect(JSON.stringify(nested.written)).toContain(`"${path.split('.').at(-1)}"`);
});

describe.each(KEYS_WITHOUT_EFFECT)('$name', ({ name, reason }) => {
  test.each([...new Set([name, camelCase(name)])])('is told to be ignored, as %s, and changes nothing', async (key) => {
    const app = { name: 'app', script: './tells.js', revision: 'none' };
    const { spec, warnings } = await load([{ ...app, [key]: IGNORED_OPTIONS[name] }]);
    expect(spec).toEqual((await load([app])).spec);
    expect(warnings).toEqual([`ECO1902 "${key}" is ignored: ${reason}`]);
    expect((await load([{ ...app, [key]: false }])).warnings).toEqual([]);
  });
});

test.runIf(isRoot)('what cannot be written of a program that runs as another user is told', async () => {
  const app = { name: 'app', script: './tells.js', revision: 'none', uid: 65_534, out_file: './logs/out.txt' };
  expect((await load([app])).warnings).toEqual([]);
  expect((await load([{ ...app, log_file: './logs/all.txt', time: true }])).warnings).toEqual(
    ['log_file', 'time'].map(
      (key) => expect.stringMatching(`ECO1909 "${key}" has no effect: .*as another user`) as string,
    ),
  );
});

test('what an option does to a process is shown by the apply of all options, or by a test that exists', () => {
  for (const { option, shown } of OPTION_CASES) {
    if ('effect' in shown) continue;
    const file = readFileSync(join(repository, shown.in), 'utf8');
    expect(shown.title, option).not.toBe('');
    // It may be the end of a title that a table completes.
    const isThere = ["'", '"', '`'].some((quote) => file.includes(`${shown.title}${quote}`));
    expect(isThere, `${option}: no test "${shown.title}" is in ${shown.in}`).toBe(true);
  }
});

interface Loaded {
  readonly spec: AppSpec | undefined;
  readonly warnings: readonly string[];
}

/** The first of the apps. */
async function load(apps: readonly Block[]): Promise<Loaded> {
  const file = join(folder, 'ecosystem.json');
  writeFileSync(file, JSON.stringify({ hosts: { web: 'ssh://web1' }, apps }));
  const home = join(folder, 'home');
  const loaded = await loadEcosystem({
    file,
    cwd: folder,
    environment,
    home,
    envName: ENV_NAME,
    codeRevision: 'compute',
    where: { type: 'anywhere' },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  const others = apps.slice(1).map(({ name }) => name);
  const spec = loaded.value.desired.apps.find(({ name }) => !others.includes(name));
  // No app but that of the case has a block for the name.
  const told = loaded.value.warnings.filter(({ code }) => code !== 'ECO1904');
  return { spec, warnings: told.map(({ code, message }) => `${code} ${message}`) };
}

/** The fields that differ, with their values in `after`. */
function changes(before: AppSpec | undefined, after: AppSpec | undefined): Readonly<Record<string, unknown>> {
  const differing = Object.entries(after ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(before ?? {}, key)),
  );
  const text = JSON.stringify(Object.fromEntries(differing)).replaceAll(folder, '<folder>');
  return JSON.parse(text.replace(/"digest":"\w+"/, '"digest":"<digest>"')) as Record<string, unknown>;
}
