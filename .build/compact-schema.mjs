// The schema as the validator needs it: its code is read at each start of a command that reads a file.

export function compactSchema(schema) {
  return withRepetitionsShared(withoutTexts(schema));
}

/** In characters of JSON. */
const WORTH_SHARING = 70;

/** What is for people and editors, and would only have to be read at each start. */
function withoutTexts(schema) {
  if (Array.isArray(schema)) return schema.map(withoutTexts);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    // Of a property that is itself called so, the value is an object.
    ([name, value]) => !(['description', 'default', 'examples', 'title'].includes(name) && !isSchemaOf(name, value)),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutTexts(value)]));
}

/** Each duration, probe or list would else have code of its own, most of what is read at each start. */
function withRepetitionsShared(schema) {
  const counts = new Map();
  const count = (value) => {
    for (const property of propertiesIn(value)) {
      const text = JSON.stringify(property);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  };
  visit(schema, count);
  const shared = new Map();
  const share = (value) => {
    if (Array.isArray(value)) return value.map(share);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, inner]) => [
      name,
      name === 'properties' ? named(inner) : share(inner),
    ]);
    return Object.fromEntries(entries);
  };
  const named = (properties) =>
    Object.fromEntries(
      Object.entries(properties).map(([name, property]) => {
        const text = JSON.stringify(property);
        if (text.length < WORTH_SHARING || counts.get(text) < 2) return [name, share(property)];
        if (!shared.has(text)) shared.set(text, { id: `shared-${shared.size}`, value: share(property) });
        return [name, { $ref: `#/$defs/${shared.get(text).id}` }];
      }),
    );
  const { $defs, ...top } = share(schema);
  return {
    ...top,
    $defs: { ...$defs, ...Object.fromEntries([...shared.values()].map(({ id, value }) => [id, value])) },
  };
}

function propertiesIn({ properties }) {
  return typeof properties === 'object' && properties !== null ? Object.values(properties) : [];
}

function visit(value, look) {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) look(value);
  for (const inner of Object.values(value)) visit(inner, look);
}

function isSchemaOf(name, value) {
  return name !== 'default' && name !== 'examples' && typeof value === 'object';
}
