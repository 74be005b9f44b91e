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
  const { project, version, defaults, apps } = ecosystem;
  const value = {
    ...(project === null ? {} : { project: project.value }),
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
    const length = steps[0] === 'apps' ? 3 : steps[0] === 'defaults' ? 2 : 1;
    if (steps.length < length) continue;
    const key = JSON.stringify(steps.slice(0, length));
    const group = groups.get(key) ?? { steps: steps.slice(0, length), list: [] };
    group.list.push(error);
    groups.set(key, group);
  }
  return [...groups.values()];
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
  if (first === 'project' || first === 'version') {
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
  const key = String(part.path.at(-1));
  const schemas = errors.map((error) => error.parentSchema).filter(isRecord);
  const expects = schemas.map((schema) => schema['x-expects']).find((text) => typeof text === 'string');
  const choices = schemas.flatMap((schema) => (Array.isArray(schema['enum']) ? schema['enum'].map(String) : []));
  const inner = innerError(errors, part);
  const meant = typeof inner.value === 'string' ? nearest(inner.value, choices) : undefined;
  const question = meant === undefined ? '' : `; did you mean "${meant}"?`;
  const message =
    inner.path === null
      ? `"${key}" must be ${expects ?? 'something else'}, not ${describe(inner.value)}${question}`
      : `"${key}" must be ${expects ?? 'something else'}; it holds ${describe(inner.value)}${question}`;
  report.error('ECO1301', inner.path ?? part.path, { message });
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
