import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { DesiredState, Origin } from '../../src/domain/desired-state.ts';
import type { ObservedApp, ObservedProject, ObservedState } from '../../src/domain/observed-state.ts';
import { DEFAULTS } from '../../src/domain/policies.ts';
import type { CodeManifest } from '../../src/domain/revision.ts';
import type { ObservedWorker } from '../../src/domain/worker-state.ts';
import type { ReconcileOptions } from '../../src/reconcile/reconcile.ts';

/** How a plain `eco apply` reconciles. */
export const APPLY_OPTIONS: ReconcileOptions = {
  prune: true,
  allowEmpty: false,
  takeOwnership: false,
  force: false,
  only: null,
  manifests: {},
  daemon: null,
};

const SHOP: Origin = { type: 'git', remote: 'https://git.example/shop.git' };

export function appSpec(fields: Partial<AppSpec> & Pick<AppSpec, 'name'>): AppSpec {
  return {
    namespace: DEFAULTS.namespace,
    kind: 'service',
    script: `/srv/shop/${fields.name}.js`,
    args: [],
    cwd: '/srv/shop',
    interpreter: { type: 'node' },
    interpreterArgs: [],
    pathPrefix: [],
    unwrappedFrom: null,
    instances: 1,
    execMode: 'fork',
    balance: 'shared',
    env: {},
    secrets: {},
    sensitiveEnv: [],
    instanceVar: DEFAULTS.instanceVar,
    incrementVar: null,
    pm2Env: false,
    user: null,
    autostart: true,
    autorestart: true,
    maxRestarts: null,
    minUptime: DEFAULTS.minUptime,
    restartDelay: null,
    expBackoffRestartDelay: null,
    stopExitCodes: [],
    restart: DEFAULTS.restart,
    maxMemoryRestart: null,
    schedule: null,
    hooks: { preStart: null, postReady: null, preStop: null },
    cronRestart: null,
    limits: null,
    killTimeout: DEFAULTS.killTimeout,
    treekill: true,
    stopSignal: 'auto',
    readyTimeout: DEFAULTS.readyTimeout,
    readiness: { type: 'auto' },
    readinessProbe: null,
    startupProbe: null,
    livenessProbe: null,
    failWhen: null,
    rollout: DEFAULTS.rollout,
    shutdownWithMessage: false,
    outFile: { type: 'default' },
    errorFile: { type: 'default' },
    combinedFile: { type: 'discard' },
    mergeLogs: false,
    logType: 'raw',
    logDateFormat: null,
    logRotation: DEFAULTS.logRotation,
    dependsOn: {},
    movedFrom: null,
    ignoreChanges: [],
    restartWith: [],
    watch: DEFAULTS.watch,
    code: { type: 'none' },
    ...fields,
  };
}

export function desiredState(
  apps: readonly AppSpec[],
  fields: { readonly origin?: Origin; readonly manifests?: Readonly<Record<string, CodeManifest>> } = {},
): DesiredState {
  return { project: 'shop', origin: SHOP, file: '/srv/shop/ecosystem.yaml', apps, manifests: {}, ...fields };
}

export function observedState(...projects: readonly ObservedProject[]): ObservedState {
  return { projects };
}

export function observedProject(apps: readonly ObservedApp[], fields: Partial<ObservedProject> = {}): ObservedProject {
  return { name: 'shop', origin: SHOP, file: '/srv/shop/ecosystem.yaml', serial: 41, apps, ...fields };
}

/** An app whose workers are all ready. */
export function observedApp(spec: AppSpec, fields: Partial<ObservedApp> = {}): ObservedApp {
  return {
    name: spec.name,
    project: 'shop',
    spec,
    applied: spec,
    appliedRevision: 7,
    goal: 'running',
    manualChanges: [],
    revision: 7,
    workers: readyWorkers(spec),
    ...fields,
  };
}

export function readyWorkers(spec: AppSpec): readonly ObservedWorker[] {
  return Array.from({ length: spec.instances }, (_, instance) =>
    spec.kind === 'task'
      ? observedWorker({ instance, phase: 'completed', pid: null, startedAt: null, uptime: null })
      : observedWorker({ instance }),
  );
}

export function observedWorker(fields: Partial<ObservedWorker> = {}): ObservedWorker {
  const instance = fields.instance ?? 0;
  return {
    id: `shop/api:${instance}#1`,
    instance,
    pid: 4000 + instance,
    phase: 'ready',
    restarts: 0,
    restartsInSeries: 0,
    retiring: null,
    startedAt: Date.UTC(2026, 7, 20, 12),
    uptime: 7_200_000,
    lastExit: null,
    current: true,
    managed: true,
    handsOver: true,
    listening: [],
    outFile: null,
    errorFile: null,
    retryIn: null,
    memoryBytes: 52_428_800,
    cpuPercent: 1.5,
    stats: null,
    ...fields,
  };
}
