import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';

export interface DocumentSchema {
  /** `list` of `list.schema.json`. */
  readonly name: string;
  readonly title: string;
  /** Names the commands that print such a document, each as it is typed: `eco list --json`. */
  readonly description: string;
}

/** The published schemas of what commands print and write, by name. */
export function readDocumentSchemas(folder: string): readonly DocumentSchema[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.schema.json') && file !== 'ecosystem.schema.json')
    .sort()
    .map((file) => {
      const { title, description } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<
        DocumentSchema,
        'name'
      >;
      return { name: file.replace('.schema.json', ''), title, description };
    });
}

/** `daemon status`: the commands of which a schema says that they print its documents. */
export function commandsIn({ description }: DocumentSchema): readonly string[] {
  return [...description.matchAll(/`eco ([a-z ]+) --json`/g)].map(([, command = '']) => command);
}

/** Checks documents by the schemas of a folder, more strictly than readers may: a key that no schema knows is a mistake. */
export function documentSchemas(folder: string): (name: string, document: unknown) => void {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  for (const { name } of readDocumentSchemas(folder)) {
    const schema = JSON.parse(readFileSync(join(folder, `${name}.schema.json`), 'utf8')) as object;
    ajv.addSchema(closed(schema) as object, `${name}.schema.json`);
  }
  return (name, document) => {
    const validate = ajv.getSchema(`${name}.schema.json`);
    if (validate === undefined) throw new Error(`there is no ${name}.schema.json`);
    if (validate(document) === true) return;
    const problems = (validate.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath, message, JSON.stringify(params)].join(' '),
    );
    throw new Error(`not a document of ${name}:\n${problems.join('\n')}\n${JSON.stringify(document, null, 1)}`);
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
