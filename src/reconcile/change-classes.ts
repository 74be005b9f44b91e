import type { AppSpec } from '../domain/app-spec.ts';

/**
 * What a changed field asks of the processes, from nothing to most:
 * `none` is recorded and nothing else · `update` the daemon goes by the new value from now on · `scale` some workers
 * come or go · `reload` every worker is replaced, its successor first · `replace` every worker goes before the first
 * new one starts.
 */
export type ChangeClass = (typeof CHANGE_CLASSES)[number];

/** In rising order: a step does what the last of its fields' classes asks. */
const CHANGE_CLASSES = ['none', 'update', 'scale', 'reload', 'replace'] as const;

/** Whatever a process reads when it starts is `reload`; whatever only the daemon reads is `update`. */
export const CHANGE_CLASS = {
  /** An app of another name is another app. */
  name: 'none',
  namespace: 'update',
  /** Work that ends and work that stays have no moment at which one could stand in for the other. */
  kind: 'replace',
  script: 'reload',
  args: 'reload',
  cwd: 'reload',
  interpreter: 'reload',
  interpreterArgs: 'reload',
  pathPrefix: 'reload',
  /** What runs is in the fields around it; this one is for `describe`. */
  unwrappedFrom: 'none',
  instances: 'scale',
  /** A worker of one mode cannot share its socket with a worker of the other. */
  execMode: 'replace',
  /** The system lets a socket of one kind and one of the other not have the same port. */
  balance: 'replace',
  env: 'reload',
  /** Where a value comes from; that it has another one is known to no plan. */
  secrets: 'reload',
  /** Only how values are shown. */
  sensitiveEnv: 'none',
  instanceVar: 'reload',
  incrementVar: 'reload',
  pm2Env: 'reload',
  user: 'replace',
  autostart: 'update',
  autorestart: 'update',
  maxRestarts: 'update',
  minUptime: 'update',
  restartDelay: 'update',
  expBackoffRestartDelay: 'update',
  stopExitCodes: 'update',
  restart: 'update',
  maxMemoryRestart: 'update',
  schedule: 'update',
  /** Of those that begin from now on. */
  hooks: 'update',
  cronRestart: 'update',
  watch: 'update',
  /** A worker is in its cgroup since its start. */
  limits: 'reload',
  killTimeout: 'update',
  treekill: 'update',
  stopSignal: 'update',
  readyTimeout: 'update',
  /** Holds for the workers that start from now on: those that run are ready already. */
  readiness: 'update',
  readinessProbe: 'update',
  startupProbe: 'update',
  livenessProbe: 'update',
  failWhen: 'update',
  rollout: 'update',
  shutdownWithMessage: 'update',
  /** A worker has its log files open since its start. */
  outFile: 'reload',
  errorFile: 'reload',
  combinedFile: 'reload',
  mergeLogs: 'reload',
  /** Lines are stamped within the process. */
  logType: 'reload',
  logDateFormat: 'reload',
  logRotation: 'update',
  /** An order of starting; nothing has to start because of it. */
  dependsOn: 'update',
  /** Of use where there is an app of the old name, and none of the new one. */
  movedFrom: 'none',
  ignoreChanges: 'none',
  restartWith: 'update',
  code: 'reload',
} as const satisfies Record<keyof AppSpec, ChangeClass>;

/** The class that asks the most; `none` for no class at all. */
export function strongestClass(classes: readonly ChangeClass[]): ChangeClass {
  return CHANGE_CLASSES.findLast((candidate) => classes.includes(candidate)) ?? 'none';
}

export function atLeast(a: ChangeClass, b: ChangeClass): boolean {
  return CHANGE_CLASSES.indexOf(a) >= CHANGE_CLASSES.indexOf(b);
}
