import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDocumentSchemas } from '../support/document-schemas.ts';
import { formatSchemasReadme, propertiesOf, type Schema } from '../support/schemas-readme.ts';

const folder = fileURLToPath(new URL('../../schemas', import.meta.url));
const schema: Schema = JSON.parse(readFileSync(`${folder}/ecosystem.schema.json`, 'utf8'));

test('schemas/README.md says what the schemas, the change classes and the diagnostic codes say: npm run docs', async () => {
  await expect(formatSchemasReadme(schema, readDocumentSchemas(folder))).toMatchFileSnapshot(`${folder}/README.md`);
});

test('every property of the schema, however deep, has a description, a default and an example', () => {
  const all = [...propertiesOf(schema, schema), ...propertiesOf(schema.$defs?.['app'] ?? {}, schema)];
  expect(all.length).toBeGreaterThan(60);
  const wanting = all.filter(
    ({ schema: property }) =>
      (property.description ?? '') === '' || property.default === undefined || (property.examples ?? []).length === 0,
  );
  expect(wanting.map(({ path }) => path)).toEqual([]);
});
