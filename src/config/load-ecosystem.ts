import { dirname } from 'node:path';
import type { AppSpec } from '../domain/app-spec.ts';
import type { DesiredState } from '../domain/desired-state.ts';
import type { Diagnostic, Location } from '../domain/diagnostic.ts';
import type { AppName } from '../domain/names.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { systemClock } from '../platform/clock.ts';
import { availableCpus } from '../platform/machine.ts';
import { byName } from '../util/compare.ts';
import { checkApps, nameOfBlock } from './check-apps.ts';
import type { CodeRevisions } from './code-revision.ts';
import { extendedBlocks } from './extends.ts';
import { findFile } from './find-file.ts';
import { defaultProject, identifyOrigin } from './identify-project.ts';
import { mergeApp } from './merge.ts';
import { normalizeApp, type NormalizedApp } from './normalize.ts';
import { parseSource } from './parse-source.ts';
import { readText } from './option-values.ts';
import { readFiles, type EcosystemFile } from './read-files.ts';
import type { OptionBlock } from './read-keys.ts';
import type { OnRead } from './source.ts';
import { createReport, type Report } from './report.ts';

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
}

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
  const found = await findFile(options.file, options.cwd);
  if (!found.ok) return invalid([found.error]);
  const onRead = options.onRead ?? (() => {});
  const parsed = await parseSource(found.value, { environment: options.environment, onRead });
  if (!parsed.ok) return invalid([parsed.error]);

  const document = parsed.value;
  const report = createReport(document);
  const folder = dirname(document.file);
  const files = await readFiles(document, { environment: options.environment, onRead, report });
  const apps = normalizeAll(files, { options: { ...options, onRead }, report });
  const [root] = files;
  const project = readText(root?.keyed.project?.value) ?? defaultProject(folder);
  checkProjects(files, project, report);
  if (root === undefined || report.diagnostics().some(isError)) return invalid(report.diagnostics());

  const [origin, { apps: specs, manifests, withoutFiles }] = await Promise.all([
    identifyOrigin(folder),
    codeRevisions(apps, files, options),
  ]);
  for (const app of withoutFiles) warnWithoutFiles(app, report);
  const desired: DesiredState = { project, origin, file: document.file, apps: [...specs].sort(byName), manifests };
  const paths = new Map(apps.map((app) => [app.spec.name, app.path]));
  const locateApp = (name: AppName): Location | null => {
    const path = paths.get(name);
    return path === undefined ? null : report.locate([...path, 'name'], 'value');
  };
  return ok({ desired, warnings: report.diagnostics(), locateApp });
}

interface NormalizeAll {
  readonly options: LoadOptions & Pick<Required<LoadOptions>, 'onRead'>;
  readonly report: Report;
}

function normalizeAll(files: readonly EcosystemFile[], { options, report }: NormalizeAll): readonly NormalizedApp[] {
  const { environment, envName, onRead } = options;
  checkEnvName(files, envName, report);
  const all = files.flatMap(({ keyed }) => keyed.apps);
  const wrong = new Set(files.flatMap((file) => [...file.wrong]));
  const context = { environment, cpus: availableCpus(), onRead, report };
  const normalized: NormalizedApp[] = [];
  const broken: OptionBlock[] = [];
  for (const { app, defaults } of files.flatMap(({ keyed, defaults }) =>
    keyed.apps.map((app) => ({ app, defaults })),
  )) {
    const extended = extendedBlocks(app, all, report);
    const beneath = [...defaults, ...(extended ?? [])];
    const sound = extended !== null && ![...beneath, app].some(({ path }) => wrong.has(path));
    const done = sound ? normalizeApp(mergeApp(app, beneath, { envName }), context) : null;
    if (done === null) broken.push(app);
    else normalized.push(done);
  }
  const named = withFullNames(normalized);
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

/** A name that no app knows is most often a slip: nothing would be merged, and nothing would say so. */
function checkEnvName(files: readonly EcosystemFile[], envName: string | undefined, report: Report): void {
  const blocks = files.flatMap(({ keyed, defaults }) => [...defaults, ...keyed.apps]);
  if (envName === undefined || files.every(({ keyed }) => keyed.apps.length === 0)) return;
  const known = new Set(blocks.flatMap(({ envBlocks }) => [...envBlocks.keys()]));
  if (known.has(envName)) return;
  const names = [...known].sort().map((name) => `"${name}"`);
  const hint = names.length === 0 ? undefined : `the file has ${names.join(', ')}`;
  report.warning('ECO1904', [], { message: `no app has an "env_${envName}" block`, hint });
}

/** Applied on its own, such a file would run the same apps a second time. */
function checkProjects([_root, ...included]: readonly EcosystemFile[], project: string, report: Report): void {
  for (const { keyed } of included) {
    if (keyed.project === null || keyed.project.value === project) continue;
    report.warning('ECO1911', keyed.project.path, {
      message: `this "project" is ignored: the apps of an included file belong to "${project}"`,
      hint: 'remove it, or the file would run its apps a second time where it is applied by itself',
    });
  }
}

async function codeRevisions(
  apps: readonly NormalizedApp[],
  ecosystem: readonly EcosystemFile[],
  options: LoadOptions,
): Promise<CodeRevisions> {
  if (options.codeRevision === 'skip') {
    return {
      apps: apps.map(({ spec }): AppSpec => ({ ...spec, code: { type: 'none' } })),
      manifests: {},
      withoutFiles: [],
    };
  }
  const { home, revision } = options;
  const files = ecosystem.map(({ file }) => file);
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

function invalid(diagnostics: readonly Diagnostic[]): Result<never> {
  return err({ reason: 'config-invalid', diagnostics });
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}
