import type {
  AppSpec,
  Hook,
  Hooks,
  Interpreter,
  LogRotation,
  LogTarget,
  Probe,
  ProbeTarget,
  RestartSettings,
  RolloutSettings,
  SecretSource,
  Share,
  WatchSettings,
} from '../domain/app-spec.ts';
import { MASK } from '../domain/mask.ts';
import type { JsonValue } from '../domain/plan.ts';
import type { CodeRevision } from '../domain/revision.ts';
import { unreachable } from '../util/unreachable.ts';

export type Field = keyof AppSpec;

/** The key of each field in an ecosystem file; for what eco derives, what the key would be. */
export const FILE_KEYS = {
  name: 'name',
  namespace: 'namespace',
  kind: 'kind',
  script: 'script',
  args: 'args',
  cwd: 'cwd',
  interpreter: 'interpreter',
  interpreterArgs: 'interpreter_args',
  pathPrefix: 'path_prefix',
  unwrappedFrom: 'unwrapped_from',
  instances: 'instances',
  execMode: 'exec_mode',
  balance: 'balance',
  env: 'env',
  secrets: 'secrets',
  sensitiveEnv: 'sensitive_env',
  instanceVar: 'instance_var',
  incrementVar: 'increment_var',
  pm2Env: 'pm2_env',
  user: 'uid',
  autostart: 'autostart',
  autorestart: 'autorestart',
  maxRestarts: 'max_restarts',
  minUptime: 'min_uptime',
  restartDelay: 'restart_delay',
  expBackoffRestartDelay: 'exp_backoff_restart_delay',
  stopExitCodes: 'stop_exit_codes',
  restart: 'restart',
  maxMemoryRestart: 'max_memory_restart',
  schedule: 'schedule',
  hooks: 'hooks',
  cronRestart: 'cron_restart',
  watch: 'watch',
  limits: 'limits',
  killTimeout: 'kill_timeout',
  treekill: 'treekill',
  stopSignal: 'stop_signal',
  readyTimeout: 'listen_timeout',
  readiness: 'wait_ready',
  readinessProbe: 'readiness',
  startupProbe: 'startup',
  livenessProbe: 'liveness',
  failWhen: 'fail_when',
  rollout: 'rollout',
  shutdownWithMessage: 'shutdown_with_message',
  outFile: 'out_file',
  errorFile: 'error_file',
  combinedFile: 'log_file',
  mergeLogs: 'merge_logs',
  logType: 'log_type',
  logDateFormat: 'log_date_format',
  logRotation: 'logs.rotate',
  dependsOn: 'depends_on',
  movedFrom: 'moved_from',
  ignoreChanges: 'ignore_changes',
  restartWith: 'restart_with',
  code: 'code',
} as const satisfies Record<Field, string>;

/** The value of a field as a file would give it; durations in milliseconds. */
export function fileValue(spec: AppSpec, field: Exclude<Field, 'code'>): JsonValue {
  if (field === 'interpreter') return interpreterValue(spec.interpreter);
  if (field === 'readiness')
    return spec.readiness.type === 'listening' ? 'listening' : spec.readiness.type === 'message';
  if (field === 'readinessProbe' || field === 'startupProbe' || field === 'livenessProbe')
    return probeValue(spec[field]);
  if (field === 'rollout') return rolloutValue(spec.rollout);
  if (field === 'schedule') return spec.schedule === null ? null : { ...spec.schedule };
  if (field === 'hooks') return hookValues(spec.hooks);
  if (field === 'cronRestart') return spec.cronRestart?.cron ?? null;
  if (field === 'user') return userValue(spec.user);
  if (field === 'secrets') return secretValues(spec.secrets);
  if (field === 'limits') return spec.limits === null ? null : { ...spec.limits };
  if (field === 'restart') return restartValue(spec.restart);
  if (field === 'outFile' || field === 'errorFile') return logTargetValue(spec[field]);
  if (field === 'combinedFile') return combinedValue(spec.combinedFile);
  if (field === 'watch') return watchValues(spec.watch);
  if (field === 'logRotation') return rotationValue(spec.logRotation);
  return spec[field];
}

function probeValue(probe: Probe | null): JsonValue {
  if (probe === null) return null;
  const { period, timeout, failures } = probe;
  return { ...targetValue(probe.target), period, timeout, failures };
}

function targetValue(target: ProbeTarget): Readonly<Record<string, JsonValue>> {
  switch (target.type) {
    case 'http':
      return { http: { host: target.host, port: target.port, path: target.path } };
    case 'tcp':
      return { tcp: { host: target.host, port: target.port } };
    case 'exec':
      return { exec: target.command };
    case 'log':
      return { log: target.pattern };
    default:
      return unreachable(target);
  }
}

function rolloutValue({ maxSurge, maxUnavailable, minReady, progressDeadline, rollback }: RolloutSettings): JsonValue {
  return {
    max_surge: maxSurge === null ? null : shareValue(maxSurge),
    max_unavailable: shareValue(maxUnavailable),
    min_ready: minReady,
    progress_deadline: progressDeadline,
    rollback,
  };
}

function hookValues({ preStart, postReady, preStop }: Hooks): JsonValue {
  const value = (hook: Hook | null): JsonValue => (hook === null ? null : { ...hook });
  const none = preStart === null && postReady === null && preStop === null;
  return none ? null : { pre_start: value(preStart), post_ready: value(postReady), pre_stop: value(preStop) };
}

function userValue(user: AppSpec['user']): JsonValue {
  return user === null ? null : `${user.name ?? user.uid}, group ${user.gid}`;
}

function secretValues(secrets: AppSpec['secrets']): JsonValue {
  return Object.fromEntries(Object.entries(secrets).map(([name, source]) => [name, secretValue(source)]));
}

function secretValue(source: SecretSource): JsonValue {
  switch (source.type) {
    case 'file':
      return { file: source.path };
    case 'env':
      return { env: source.name };
    case 'command':
      return { command: source.command };
    default:
      return unreachable(source);
  }
}

function restartValue({ delay, maxDelay, giveUp }: RestartSettings): JsonValue {
  return { delay, max_delay: maxDelay, give_up: giveUp };
}

function shareValue({ type, value }: Share): JsonValue {
  return type === 'percent' ? `${value}%` : value;
}

function interpreterValue(interpreter: Interpreter): JsonValue {
  return interpreter.type === 'program' ? interpreter.path : interpreter.type;
}

function logTargetValue(target: LogTarget): JsonValue {
  if (target.type === 'file') return target.path;
  return target.type === 'discard' ? '/dev/null' : null;
}

/** The other way round: none unless asked for. */
function combinedValue(target: LogTarget): JsonValue {
  if (target.type === 'file') return target.path;
  return target.type === 'default' ? true : null;
}

function rotationValue(rotation: LogRotation | null): JsonValue {
  if (rotation === null) return false;
  const { maxSize, keep, compress } = rotation;
  return { max_size: maxSize, keep, compress };
}

/** By the options that they come from. */
export function watchValues({
  enabled,
  paths,
  ignore,
  delay,
  options,
}: WatchSettings): Readonly<Record<string, JsonValue>> {
  return { watch: enabled ? (paths ?? true) : false, ignore_watch: ignore, watch_delay: delay, watch_options: options };
}

export function revisionValue(code: CodeRevision): JsonValue {
  return code.type === 'fixed' ? code.value : code.type;
}

/** A whole spec in the words of a file, secrets masked; `code` is the revision. */
export function fileSpec(spec: AppSpec): Readonly<Record<string, JsonValue>> {
  const { code, env, sensitiveEnv, ...rest } = spec;
  const fields = Object.keys(FILE_KEYS).filter((field): field is keyof typeof rest => field in rest);
  const shown = Object.entries(env).map(([key, value]) => [key, sensitiveEnv.includes(key) ? MASK : value]);
  return {
    ...Object.fromEntries(fields.map((field) => [FILE_KEYS[field], fileValue(spec, field)])),
    [FILE_KEYS.env]: Object.fromEntries(shown),
    [FILE_KEYS.code]: code.type === 'auto' ? `auto ${code.digest.slice(0, 12)}` : revisionValue(code),
  };
}
