import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export type DocumentKind = 'plan' | 'apply' | 'list' | 'drift';

/** The published schemas of a folder, applied more strictly than readers may: a key that no schema knows is a mistake. */
export function documentSchemas(folder: string): (kind: DocumentKind, document: unknown) => void {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  const validators = new Map<DocumentKind, ValidateFunction>();
  for (const kind of ['plan', 'list', 'apply', 'drift'] as const) {
    const schema = JSON.parse(readFileSync(join(folder, `${kind}.schema.json`), 'utf8')) as object;
    ajv.addSchema(closed(schema) as object, `${kind}.schema.json`);
    const validate = ajv.getSchema(`${kind}.schema.json`);
    if (validate === undefined) throw new Error(`no schema of ${kind}`);
    validators.set(kind, validate as ValidateFunction);
  }
  return (kind, document) => {
    const validate = validators.get(kind);
    if (validate?.(document) === true) return;
    const problems = (validate?.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath, message, JSON.stringify(params)].join(' '),
    );
    throw new Error(`not a document of ${kind}:\n${problems.join('\n')}\n${JSON.stringify(document, null, 1)}`);
  };
}

/** Each line by itself. */
export function jsonLines(text: string): readonly unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const open = 'properties' in schema && 'type' in schema && !('additionalProperties' in schema);
  return open ? { ...inner, additionalProperties: false } : inner;
}
