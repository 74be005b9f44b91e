// The types of `defineEcosystem`, made of the schema: what editors show in JavaScript and TypeScript files.

/**
 * @param schema of ecosystem files
 * @param options `{ name, aliases }` of an app
 * @param others names that are known and have no effect
 */
export function ecosystemTypes(schema, { options, others }) {
  const app = schema.$defs.app;
  return [
    '// Made of schemas/ecosystem.schema.json by the build.',
    '',
    '/** Values of environment variables; what is null or undefined is left out. */',
    'export type Variables = Readonly<Record<string, unknown>>;',
    '',
    `${comment(schema.description, '')}export interface Ecosystem {`,
    ...members(schema.properties, { schema, indent: '  ' }),
    '  readonly [own: `x-${string}`]: unknown;',
    '}',
    '',
    `${comment(app.description, '')}export interface App {`,
    ...members(app.properties, { schema, indent: '  ' }),
    '  /** Variables that count only under --env with the name after env_; they win over env. */',
    "  readonly [block: `env_${string}`]: Variables | App['env_file'];",
    '  readonly [own: `x-${string}`]: unknown;',
    ...otherSpellings(schema, { options, others }),
    '}',
    '',
    FUNCTIONS,
  ].join('\n');
}

const FUNCTIONS = `/** What a file that exports a function is called with. */
export interface EcosystemContext {
  /** The environment of the command. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The words after \`eco\`. */
  readonly argv: readonly string[];
}

export type EcosystemFunction = (context: EcosystemContext) => Ecosystem | Promise<Ecosystem>;
`;

/** PM2's aliases, camelCase, and what is known and without effect. */
function otherSpellings(schema, { options, others }) {
  const taken = new Set(Object.keys(schema.$defs.app.properties));
  const isNew = (name) => !taken.has(name) && taken.add(name);
  const aliases = options.flatMap(({ name, aliases: spellings }) =>
    [...spellings, ...[name, ...spellings].map(camelCase)].filter(isNew).map((spelling) => [spelling, name]),
  );
  const known = others.filter((name) => isNew(name) && !Object.hasOwn(schema.properties, name));
  return [
    ...aliases.flatMap(([spelling, name]) => [
      `  /** The same as \`${name}\`. */`,
      `  readonly ${key(spelling)}?: App['${name}'];`,
    ]),
    ...known.flatMap((name) => [
      '  /** Known, and without effect: schemas/README.md says why. */',
      `  readonly ${key(name)}?: unknown;`,
    ]),
  ];
}

function members(properties, { schema, indent }) {
  return Object.entries(properties).flatMap(([name, property]) => [
    `${comment(property.description, indent)}${indent}readonly ${key(name)}?: ${typeOf(property, { schema, indent })} | undefined;`,
  ]);
}

function typeOf(property, { schema, indent }) {
  if (property.$ref === '#/$defs/app') return 'App';
  if (property.$ref !== undefined)
    return typeOf(schema.$defs[property.$ref.slice('#/$defs/'.length)], { schema, indent });
  if (property.enum !== undefined) return property.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (property.properties !== undefined) {
    const object = `{\n${members(property.properties, { schema, indent: `${indent}  ` }).join('\n')}\n${indent}}`;
    return [property.type].flat().includes('null') ? `${object} | null` : object;
  }
  const branches = property.anyOf ?? property.oneOf;
  if (branches !== undefined)
    return [...new Set(branches.map((branch) => typeOf(branch, { schema, indent })))].join(' | ');
  const types = [property.type ?? 'unknown'].flat();
  return [...new Set(types.map((type) => plainType(type, property, { schema, indent })))].join(' | ');
}

function plainType(type, { items, additionalProperties }, context) {
  switch (type) {
    case 'array':
      return `readonly (${items === undefined ? 'unknown' : typeOf(items, context)})[]`;
    case 'object':
      return typeof additionalProperties === 'object'
        ? `Readonly<Record<string, ${typeOf(additionalProperties, context)}>>`
        : 'Variables';
    case 'integer':
      return 'number';
    default:
      return type;
  }
}

function comment(text, indent) {
  return text === undefined ? '' : `${indent}/** ${text.replaceAll('*/', '* /')} */\n`;
}

function key(name) {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function camelCase(name) {
  return name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
