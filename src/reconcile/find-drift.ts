import type { AppSpec } from '../domain/app-spec.ts';
import type { DesiredState } from '../domain/desired-state.ts';
import type { AppName, ProjectName } from '../domain/names.ts';
import type { DeletedApp, ObservedApp, ObservedState } from '../domain/observed-state.ts';
import type { Drift } from '../domain/plan.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { byCodeUnit, equalJson } from '../util/compare.ts';
import { deletedOf, driftOf } from './drift.ts';
import { FILE_KEYS } from './file-values.ts';
import { withoutIgnored } from './ignore-changes.ts';
import { refusalOf } from './refusal.ts';
import { codeChangeText, type Manifests } from './spec-changes.ts';

/** What became of the apps of a project since they were applied. */
export interface DriftReport {
  readonly project: ProjectName;
  readonly file: string;
  readonly serial: number;
  readonly lineage: string | null;
  /** How many were looked at: those that were applied, and are of the file or of this machine. */
  readonly apps: number;
  /** By app name. */
  readonly drift: readonly Drift[];
  /** Sorted: the apps for which the file asks for something that was not applied. That is no drift, but work for `apply`. */
  readonly pending: readonly AppName[];
}

export interface DriftOptions {
  /** Look at these apps only; null: at all. */
  readonly only: readonly AppName[] | null;
  /** The manifests of applied `auto` revisions, by digest, as far as they are known. */
  readonly manifests: Manifests;
  /** Processes that were started as workers of the project, and that the daemon does not keep. */
  readonly strays: readonly Stray[];
}

export interface Stray {
  readonly app: AppName;
  readonly worker: string;
  readonly pid: number;
}

/** The apps as they are against the last apply, and the code as it is now. The file is looked at for what it ignores. */
export function findDrift(desired: DesiredState, observed: ObservedState, options: DriftOptions): Result<DriftReport> {
  const project = observed.projects.find(({ name }) => name === desired.project);
  const refusal = refusalOf(desired, project, { allowEmpty: true, takeOwnership: false, only: options.only });
  if (refusal !== null) return err(refusal);

  const isChosen = (name: AppName) => options.only === null || options.only.includes(name);
  const present = project?.apps ?? [];
  const deleted = deletedOf(desired, project);
  const named = [...desired.apps, ...present].map(({ name }) => name);
  const found = [...new Set(named)]
    .filter(isChosen)
    .sort(byCodeUnit)
    .map((name) => ({
      name,
      spec: desired.apps.find((spec) => spec.name === name),
      app: present.find((app) => app.name === name),
      deleted: deleted.find((app) => app.name === name),
    }));
  const manifests = { ...options.manifests, ...desired.manifests };
  const drift = [
    ...found.flatMap((app) => driftOfApp(app, manifests)),
    ...options.strays.filter(({ app }) => isChosen(app)).map(strayDrift),
  ];
  return ok({
    project: desired.project,
    file: desired.file,
    serial: project?.serial ?? 0,
    lineage: project?.lineage ?? null,
    apps: found.filter((app) => appliedOf(app) !== null).length,
    drift: drift.sort((a, b) => byCodeUnit(a.app, b.app)),
    pending: found.filter(isPending).map(({ name }) => name),
  });
}

/** An app of the file, of this machine, or of both. */
interface Found {
  readonly spec: AppSpec | undefined;
  readonly app: ObservedApp | undefined;
  readonly deleted: DeletedApp | undefined;
}

/** What was last applied; null where nothing was. */
function appliedOf({ app, deleted }: Found): AppSpec | null {
  return (app === undefined ? deleted?.applied : app.applied) ?? null;
}

function driftOfApp(found: Found, manifests: Manifests): readonly Drift[] {
  const { spec, app, deleted } = found;
  const applied = appliedOf(found);
  if (applied === null) return [];
  const wanted = withoutIgnored(spec ?? applied, app?.spec ?? applied);
  const hasCode = spec !== undefined && app !== undefined;
  return [...driftOf({ spec: wanted, app, deleted }), ...(hasCode ? codeDrift(applied, spec, manifests) : [])];
}

/** Only where code is known by its content: any other revision says of itself what it is. */
function codeDrift(applied: AppSpec, spec: AppSpec, manifests: Manifests): readonly Drift[] {
  const now = withoutIgnored(spec, applied).code;
  if (applied.code.type !== 'auto' || now.type !== 'auto' || applied.code.digest === now.digest) return [];
  const digests = { expected: applied.code.digest, actual: now.digest };
  const cause = codeChangeText(applied.code, now, manifests);
  return [{ app: spec.name, path: FILE_KEYS.code, ...digests, cause, by: null, at: null }];
}

/** The only drift that is none of an app, but of a process. */
export const STRAY_PATH = 'process';

function strayDrift({ app, worker, pid }: Stray): Drift {
  const cause = `was started as ${worker}, and the daemon does not keep it`;
  return { app, path: STRAY_PATH, expected: null, actual: pid, cause, by: null, at: null };
}

function isPending(found: Found): boolean {
  const { spec, app } = found;
  const applied = appliedOf(found);
  // In no file any more, and gone: nothing is to be done.
  if (spec === undefined) return app !== undefined;
  if (applied === null) return true;
  const now = withoutIgnored(spec, applied);
  return !equalJson({ ...now, code: applied.code }, applied) || isCodePending(applied, now);
}

/** New files are drift. A revision that was named may have been named on the command line, and says nothing of the file. */
function isCodePending({ code: applied }: AppSpec, { code }: AppSpec): boolean {
  if (applied.type === 'fixed' && code.type !== 'fixed') return false;
  return !(applied.type === 'auto' && code.type === 'auto') && !equalJson(applied, code);
}
