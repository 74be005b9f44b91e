import type { AppSpec } from '../domain/app-spec.ts';
import { MASK } from '../domain/mask.ts';
import type { FieldChange, JsonValue } from '../domain/plan.ts';
import { changedFiles, type CodeManifest, type CodeRevision } from '../domain/revision.ts';
import { isToldInstances } from '../domain/templates.ts';
import { byCodeUnit, equalJson } from '../util/compare.ts';
import { FILE_KEYS, fileValue, revisionValue, watchValues, type Field } from './file-values.ts';
import { CHANGE_CLASS, strongestClass, type ChangeClass } from './change-classes.ts';

export interface SpecChanges {
  readonly class: ChangeClass;
  /** The file's keys of the changed fields that have `class`: why the step is what it is. */
  readonly because: readonly string[];
  readonly fields: readonly FieldChange[];
}

/** By digest. */
export type Manifests = Readonly<Record<string, CodeManifest>>;

const FIELDS = Object.keys(FILE_KEYS) as readonly Field[];

/** Field by field, in the order of `AppSpec`; values as in the file, secrets masked. */
export function specChanges(before: AppSpec, after: AppSpec, manifests: Manifests): SpecChanges {
  const changed = FIELDS.filter((field) => !equalJson(before[field], after[field]));
  const classOf = (field: Field): ChangeClass => classOfChange(field, before, after);
  const strongest = strongestClass(changed.map(classOf));
  // A derived value changes along with the field it comes from, and would only repeat it.
  const shown = strongest === 'none' ? changed : changed.filter((field) => classOf(field) !== 'none');
  return {
    class: strongest,
    because: changed.filter((field) => classOf(field) === strongest).map((field) => FILE_KEYS[field]),
    fields: shown.flatMap((field) => fieldChanges(field, { before, after, manifests })),
  };
}

function classOfChange(field: Field, before: AppSpec, after: AppSpec): ChangeClass {
  const told = field === 'instances' && (isToldInstances(before) || isToldInstances(after));
  return told ? 'reload' : CHANGE_CLASS[field];
}

interface Comparison {
  readonly before: AppSpec;
  readonly after: AppSpec;
  readonly manifests: Manifests;
}

function fieldChanges(field: Field, { before, after, manifests }: Comparison): readonly FieldChange[] {
  if (field === 'env') return envChanges(before, after);
  if (field === 'dependsOn') {
    return keyChanges(before.dependsOn, after.dependsOn).map(({ key, ...values }) => ({
      path: `${FILE_KEYS.dependsOn}.${key}`,
      ...values,
      sensitive: false,
    }));
  }
  if (field === 'watch') return watchChanges(before, after);
  const values =
    field === 'code'
      ? codeChange(before.code, after.code, manifests)
      : { before: fileValue(before, field), after: fileValue(after, field) };
  return [{ path: FILE_KEYS[field], ...values, sensitive: false }];
}

/** Each of its options by itself. */
function watchChanges(before: AppSpec, after: AppSpec): readonly FieldChange[] {
  return keyChanges(watchValues(before.watch), watchValues(after.watch)).map(({ key, ...values }) => ({
    path: key,
    ...values,
    sensitive: false,
  }));
}

function envChanges(before: AppSpec, after: AppSpec): readonly FieldChange[] {
  const secrets = new Set([...before.sensitiveEnv, ...after.sensitiveEnv]);
  return keyChanges(before.env, after.env).map(({ key, ...values }) => {
    const sensitive = secrets.has(key);
    return { path: `${FILE_KEYS.env}.${key}`, ...(sensitive ? masked(values) : values), sensitive };
  });
}

interface ValueChange {
  readonly before: JsonValue;
  readonly after: JsonValue;
}

function masked({ before, after }: ValueChange): ValueChange {
  if (before === null) return { before, after: MASK };
  if (after === null) return { before: MASK, after };
  return { before: `${MASK} (before)`, after: `${MASK} (after)` };
}

function keyChanges(
  before: Readonly<Record<string, JsonValue>>,
  after: Readonly<Record<string, JsonValue>>,
): readonly (ValueChange & { readonly key: string })[] {
  const [left, right] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((key) => !equalJson(left.get(key), right.get(key)))
    .sort(byCodeUnit)
    .map((key) => ({ key, before: left.get(key) ?? null, after: right.get(key) ?? null }));
}

const NAMED_FILES = 10;

/** Between two digests nothing is worth reading but the files: `before` is null and `after` says which they are. */
function codeChange(before: CodeRevision, after: CodeRevision, manifests: Manifests): ValueChange {
  if (before.type !== 'auto' || after.type !== 'auto')
    return { before: revisionValue(before), after: revisionValue(after) };
  return { before: null, after: codeChangeText(before, after, manifests) };
}

type ByContent = Extract<CodeRevision, { type: 'auto' }>;

/** `2 files changed: a.js, b.js` */
export function codeChangeText(before: ByContent, after: ByContent, manifests: Manifests): string {
  const [old, fresh] = [manifests[before.digest], manifests[after.digest]];
  const files = isKnown(old) && isKnown(fresh) ? changedFiles(old, fresh) : [];
  if (files.length === 0) return 'code changed';
  const named = files.slice(0, NAMED_FILES).join(', ');
  const rest = files.length > NAMED_FILES ? ` and ${files.length - NAMED_FILES} more` : '';
  return `${files.length} ${files.length === 1 ? 'file' : 'files'} changed: ${named}${rest}`;
}

/** A manifest that nobody kept is absent or empty: there is no app without a file. */
function isKnown(manifest: CodeManifest | undefined): manifest is CodeManifest {
  return manifest !== undefined && Object.keys(manifest).length > 0;
}
