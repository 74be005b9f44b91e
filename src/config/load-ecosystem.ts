import { dirname } from 'node:path';
import type { AppSpec } from '../domain/app-spec.ts';
import type { DesiredState } from '../domain/desired-state.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { systemClock } from '../platform/clock.ts';
import { availableCpus } from '../platform/machine.ts';
import { byName } from '../util/compare.ts';
import { checkApps, nameOfBlock } from './check-apps.ts';
import { addCodeRevisions, type CodeRevisions } from './code-revision.ts';
import { findFile } from './find-file.ts';
import { defaultProject, identifyOrigin } from './identify-project.ts';
import { mergeApp } from './merge.ts';
import { normalizeApp, type NormalizedApp } from './normalize.ts';
import { parseSource } from './parse-source.ts';
import { readForm } from './read-form.ts';
import { readKeys, type KeyedEcosystem, type OptionBlock } from './read-keys.ts';
import { createReport, type Report } from './report.ts';
import type { SourceDocument, SourcePath } from './source.ts';
import { validateValues } from './validate.ts';

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
}

export interface LoadedEcosystem {
  readonly desired: DesiredState;
  readonly warnings: readonly Diagnostic[];
}

/**
 * From a file on disk to what it asks for: find, read, parse, check keys, check values, merge, normalise, check across apps,
 * identify the code. Each stage has its own type, and reports all that it finds. Nothing is changed on this machine but
 * the cache of digests. The failure is always `config-invalid`, with the warnings among its diagnostics.
 */
export async function loadEcosystem(options: LoadOptions): Promise<Result<LoadedEcosystem>> {
  const found = await findFile(options.file, options.cwd);
  if (!found.ok) return invalid([found.error]);
  const parsed = await parseSource(found.value, options.environment);
  if (!parsed.ok) return invalid([parsed.error]);

  const document = parsed.value;
  const report = createReport(document);
  const folder = dirname(document.file);
  const read = readDocument(document, report);
  const apps = read === null ? [] : normalizeAll(read, { options, folder, report });
  if (read === null || report.diagnostics().some(isError)) return invalid(report.diagnostics());

  const [origin, { apps: specs, manifests }] = await Promise.all([
    identifyOrigin(folder),
    codeRevisions(apps, document.file, options),
  ]);
  const project = typeof read.keyed.project?.value === 'string' ? read.keyed.project.value : defaultProject(folder);
  const desired: DesiredState = { project, origin, file: document.file, apps: [...specs].sort(byName), manifests };
  return ok({ desired, warnings: report.diagnostics() });
}

interface ReadDocument {
  readonly keyed: KeyedEcosystem;
  /** The paths of blocks with wrong values: what follows from those is not reported. */
  readonly wrong: ReadonlySet<SourcePath>;
}

function readDocument(document: SourceDocument, report: Report): ReadDocument | null {
  const form = readForm(document, report);
  if (form === null) return null;
  const keyed = readKeys(form, document, report);
  return { keyed, wrong: validateValues(keyed, report) };
}

interface NormalizeAll {
  readonly options: LoadOptions;
  readonly folder: string;
  readonly report: Report;
}

function normalizeAll(
  { keyed, wrong }: ReadDocument,
  { options, folder, report }: NormalizeAll,
): readonly NormalizedApp[] {
  const { defaults, apps } = keyed;
  if (defaults !== null && wrong.has(defaults.path)) return [];
  checkEnvName(keyed, options.envName, report);
  const context = { folder, environment: options.environment, cpus: availableCpus(), report };
  const normalized: NormalizedApp[] = [];
  const broken: OptionBlock[] = [];
  for (const app of apps) {
    const done = wrong.has(app.path)
      ? null
      : normalizeApp(mergeApp(app, defaults, { envName: options.envName }), context);
    if (done === null) broken.push(app);
    else normalized.push(done);
  }
  checkApps(normalized, broken.flatMap(nameOfBlock), report);
  return normalized;
}

/** A name that no app knows is most often a slip: nothing would be merged, and nothing would say so. */
function checkEnvName({ defaults, apps }: KeyedEcosystem, envName: string | undefined, report: Report): void {
  if (envName === undefined || apps.length === 0) return;
  const known = new Set(
    [...(defaults === null ? [] : [defaults]), ...apps].flatMap((block) => [...block.envBlocks.keys()]),
  );
  if (known.has(envName)) return;
  const names = [...known].sort().map((name) => `"${name}"`);
  const hint = names.length === 0 ? undefined : `the file has ${names.join(', ')}`;
  report.warning('ECO1904', [], { message: `no app has an "env_${envName}" block`, hint });
}

async function codeRevisions(
  apps: readonly NormalizedApp[],
  file: string,
  options: LoadOptions,
): Promise<CodeRevisions> {
  if (options.codeRevision === 'skip') {
    return { apps: apps.map(({ spec }): AppSpec => ({ ...spec, code: { type: 'none' } })), manifests: {} };
  }
  const { home, revision } = options;
  return addCodeRevisions(apps, { file, folder: dirname(file), home, revision, now: systemClock.wallTime });
}

function invalid(diagnostics: readonly Diagnostic[]): Result<never> {
  return err({ reason: 'config-invalid', diagnostics });
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}
