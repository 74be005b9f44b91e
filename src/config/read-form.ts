import { optionNamed } from './app-options.ts';
import type { Report } from './report.ts';
import { staticApps } from './static-apps.ts';
import { isRecord, type SourceDocument, type SourcePath } from './source.ts';

/** The parts of the file, whichever of its forms it has; nothing in them was looked at yet. */
export interface EcosystemForm {
  /** eco's own file, not one that was written for PM2: what eco does not know in it is an error. */
  readonly strict: boolean;
  readonly include: Part | null;
  readonly static: Part | null;
  readonly project: Part | null;
  readonly hosts: Part | null;
  readonly version: Part | null;
  readonly defaults: Block | null;
  readonly apps: readonly Block[];
  /** The object at the top; null for a bare app and a bare list. */
  readonly top: Block | null;
}

export interface Part {
  readonly value: unknown;
  readonly path: SourcePath;
}

/** An object that holds the options of an app. */
export interface Block {
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: SourcePath;
}

/**
 * `{apps: […]}`, `{apps: {…}}`, `{pm2: […]}`, a bare list, or one bare app; `at` is where the file begins. null: the report says why not.
 */
export function readForm(
  document: SourceDocument,
  report: Report,
  { at = [] }: { readonly at?: SourcePath } = {},
): EcosystemForm | null {
  const value = valueAt(document.value, document.root);
  if (Array.isArray(value)) return bare(readList({ value, path: at }, report));
  if (value === null || value === undefined) {
    report.error('ECO1007', at, {
      message: 'the file holds nothing',
      hint: 'an ecosystem file has at least a list of apps: apps: []',
    });
    return null;
  }
  if (!isRecord(value)) {
    const message = `an ecosystem file holds an object or a list of apps, not ${describe(value)}`;
    report.error('ECO1104', at, { message });
    return null;
  }
  const top = { value, path: at };
  const key = listKey(value);
  if (key !== null) return readObject(top, key, report);
  if (Object.keys(value).some((name) => optionNamed(name) === 'script')) return bare([top]);
  if (value['include'] !== undefined || value['static'] !== undefined) return withoutApps(top, report);
  return explainMissingList(top, report);
}

/** `pm2` is PM2's older name of the list. */
function listKey(value: Readonly<Record<string, unknown>>): 'apps' | 'pm2' | null {
  if (value['apps'] !== undefined) return 'apps';
  return value['pm2'] === undefined ? null : 'pm2';
}

function readObject(top: Block, key: 'apps' | 'pm2', report: Report): EcosystemForm | null {
  const { value, path } = top;
  const list = value[key];
  const apps = readApps({ value: list, path: [...path, key] }, report);
  const rest = withoutApps(top, report);
  const isEmpty = apps.length === 0 && Array.isArray(list) && list.length === 0;
  if (isEmpty && !rest.strict && rest.include === null && rest.static === null) {
    report.error('ECO1103', [...path, key], {
      message: 'the list of apps is empty',
      part: 'key',
      hint: 'to ask for no apps at all, name the project that shall have none: project: NAME',
    });
    return null;
  }
  return { ...rest, apps: [...apps, ...rest.apps] };
}

/** What is beside the list of apps; a file may do without one that includes others, or serves files. */
function withoutApps(top: Block, report: Report): EcosystemForm {
  const { value, path } = top;
  const [defaults, served] = [partOf(top, 'defaults'), partOf(top, 'static')];
  if (defaults !== null && !isRecord(defaults.value)) {
    const message = `"defaults" must be an object, not ${describe(defaults.value)}`;
    report.error('ECO1105', defaults.path, { message });
  }
  return {
    strict: value['project'] !== undefined || value['version'] !== undefined,
    include: partOf(top, 'include'),
    static: served,
    project: partOf(top, 'project'),
    hosts: partOf(top, 'hosts'),
    version: partOf(top, 'version'),
    defaults:
      defaults !== null && isRecord(defaults.value) ? { value: defaults.value, path: [...path, 'defaults'] } : null,
    apps: served === null ? [] : staticApps(served, report),
    top,
  };
}

function readApps(list: Part, report: Report): readonly Block[] {
  if (isRecord(list.value) && isByName(list.value)) {
    const [name = ''] = Object.keys(list.value);
    report.error('ECO1105', list.path, {
      message: `"${String(list.path.at(-1))}" must be a list of apps, not an object of them by their names`,
      part: 'key',
      hint: `write each name within its app: - name: ${name}`,
    });
    return [];
  }
  if (isRecord(list.value)) return [{ value: list.value, path: list.path }];
  if (Array.isArray(list.value)) return readList({ value: list.value, path: list.path }, report);
  report.error('ECO1105', list.path, {
    message: `"${String(list.path.at(-1))}" must be a list of apps, not ${describe(list.value)}`,
  });
  return [];
}

/** Nothing in it is an option of the one app that it would be, and each is an object that may be one. */
function isByName(apps: Readonly<Record<string, unknown>>): boolean {
  const entries = Object.entries(apps);
  return entries.length > 0 && entries.every(([key, value]) => optionNamed(key) === undefined && isRecord(value));
}

function readList(
  list: { readonly value: readonly unknown[]; readonly path: SourcePath },
  report: Report,
): readonly Block[] {
  return list.value.flatMap((value, index): readonly Block[] => {
    const path = [...list.path, index];
    if (isRecord(value)) return [{ value, path }];
    report.error('ECO1105', path, { message: `an app must be an object, not ${describe(value)}` });
    return [];
  });
}

function bare(apps: readonly Block[]): EcosystemForm {
  return {
    strict: false,
    include: null,
    static: null,
    project: null,
    hosts: null,
    version: null,
    defaults: null,
    apps,
    top: null,
  };
}

function explainMissingList({ value, path }: Block, report: Report): null {
  if (value['deploy'] !== undefined) {
    report.error('ECO1102', [...path, 'deploy'], {
      message: 'the file only says how to deploy: it has no apps, so there is nothing to run',
      part: 'key',
      hint: 'add an "apps" list',
    });
    return null;
  }
  if (value['project'] !== undefined || value['defaults'] !== undefined) {
    report.error('ECO1104', path, {
      message: 'the file has no "apps" list',
      hint: 'to ask for no apps at all, write: apps: []',
    });
    return null;
  }
  const keys = Object.keys(value)
    .slice(0, 3)
    .map((key) => `"${key}"`);
  report.error('ECO1101', path, {
    message: `this is no ecosystem file: it has neither "apps" nor "script"${keys.length === 0 ? '' : `, but ${keys.join(', ')}`}`,
    hint: 'other tools use the same file names; name the file that is meant: eco apply path/to/ecosystem.yaml',
  });
  return null;
}

function partOf({ value, path }: Block, key: string): Part | null {
  const part = value[key];
  return part === undefined || part === null ? null : { value: part, path: [...path, key] };
}

function valueAt(value: unknown, path: SourcePath): unknown {
  return path.reduce<unknown>((current, step) => (isRecord(current) ? current[String(step)] : undefined), value);
}

/** For the end of a sentence: `a number`, `nothing`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string') return value.length > 40 ? 'a text' : JSON.stringify(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}
