import type { ErrorObject } from 'ajv';
import { nearest } from '../util/edit-distance.ts';
import validateEcosystem from './generated/validate-ecosystem.js';
import { describe, type Part } from './read-form.ts';
import type { KeyedEcosystem, OptionBlock } from './read-keys.ts';
import type { Report } from './report.ts';
import { isRecord, type SourcePath } from './source.ts';

/**
 * Checks every value against the schema. It checks the apps before `defaults` is merged into them, so that a mistake in
 * `defaults` is told once and at its place. Returns the blocks that are not valid, by their paths.
 */
export function validateValues(ecosystem: KeyedEcosystem, report: Report): ReadonlySet<SourcePath> {
  const { include, static: served, project, hosts, version, defaults, apps } = ecosystem;
  const value = {
    ...(include === null ? {} : { include: include.value }),
    ...(served === null ? {} : { static: entriesOf(served).map(({ value }) => value) }),
    ...(project === null ? {} : { project: project.value }),
    ...(hosts === null ? {} : { hosts: hosts.value }),
    ...(version === null ? {} : { version: version.value }),
    ...(defaults === null ? {} : { defaults: plainBlock(defaults) }),
    apps: apps.map(plainBlock),
  };
  if (validateEcosystem(value)) return new Set();
  const invalid = new Set<SourcePath>();
  for (const errors of groupByOption(validateEcosystem.errors ?? [])) {
    const found = ownerOf(errors.steps, ecosystem);
    if (found === null) continue;
    if (found.block !== null) invalid.add(found.block.path);
    reportValue(found, errors.list, report);
  }
  return invalid;
}

function plainBlock(block: OptionBlock): Readonly<Record<string, unknown>> {
  const envBlocks = [...block.envBlocks].map(([name, { value }]): [string, unknown] => [`env_${name}`, value]);
  return Object.fromEntries([
    ...[...block.options].map(([name, { value }]): [string, unknown] => [name, value]),
    ...envBlocks,
  ]);
}

interface OptionErrors {
  readonly steps: readonly string[];
  readonly list: readonly ErrorObject[];
}

/** One wrong value makes several errors, one for each form that it could have had. */
function groupByOption(errors: readonly ErrorObject[]): readonly OptionErrors[] {
  const groups = new Map<string, { steps: readonly string[]; list: ErrorObject[] }>();
  for (const error of errors) {
    const steps = stepsOf(error.instancePath);
    const length = ownerLength(steps);
    if (steps.length < length) continue;
    const key = JSON.stringify(steps.slice(0, length));
    const group = groups.get(key) ?? { steps: steps.slice(0, length), list: [] };
    group.list.push(error);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** How many steps lead to what is reported as one: an option, an entry of `static`, or a group of `hosts`. */
function ownerLength([first, second]: readonly string[]): number {
  if (first === 'apps') return 3;
  if (first === 'hosts') return second === undefined ? 1 : 2;
  return first === 'defaults' || first === 'static' ? 2 : 1;
}

/** A single one may stand without a list. */
function entriesOf({ value, path }: Part): readonly Part[] {
  return Array.isArray(value)
    ? value.map((entry: unknown, index) => ({ value: entry, path: [...path, index] }))
    : [{ value, path }];
}

/** A JSON pointer (https://www.rfc-editor.org/rfc/rfc6901). */
function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => decodeURIComponent(step).replace(/~1/g, '/').replace(/~0/g, '~'));
}

interface Owner {
  readonly block: OptionBlock | null;
  readonly part: Part;
}

function ownerOf([first, second, third]: readonly string[], ecosystem: KeyedEcosystem): Owner | null {
  if (first === 'static') {
    const entry = ecosystem.static === null ? undefined : entriesOf(ecosystem.static)[Number(second)];
    return entry === undefined ? null : { block: null, part: entry };
  }
  if (first === 'hosts' && second !== undefined && isRecord(ecosystem.hosts?.value)) {
    const { value, path } = ecosystem.hosts;
    return { block: null, part: { value: value[second], path: [...path, second] } };
  }
  if (first === 'include' || first === 'project' || first === 'hosts' || first === 'version') {
    const part = ecosystem[first];
    return part === null ? null : { block: null, part };
  }
  const block = first === 'defaults' ? ecosystem.defaults : ecosystem.apps[Number(second)];
  const name = first === 'defaults' ? second : third;
  if (block === null || block === undefined || name === undefined) return null;
  const part =
    [...block.options].find(([option]) => option === name)?.[1] ?? block.envBlocks.get(name.replace(/^env_/, ''));
  return part === undefined ? null : { block, part };
}

function reportValue({ part }: Owner, errors: readonly ErrorObject[], report: Report): void {
  const unknown = errors.find(({ keyword }) => keyword === 'additionalProperties');
  const nested = unknown === undefined ? nestedError(errors, part) : null;
  if (unknown !== undefined) return reportUnknownKey(unknown, part, report);
  if (nested !== null) return report.error('ECO1301', nested.path, { message: nested.message });
  const key = keyOf(part);
  const expects = expectationOf(errors) ?? 'something else';
  const inner = innerError(errors, part);
  const message =
    inner.path === null
      ? `"${key}" must be ${expects}${notWhat(inner.value)}${question(inner.value, errors)}`
      : `"${key}" must be ${expects}; it holds ${describe(inner.value)}${question(inner.value, errors)}`;
  return report.error('ECO1301', inner.path ?? part.path, { message });
}

/** `static[1]` for an entry of a list. */
function keyOf({ path }: Part): string {
  const key = path.at(-1);
  return typeof key === 'number' ? `${String(path.at(-2))}[${key}]` : String(key);
}

/** A key within an option, such as `htp` in `readiness`. */
function reportUnknownKey({ instancePath, params, parentSchema }: ErrorObject, part: Part, report: Report): void {
  const key = String((params as { readonly additionalProperty?: unknown }).additionalProperty);
  const known =
    isRecord(parentSchema) && isRecord(parentSchema['properties']) ? Object.keys(parentSchema['properties']) : [];
  const meant = nearest(key, known);
  const within = [keyOf(part), ...stepsWithin(instancePath)].join('.');
  report.error('ECO1203', [...part.path, ...stepsWithin(instancePath), key], {
    message: `unknown key "${key}" in "${within}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    part: 'key',
    ...(meant === undefined ? { hint: `it may hold ${known.join(', ')}` } : {}),
  });
}

/** The value of a key within an option that says itself what it expects. */
function nestedError(
  errors: readonly ErrorObject[],
  part: Part,
): { readonly path: SourcePath; readonly message: string } | null {
  const deepest = errors.toSorted((a, b) => stepsOf(b.instancePath).length - stepsOf(a.instancePath).length)[0];
  const steps = stepsWithin(deepest?.instancePath ?? '');
  const own = errors.filter(({ instancePath }) => instancePath === deepest?.instancePath);
  const expects = expectationOf(own);
  if (deepest === undefined || steps.length === 0 || expects === undefined) return null;
  const name = [keyOf(part), ...steps].join('.');
  const message = `"${name}" must be ${expects}${notWhat(deepest.data)}${question(deepest.data, own)}`;
  return { path: [...part.path, ...steps], message };
}

/** The steps from the option on: `http` in `/apps/0/readiness/http`. */
function stepsWithin(instancePath: string): readonly string[] {
  const steps = stepsOf(instancePath);
  return steps.slice(ownerLength(steps));
}

function expectationOf(errors: readonly ErrorObject[]): string | undefined {
  const expectations = schemasOf(errors).map((schema) => schema['x-expects']);
  return expectations.find((text) => typeof text === 'string');
}

function question(value: unknown, errors: readonly ErrorObject[]): string {
  const choices = schemasOf(errors).flatMap(({ enum: list }) => (Array.isArray(list) ? list.map(String) : []));
  const meant = typeof value === 'string' ? nearest(value, choices) : undefined;
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}

/** An object is the right thing with the wrong content. */
function notWhat(value: unknown): string {
  return isRecord(value) ? '' : `, not ${describe(value)}`;
}

function schemasOf(errors: readonly ErrorObject[]) {
  return errors.map((error) => error.parentSchema).filter(isRecord);
}

/** The part of a list or an object that is wrong, if the rest of it is right. */
function innerError(
  errors: readonly ErrorObject[],
  part: Part,
): { readonly path: SourcePath | null; readonly value: unknown } {
  const outer = Math.min(...errors.map((error) => stepsOf(error.instancePath).length));
  const deepest = errors.filter((error) => stepsOf(error.instancePath).length === outer + 1)[0];
  if (deepest === undefined) return { path: null, value: part.value };
  const step = stepsOf(deepest.instancePath).at(-1) ?? '';
  const path = [...part.path, Array.isArray(part.value) ? Number(step) : step];
  return { path, value: deepest.data };
}
