import type { Failure } from '../domain/failure.ts';
import type { ProjectName } from '../domain/names.ts';
import type { ObservedApp, ObservedState } from '../domain/observed-state.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { byCodeUnit } from '../util/compare.ts';
import { nearest } from '../util/edit-distance.ts';

export interface Target {
  readonly app: ObservedApp;
  /** null: all workers of the app. */
  readonly instance: number | null;
}

export interface TargetOptions {
  /** Only apps of this project; null: of all. */
  readonly project: ProjectName | null;
  /** Whether `name:instance` means something to the caller. */
  readonly instances: 'allowed' | 'refused';
}

/**
 * Which apps the words of a command mean, each once, by project and name. A word is, in this order: the name of an app,
 * `name:instance`, a namespace, `all`, a pattern with `*`. A plain name must be in one project only; the others may not.
 */
export function resolveTargets(
  words: readonly string[],
  observed: ObservedState,
  options: TargetOptions,
): Result<readonly Target[]> {
  const apps = appsOf(observed, options.project);
  if (options.project !== null && !observed.projects.some(({ name }) => name === options.project)) {
    return err(noSuchProject(options.project, words, observed));
  }
  const found: Target[] = [];
  for (const word of words) {
    const result = resolveWord(word, apps, options);
    if (!result.ok) return result;
    found.push(...result.value);
  }
  return ok(withoutRepeats(found));
}

export function appsOf(observed: ObservedState, project: ProjectName | null): readonly ObservedApp[] {
  return observed.projects.filter(({ name }) => project === null || name === project).flatMap(({ apps }) => apps);
}

function resolveWord(word: string, apps: readonly ObservedApp[], options: TargetOptions): Result<readonly Target[]> {
  const named = byExactName(word, apps);
  if (named.length > 0) return single(word, named, null);

  const [, name, digits] = /^(.+):(\d+)$/.exec(word) ?? [];
  if (name !== undefined && options.instances === 'allowed') {
    const instance = Number(digits);
    const withInstance = byExactName(name, apps).filter((app) => hasInstance(app, instance));
    if (withInstance.length > 0) return single(name, withInstance, instance);
  }
  const several =
    word === 'all' ? apps : apps.filter((app) => app.spec.namespace === word || matchesGlob(word, app.name));
  if (several.length > 0 || word === 'all') return ok(several.map((app) => ({ app, instance: null })));
  const near = options.instances === 'refused' && name !== undefined ? byExactName(name, apps) : [];
  const candidates = [...apps.map((app) => app.name), ...apps.map((app) => app.spec.namespace)];
  return err(near.length > 0 ? { ...noSuchApp(word, []), didYouMean: name ?? null } : noSuchApp(word, candidates));
}

function byExactName(name: string, apps: readonly ObservedApp[]): readonly ObservedApp[] {
  return apps.filter((app) => app.name === name);
}

function hasInstance(app: ObservedApp, instance: number): boolean {
  return instance < app.spec.instances || app.workers.some((worker) => worker.instance === instance);
}

function single(target: string, apps: readonly ObservedApp[], instance: number | null): Result<readonly Target[]> {
  const projects = apps.map(({ project }) => project);
  if (projects.length > 1) return err({ reason: 'ambiguous-target', target, projects });
  return ok(apps.map((app) => ({ app, instance })));
}

/** `*` stands for any characters, none included. */
export function matchesGlob(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return false;
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

function noSuchApp(target: string, candidates: readonly string[]): Extract<Failure, { reason: 'no-such-app' }> {
  return { reason: 'no-such-app', target, didYouMean: nearest(target, candidates) ?? null };
}

function noSuchProject(project: ProjectName, words: readonly string[], observed: ObservedState): Failure {
  const [word = 'all'] = words;
  const near = nearest(
    project,
    observed.projects.map(({ name }) => name),
  );
  const didYouMean = near === undefined ? null : `${near}/${word}`;
  return { reason: 'no-such-app', target: `${project}/${word}`, didYouMean };
}

/** An app as a whole makes its single instances redundant. */
function withoutRepeats(targets: readonly Target[]): readonly Target[] {
  const whole = new Set(targets.filter(({ instance }) => instance === null).map(keyOf));
  const kept = new Map<string, Target>();
  for (const target of targets) {
    if (target.instance === null || !whole.has(keyOf({ ...target, instance: null }))) kept.set(keyOf(target), target);
  }
  return [...kept.values()].sort(inOrder);
}

function keyOf({ app, instance }: Target): string {
  return JSON.stringify([app.project, app.name, instance]);
}

function inOrder(a: Target, b: Target): number {
  return (
    byCodeUnit(a.app.project, b.app.project) ||
    byCodeUnit(a.app.name, b.app.name) ||
    (a.instance ?? -1) - (b.instance ?? -1)
  );
}
