import { basename, dirname, join, relative } from 'node:path';
import type { AppSpec } from '../domain/app-spec.ts';
import type { DesiredState } from '../domain/desired-state.ts';
import type { Diagnostic, Location } from '../domain/diagnostic.ts';
import type { Host } from '../domain/host.ts';
import type { AppName } from '../domain/names.ts';
import { ok, type Result } from '../domain/result.ts';
import { systemClock } from '../platform/clock.ts';
import { availableCpus } from '../platform/machine.ts';
import { byName } from '../util/compare.ts';
import { checkApps, nameOfBlock } from './check-apps.ts';
import type { CodeRevisions } from './code-revision.ts';
import { placeKey, type GivenEcosystem } from './given-ecosystem.ts';
import { identifyOrigin } from './identify-project.ts';
import type { MergedApp } from './merge.ts';
import { normalizeApp, type NormalizedApp } from './normalize.ts';
import { readEnv, type AppEnv } from './read-env.ts';
import { readHere } from './read-here.ts';
import { hasErrors, invalid, readEcosystem, type ReadEcosystem } from './read-ecosystem.ts';
import type { OnRead } from './source.ts';
import { readerOfGiven } from './source-reader.ts';
import type { Report } from './report.ts';

/** The first half, for another machine; `loadGiven` is the second. */
export { gatherEcosystem } from './gather-ecosystem.ts';

export interface LoadOptions {
  /** As typed by the user; absent: looked up from `cwd` upward to the root of the repository. */
  readonly file?: string;
  readonly cwd: string;
  /** Merges the `env_NAME` blocks of this name. */
  readonly envName?: string;
  /** What the code of every app is identified by, instead of what the file says. */
  readonly revision?: string;
  /** The caller's environment: for `pass_env`, for PATH, and for configuration modules. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** ECO_HOME: digests of code are remembered in its `cache` folder; nothing in it counts as code. */
  readonly home: string;
  /** `skip`: no file of code is read, and `auto` revisions are empty. */
  readonly codeRevision: 'compute' | 'skip';
  readonly onRead?: OnRead;
  /** For another machine: the folder of the file is copied there first. */
  readonly sync?: true;
  /** Which machine is meant; absent: this one. */
  readonly where?: Where;
}

/** `anywhere`: for development, all apps run here. `group`: one of the file's hosts, or `all` of them. */
export type Where =
  | { readonly type: 'anywhere' }
  | { readonly type: 'group'; readonly name: string }
  | { readonly type: 'host'; readonly host: Host };

export interface LoadedEcosystem {
  readonly desired: DesiredState;
  readonly warnings: readonly Diagnostic[];
  /** Where an app is written down; null for a name that no app has. */
  readonly locateApp: (name: AppName) => Location | null;
}

/**
 * From a file on disk to what it asks for: find, read, parse, interpolate, check keys, check values, include, merge, normalise,
 * check across apps, identify the code. Each stage has its own type, and reports all that it finds. Nothing is changed on this machine but
 * the cache of digests. The failure is always `config-invalid`, with the warnings among its diagnostics.
 */
export async function loadEcosystem(options: LoadOptions): Promise<Result<LoadedEcosystem>> {
  const read = await readHere(options);
  if (!read.ok) return read;
  const { environment, onRead = () => {} } = options;
  const { report } = read.value;
  return settle(read.value, {
    ...options,
    folderFor: (folder) => folder,
    envOf: (app) => readEnv(app, { environment, onRead, report }),
    origin: null,
  });
}

export interface GivenOptions extends Pick<
  LoadOptions,
  'envName' | 'revision' | 'environment' | 'home' | 'codeRevision'
> {
  /** Stands here for the folder of the ecosystem file. Absolute. */
  readonly folder: string;
}

/** The same from what another machine has read; the rest is asked of this one. */
export async function loadGiven(given: GivenEcosystem, options: GivenOptions): Promise<Result<LoadedEcosystem>> {
  const { envName } = options;
  const file = given.files[0]?.file ?? '';
  const folderFor = (folder: string): string => join(options.folder, relative(dirname(file), folder));
  const read = await readEcosystem(file, readerOfGiven(given), {
    envName,
    folderFor,
    defaultProject: given.project,
  });
  if (!read.ok) return read;
  // What is not for this machine has no variables either.
  const apps = read.value.apps.filter(({ block }) => Object.hasOwn(given.envs, placeKey(block.path)));
  return settle(
    { ...read.value, apps },
    {
      ...options,
      folderFor,
      envOf: ({ path }) => {
        const { env = {}, fromFiles = [] } = given.envs[placeKey(path)] ?? {};
        return { env, fromFiles: new Set(fromFiles) };
      },
      origin: given.origin,
    },
  );
}

interface SettleOptions extends Pick<LoadOptions, 'revision' | 'environment' | 'home' | 'codeRevision'> {
  /** Where the files would be on this machine. */
  readonly folderFor: (folder: string) => string;
  readonly envOf: (app: MergedApp) => AppEnv;
  /** null: as this machine has it. */
  readonly origin: DesiredState['origin'] | null;
}

/** What only the machine knows on which the apps shall run. */
async function settle(read: ReadEcosystem, options: SettleOptions): Promise<Result<LoadedEcosystem>> {
  const { file, files, project, report } = read;
  const apps = normalizeAll(read, options);
  if (hasErrors(read)) return invalid(report.diagnostics());
  const places = files.map(({ file }) => join(options.folderFor(dirname(file)), basename(file)));
  const [origin, { apps: specs, manifests, withoutFiles }] = await Promise.all([
    options.origin ?? identifyOrigin(options.folderFor(dirname(file))),
    codeRevisions(apps, places, options),
  ]);
  for (const app of withoutFiles) warnWithoutFiles(app, report);
  const desired: DesiredState = { project, origin, file, apps: [...specs].sort(byName), manifests };
  const paths = new Map(apps.map((app) => [app.spec.name, app.path]));
  const locateApp = (name: AppName): Location | null => {
    const path = paths.get(name);
    return path === undefined ? null : report.locate([...path, 'name'], 'value');
  };
  return ok({ desired, warnings: report.diagnostics(), locateApp });
}

function normalizeAll(
  { apps, report }: ReadEcosystem,
  { environment, envOf }: SettleOptions,
): readonly NormalizedApp[] {
  const context = { environment, cpus: availableCpus(), envOf, report };
  const all = apps.map(({ block, merged }) => ({ block, app: merged === null ? null : normalizeApp(merged, context) }));
  const named = withFullNames(all.flatMap(({ app }) => (app === null ? [] : [app])));
  const broken = all.filter(({ app }) => app === null).map(({ block }) => block);
  checkApps(named, broken.flatMap(nameOfBlock), report);
  return named;
}

/** Others depend on an app by the name that it has in the file. */
function withFullNames(apps: readonly NormalizedApp[]): readonly NormalizedApp[] {
  const full = new Map(apps.map(({ writtenName, spec }) => [writtenName, spec.name]));
  const named = <T>([name, value]: readonly [string, T]): [string, T] => [full.get(name) ?? name, value];
  return apps.map((app) => ({
    ...app,
    dependencyPaths: new Map([...app.dependencyPaths].map(named)),
    spec: { ...app.spec, dependsOn: Object.fromEntries(Object.entries(app.spec.dependsOn).map(named)) },
  }));
}

async function codeRevisions(
  apps: readonly NormalizedApp[],
  files: readonly string[],
  options: SettleOptions,
): Promise<CodeRevisions> {
  if (options.codeRevision === 'skip') {
    return {
      apps: apps.map(({ spec }): AppSpec => ({ ...spec, code: { type: 'none' } })),
      manifests: {},
      withoutFiles: [],
    };
  }
  const { home, revision } = options;
  const folder = dirname(files[0] ?? '.');
  const { addCodeRevisions } = await import('./code-revision.ts');
  return addCodeRevisions(apps, { files, folder, home, revision, now: systemClock.wallTime });
}

function warnWithoutFiles({ path, spec }: NormalizedApp, report: Report): void {
  report.warning('ECO1908', [...path, 'revision'], {
    message: `"revision" matches no file in ${spec.cwd}: new code of "${spec.name}" would never be seen`,
    hint: 'patterns are relative to "cwd"',
  });
}
