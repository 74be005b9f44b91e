import { preloadWay, type AppSpec } from '../domain/app-spec.ts';
import type { ObservedApp } from '../domain/observed-state.ts';
import type { Action, FieldChange } from '../domain/plan.ts';
import { equalJson } from '../util/compare.ts';
import { atLeast } from './change-classes.ts';
import { FILE_KEYS } from './file-values.ts';
import { withoutIgnored } from './ignore-changes.ts';
import { healthOf, type Health } from './health.ts';
import type { LooseStep } from './order-steps.ts';
import { specChanges, type Manifests, type SpecChanges } from './spec-changes.ts';

export interface ExistingOptions {
  readonly manifests: Manifests;
  readonly force: boolean;
  /** The daemon's Node, where that matters and is known. */
  readonly node?: string | undefined;
}

/** What an app that exists needs in order to be as `spec` says; null if it is. */
export function stepForExisting(spec: AppSpec, app: ObservedApp, options: ExistingOptions): LooseStep | null {
  const asked = specChanges(app.spec, spec, options.manifests);
  const changes = withNodeChange(asked, { spec, app, node: options.node });
  const health = healthOf(app);
  const action = actionFor(spec, app, { changes, health, force: options.force });
  if (action === null) return null;
  const cause = causeOf({ spec, changes, health, action, force: options.force });
  const fromFile =
    options.force ||
    changes !== asked ||
    app.applied === null ||
    !equalJson(app.applied, withoutIgnored(spec, app.applied));
  return { id: spec.name, app: spec.name, action, cause, fromFile, fields: changes.fields };
}

/** An app that names no interpreter runs on the daemon's Node. Another Node means new processes, though no file says so. */
function withNodeChange(
  changes: SpecChanges,
  { spec, app, node }: { readonly spec: AppSpec; readonly app: ObservedApp; readonly node: string | undefined },
): SpecChanges {
  const follows = [spec, app.spec].every(({ interpreter }) => interpreter.type === 'node');
  const other = app.workers.find((worker) => typeof worker.node === 'string' && worker.node !== node);
  if (!follows || spec.kind === 'task' || node === undefined || other === undefined) return changes;
  const path = FILE_KEYS.interpreter;
  const field = { path, before: `node ${other.node}`, after: `node ${node}`, sensitive: false };
  return {
    ...changes,
    class: atLeast(changes.class, 'reload') ? changes.class : 'reload',
    because: atLeast(changes.class, 'reload') ? changes.because : [path],
    fields: [...changes.fields, field],
  };
}

interface Findings {
  readonly changes: SpecChanges;
  readonly health: Health;
  readonly force: boolean;
}

/** The strongest wins: new processes, then processes that are missing, then their number, then settings. */
function actionFor(spec: AppSpec, app: ObservedApp, { changes, health, force }: Findings): Action | null {
  if (atLeast(changes.class, 'reload') || force) return newProcesses(spec, app, changes);
  if (health.type === 'stopped' && spec.schedule !== null) return { type: 'update', spec };
  const mayRest = health.type === 'stopped' && !spec.autostart;
  if (health.type !== 'healthy' && !mayRest) return { type: 'start', spec };
  if (changes.class === 'scale') {
    return { type: 'scale', spec, from: app.spec.instances, to: spec.instances };
  }
  // A field of class `none` is recorded as well, or it would be found again by every plan.
  return changes.fields.length > 0 ? { type: 'update', spec } : null;
}

function newProcesses(spec: AppSpec, app: ObservedApp, changes: SpecChanges): Action {
  const alive = app.workers.some(({ pid }) => pid !== null);
  const because = whyReplace(spec, app, changes);
  // A task is not rolled over, it runs again; and where nothing runs, nothing has to be replaced.
  const justStart = spec.kind === app.spec.kind && (spec.kind === 'task' || (app.goal === 'stopped' && !alive));
  if (justStart) return { type: waits(spec, app) ? 'update' : 'start', spec };
  return because === null ? { type: 'reload', spec } : { type: 'replace', spec, because };
}

/** New code is for the next time that it is started. */
function waits(spec: AppSpec, app: ObservedApp): boolean {
  return spec.schedule !== null || (app.goal === 'stopped' && !spec.autostart);
}

function whyReplace(spec: AppSpec, app: ObservedApp, changes: SpecChanges): string | null {
  const after = spec.schedule === null || app.spec.kind === 'task' ? '' : `; is run at ${spec.schedule.cron}`;
  if (changes.class === 'replace') return `${changes.because.join(' and ')} changed${after}`;
  return whyNoOverlap(spec, app);
}

/**
 * Old and new workers may run side by side if no port is in the way, or if it is passed on: through the daemon that holds
 * it, by preload to preload.
 * A worker that reports nothing may hold a port that nobody knows of. A Node worker reports once it is ready, what is
 * behind a package runner perhaps, any other program never.
 */
function whyNoOverlap(spec: AppSpec, app: ObservedApp): string | null {
  const direct = preloadWay(app.spec) === 'argument';
  const telling = app.workers.filter(({ pid, phase }) => pid !== null && (phase === 'ready' || !direct));
  if (telling.some(({ managed }) => !managed)) return `${app.name} runs unmanaged and cannot hand over a port`;
  const passedOn = direct && preloadWay(spec) === 'argument';
  const held = passedOn || telling.every(({ listening }) => listening.length === 0);
  return held && telling.every(({ handsOver }) => handsOver) ? null : `${app.name} cannot hand over its port`;
}

function causeOf({ spec, changes, health, action, force }: Findings & { spec: AppSpec; action: Action }): string {
  const unhealthy = action.type === 'start' ? healthCause(health) : [];
  const forced = force && !atLeast(changes.class, 'reload') ? ['forced'] : [];
  const again = action.type === 'start' && spec.kind === 'task' && (force || atLeast(changes.class, 'reload'));
  if (again) return `${forced.length > 0 ? 'forced' : 'changed'}: run again`;
  return [...changedCause(changes.fields), ...forced, ...unhealthy].join(', ');
}

function changedCause(fields: readonly FieldChange[]): readonly string[] {
  const [first] = fields;
  if (first === undefined) return [];
  return [fields.length === 1 ? `${first.path} changed` : `${fields.length} fields changed`];
}

function healthCause(health: Health): readonly string[] {
  if (health.type === 'healthy') return [];
  return [health.type === 'stopped' ? 'stopped by hand' : health.cause];
}
