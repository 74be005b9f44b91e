import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { formatDiagnostic } from '../../src/cli/render/diagnostics.ts';
import { DIAGNOSTIC_CODES } from '../../src/config/diagnostic-codes.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';

vi.mock(import('../../src/platform/machine.ts'), async (original) => ({
  ...(await original()),
  availableCpus: () => 4,
}));

const fixtures = fileURLToPath(new URL('../../fixtures/ecosystems', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const environment = {
  PATH: join(fixtures, 'bin'),
  HOME: '/home/me',
  WHO: 'the caller',
  DATABASE_URL: 'postgres://db/shop',
  AWS_REGION: 'eu-1',
  NOT_PASSED: 'x',
};

test.each(readdirSync(join(fixtures, 'invalid')))('invalid: %s', async (name) => {
  const folder = join(fixtures, 'invalid', name);
  const loaded = await load(folder);
  if (loaded.ok || loaded.error.reason !== 'config-invalid') throw new Error('the file was accepted');
  await expect(textOf(loaded.error.diagnostics, folder)).toMatchFileSnapshot(join(folder, 'expected.txt'));
});

test.each(readdirSync(join(fixtures, 'valid')))('valid: %s', async (name) => {
  const folder = join(fixtures, 'valid', name);
  const loaded = await load(folder);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  const { project, apps } = loaded.value.desired;
  const text = JSON.stringify({ project, apps, warnings: textOf(loaded.value.warnings, folder).split('\n') }, null, 2);
  await expect(`${withoutFolder(text, folder)}\n`).toMatchFileSnapshot(join(folder, 'expected.json'));
});

test('every fixture says what is expected of it', () => {
  const missing = ['invalid/expected.txt', 'valid/expected.json'].flatMap((place) => {
    const [kind = '', expected = ''] = place.split('/');
    const cases = readdirSync(join(fixtures, kind)).map((name) => join(fixtures, kind, name, expected));
    return cases.filter((file) => !existsSync(file)).map((file) => relative(fixtures, file));
  });
  expect(missing).toEqual([]);
});

async function load(folder: string) {
  const file = readdirSync(folder).find((name) => /^(ecosystem|pm2|process|processes)\./.test(name)) ?? 'package.json';
  const options = { file, cwd: folder, environment, home: join(folder, 'unused'), codeRevision: 'skip' } as const;
  const more = join(folder, 'options.json');
  return loadEcosystem(existsSync(more) ? { ...options, ...JSON.parse(readFileSync(more, 'utf8')) } : options);
}

function textOf(diagnostics: readonly Diagnostic[], folder: string): string {
  const texts = diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, { cwd: folder })}\n`);
  return withoutFolder(texts.join('\n'), folder);
}

function withoutFolder(text: string, folder: string): string {
  return text
    .replaceAll(folder, '<folder>')
    .replaceAll(fixtures, '<fixtures>')
    .replaceAll(repository, '<eco>')
    .replaceAll(homedir(), '<home>')
    .replaceAll(process.version, '<node>');
}

/** What depends on the machine, on flags, or on the code of the apps, and the tests that show it. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  ECO1001: 'config-load',
  ECO1003: 'config-load',
  ECO1004: 'config-load',
  ECO1005: 'config-load',
  ECO1009: 'config-load',
  ECO1411: 'config-load',
  ECO1419: 'config-given',
  ECO1505: 'config-load',
  ECO1904: 'config-load',
  ECO1908: 'config-code-revision',
};

test('every diagnostic code is shown by a fixture, or by a test that is named here', () => {
  const expectations = ['invalid', 'valid'].flatMap((kind) =>
    readdirSync(join(fixtures, kind)).map((name) =>
      readFileSync(join(fixtures, kind, name, kind === 'valid' ? 'expected.json' : 'expected.txt'), 'utf8'),
    ),
  );
  const shown = new Set(expectations.flatMap((text) => text.match(/ECO1\d{3}/g) ?? []));
  const codes = Object.keys(DIAGNOSTIC_CODES).sort();
  expect(codes.filter((code) => !shown.has(code))).toEqual(Object.keys(SHOWN_ELSEWHERE));
  for (const [code, file] of Object.entries(SHOWN_ELSEWHERE)) {
    expect(readFileSync(join(fixtures, `../../test/unit/${file}.test.ts`), 'utf8')).toContain(`'${code}'`);
  }
});
