import type { AppSpec, Probe, ProbeTarget } from '../../../src/domain/app-spec.ts';
import { DEFAULTS } from '../../../src/domain/policies.ts';

/** A key within an option: what is written of the app, and the fields that are other then. */
export interface NestedCase {
  readonly written: Readonly<Record<string, unknown>>;
  readonly spec: Partial<AppSpec>;
  /** Other apps of the same file. */
  readonly beside?: readonly Readonly<Record<string, unknown>>[];
}

type ProbeOption = 'readiness' | 'startup' | 'liveness';

const FIELDS = { readiness: 'readinessProbe', startup: 'startupProbe', liveness: 'livenessProbe' } as const;

/** By the paths of the schema's properties, as in `readiness.http.port`. */
export const NESTED_CASES: Readonly<Record<string, NestedCase>> = {
  'secrets.NAME.file': secret({ file: './secret.txt' }, { type: 'file', path: '<folder>/secret.txt' }),
  'secrets.NAME.env': secret({ env: 'THEIRS' }, { type: 'env', name: 'THEIRS' }),
  'secrets.NAME.command': secret({ command: 'pass show it' }, { type: 'command', command: 'pass show it' }),
  'logs.rotate': { written: { logs: { rotate: false } }, spec: { logRotation: null } },
  'logs.rotate.max_size': rotation({ max_size: '20M' }, { maxSize: 20 << 20 }),
  'logs.rotate.keep': rotation({ keep: 7 }, { keep: 7 }),
  'logs.rotate.compress': rotation({ compress: true }, { compress: true }),
  'depends_on.NAME.condition': {
    written: { depends_on: { other: { condition: 'started' } } },
    beside: [{ name: 'other' }],
    spec: { dependsOn: { other: 'started' } },
  },
  'depends_on.NAME.restart': {
    written: { depends_on: { other: { restart: true } } },
    beside: [{ name: 'other' }],
    spec: { dependsOn: { other: 'ready' }, restartWith: ['other'] },
  },
  'revision.include': {
    written: { revision: { include: ['other.js'] } },
    spec: { code: { type: 'auto', digest: '<digest>' } },
  },
  'revision.exclude': {
    written: { revision: { exclude: ['other.js'] } },
    spec: { code: { type: 'auto', digest: '<digest>' } },
  },
  ...probeCases('readiness'),
  ...probeCases('startup'),
  ...probeCases('liveness'),
  'readiness.listening': {
    written: { readiness: { listening: true } },
    spec: { readiness: { type: 'listening' } },
  },
  'readiness.message': {
    written: { readiness: { message: 'ready' } },
    spec: { readiness: { type: 'message' } },
  },
  'liveness.failures': probe('liveness', { tcp: true, failures: 9 }, { ...tcp(), failures: 9 }),
  'rollout.max_surge': rollout({ max_surge: '25%' }, { maxSurge: { type: 'percent', value: 25 } }),
  'rollout.max_unavailable': rollout({ max_unavailable: 1 }, { maxUnavailable: { type: 'count', value: 1 } }),
  'rollout.min_ready': rollout({ min_ready: '2s' }, { minReady: 2000 }),
  'rollout.progress_deadline': rollout({ progress_deadline: '5m' }, { progressDeadline: 300_000 }),
  'rollout.rollback': rollout({ rollback: false }, { rollback: false }),
  'restart.policy': { written: { restart: { policy: 'never' } }, spec: { autorestart: false } },
  'restart.delay': restart({ delay: '500ms' }, { delay: 500 }),
  'restart.max_delay': restart({ max_delay: '5m' }, { maxDelay: 300_000 }),
  'restart.reset_after': { written: { restart: { reset_after: '30s' } }, spec: { minUptime: 30_000 } },
  'restart.give_up': restart({ give_up: { count: 5 } }, { giveUp: { count: 5, window: DEFAULTS.giveUpWindow } }),
  'restart.give_up.count': restart({ give_up: { count: 0 } }, { giveUp: { count: 0, window: DEFAULTS.giveUpWindow } }),
  'restart.give_up.window': restart(
    { give_up: { count: 5, window: '1h' } },
    { giveUp: { count: 5, window: 3_600_000 } },
  ),
  'restart.no_restart_exit_codes': {
    written: { restart: { no_restart_exit_codes: [78, 64] } },
    spec: { stopExitCodes: [64, 78] },
  },
  'limits.memory': limits({ memory: '512M' }, { memory: 512 << 20 }),
  'limits.cpu': limits({ cpu: '150%' }, { cpu: 1.5 }),
  'limits.pids': limits({ pids: 100 }, { pids: 100 }),
  'schedule.cron': schedule({}, {}),
  'schedule.timezone': schedule({ timezone: 'UTC' }, { timezone: 'UTC' }),
  'schedule.overlap': schedule({ overlap: true }, { overlap: true }),
  'schedule.missed': schedule({ missed: 'run' }, { missed: 'run' }),
  ...hookCases('pre_start', 'preStart'),
  ...hookCases('post_ready', 'postReady'),
  ...hookCases('pre_stop', 'preStop'),
};

function secret(written: object, source: AppSpec['secrets'][string]): NestedCase {
  return { written: { secrets: { TOKEN: written } }, spec: { secrets: { TOKEN: source } } };
}

function rotation(rotate: object, fields: Partial<NonNullable<AppSpec['logRotation']>>): NestedCase {
  return { written: { logs: { rotate } }, spec: { logRotation: { ...DEFAULTS.logRotation, ...fields } } };
}

function rollout(written: object, fields: Partial<AppSpec['rollout']>): NestedCase {
  return { written: { rollout: written }, spec: { rollout: { ...DEFAULTS.rollout, ...fields } } };
}

function restart(written: object, fields: Partial<AppSpec['restart']>): NestedCase {
  return { written: { restart: written }, spec: { restart: { ...DEFAULTS.restart, ...fields } } };
}

function limits(written: object, fields: Partial<NonNullable<AppSpec['limits']>>): NestedCase {
  return { written: { limits: written }, spec: { limits: { memory: null, cpu: null, pids: null, ...fields } } };
}

function schedule(written: object, fields: Partial<NonNullable<AppSpec['schedule']>>): NestedCase {
  const times = { cron: '0 7 * * *', timezone: null, overlap: false, missed: 'skip', ...fields } as const;
  return {
    written: { schedule: { cron: '0 7 * * *', ...written } },
    spec: { kind: 'task', autorestart: false, schedule: times },
  };
}

function hookCases(option: string, field: keyof AppSpec['hooks']): Readonly<Record<string, NestedCase>> {
  const hook = (written: unknown, timeout: number): NestedCase => ({
    written: { hooks: { [option]: written } },
    spec: { hooks: { preStart: null, postReady: null, preStop: null, [field]: { command: './run.sh', timeout } } },
  });
  return {
    [`hooks.${option}`]: hook('./run.sh', DEFAULTS.hookTimeout),
    [`hooks.${option}.command`]: hook({ command: './run.sh' }, DEFAULTS.hookTimeout),
    [`hooks.${option}.timeout`]: hook({ command: './run.sh', timeout: '2m' }, 120_000),
  };
}

function probeCases(option: ProbeOption): Readonly<Record<string, NestedCase>> {
  const of = (written: object, fields: Partial<Probe>): NestedCase => probe(option, written, fields);
  return {
    [`${option}.http`]: of({ http: '/up' }, http({ path: '/up' })),
    [`${option}.http.path`]: of({ http: { path: '/up' } }, http({ path: '/up' })),
    [`${option}.http.port`]: of({ http: { port: 81 } }, http({ port: 81 })),
    [`${option}.http.host`]: of({ http: { host: '::1' } }, http({ host: '::1' })),
    [`${option}.tcp`]: of({ tcp: 6379 }, tcp({ port: 6379 })),
    [`${option}.tcp.port`]: of({ tcp: { port: 6379 } }, tcp({ port: 6379 })),
    [`${option}.tcp.host`]: of({ tcp: { port: 1, host: 'db' } }, tcp({ port: 1, host: 'db' })),
    [`${option}.exec`]: of({ exec: './check' }, { target: { type: 'exec', command: './check' } }),
    [`${option}.period`]: of({ tcp: true, period: '700ms' }, { ...tcp(), period: 700 }),
    [`${option}.timeout`]: of({ tcp: true, timeout: 900 }, { ...tcp(), timeout: 900 }),
    // What is read of the output says nothing about how a program is later.
    ...(option === 'liveness'
      ? {}
      : { [`${option}.log`]: of({ log: 'up \\d+' }, { target: { type: 'log', pattern: 'up \\d+' } }) }),
  };
}

function probe(option: ProbeOption, written: object, fields: Partial<Probe>): NestedCase {
  const defaults = option === 'liveness' ? DEFAULTS.livenessProbe : DEFAULTS.readinessProbe;
  const asked = { ...defaults, ...tcp(), ...fields };
  return { written: { [option]: written }, spec: { [FIELDS[option]]: asked } };
}

function http(fields: Partial<Extract<ProbeTarget, { type: 'http' }>>): Pick<Probe, 'target'> {
  return { target: { type: 'http', host: 'localhost', port: null, path: '/', ...fields } };
}

function tcp(fields: Partial<Extract<ProbeTarget, { type: 'tcp' }>> = {}): Pick<Probe, 'target'> {
  return { target: { type: 'tcp', host: 'localhost', port: null, ...fields } };
}
