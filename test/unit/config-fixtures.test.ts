import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { formatDiagnostic } from '../../src/cli/render/diagnostics.ts';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/ecosystems', import.meta.url));
const environment = {
  PATH: join(fixtures, 'bin'),
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
  return loadEcosystem({ file, cwd: folder, environment, home: join(folder, 'unused'), codeRevision: 'skip' });
}

function textOf(diagnostics: readonly Diagnostic[], folder: string): string {
  const texts = diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, { cwd: folder })}\n`);
  return withoutFolder(texts.join('\n'), folder);
}

function withoutFolder(text: string, folder: string): string {
  return text.replaceAll(folder, '<folder>').replaceAll(fixtures, '<fixtures>').replaceAll(process.version, '<node>');
}
