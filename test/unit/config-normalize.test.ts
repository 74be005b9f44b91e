import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { checkApps } from '../../src/config/check-apps.ts';
import { mergeApp, type MergedApp } from '../../src/config/merge.ts';
import { normalizeApp, type NormalizedApp } from '../../src/config/normalize.ts';
import { readForm } from '../../src/config/read-form.ts';
import { readKeys } from '../../src/config/read-keys.ts';
import { FILE_KEYS } from '../../src/reconcile/file-values.ts';
import { readEnv } from '../../src/config/read-env.ts';
import { createReport } from '../../src/config/report.ts';
import type { SourceDocument } from '../../src/config/source.ts';
import { validateValues } from '../../src/config/validate.ts';
import type { LogRotation, LogTarget, Probe, RolloutSettings, Share } from '../../src/domain/app-spec.ts';
import { PROPERTY_CASES, PROPERTY_TIMEOUT } from '../support/property-cases.ts';

vi.setConfig({ testTimeout: PROPERTY_TIMEOUT });
fc.configureGlobal({ numRuns: PROPERTY_CASES });

const fixtures = fileURLToPath(new URL('../../fixtures/ecosystems', import.meta.url));
const folder = `${fixtures}/valid/interpreters`;

const text = fc.stringMatching(/^[a-zA-Z][\w .()-]{0,8}$/).map((value) => value.trim());
const duration = fc.oneof(
  fc.nat(100_000),
  fc.nat(100).map((n) => `${n}s`),
  fc.nat(100).map((n) => `${n} ms`),
  fc.nat(1000).map(String),
);
const variables = fc.dictionary(
  fc.stringMatching(/^[A-Z][A-Z_]{0,5}$/),
  fc.oneof(
    fc.string().map((value) => value.replaceAll('\0', '')),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  ),
);
const program = fc.constantFrom(
  { script: './server.js' },
  { script: './server.js', readiness: { http: '/health' }, liveness: { tcp: true, period: '5s' } },
  { script: 'server.js', interpreter: 'node', interpreter_args: '--no-warnings -r x' },
  { script: './run.sh' },
  { script: './main.py', wait_ready: true },
  { script: 'sleep', args: '10 "2 0"' },
  { script: './www', args: ['a b', 7, false] },
  { script: './server.js', interpreter: 'ruby' },
  { script: 'sleep', interpreter: 'none' },
);
const probe = fc.constantFrom<object>(
  { http: { path: '/up', port: 3001, host: '127.0.0.1' }, timeout: '5s' },
  { tcp: 6379, timeout: 900 },
  { tcp: { host: '::1', port: 53 } },
  { exec: 'test -f ready' },
  { log: 'listening on \\d+', period: 250 },
);
/** Were both files discarded, nothing could be asked of what is in them. */
const errors = fc.constantFrom({}, { error: './logs/a.txt' });
const options = fc.record(
  {
    name: text,
    namespace: text,
    kind: fc.constantFrom('service', 'task'),
    cwd: fc.constantFrom('.', folder, '../interpreters'),
    instances: fc.oneof(fc.integer({ min: -3, max: 9 }), fc.constantFrom('max', '2', '-1')),
    exec_mode: fc.constantFrom('fork', 'cluster', 'fork_mode', 'cluster_mode'),
    env: variables,
    env_production: variables,
    autorestart: fc.boolean(),
    kill_timeout: duration,
    stop_signal: fc.constantFrom('auto', 'SIGINT', 'SIGUSR2'),
    out_file: fc.constantFrom('NULL', '/dev/null', './a.log', '/var/log/b.log'),
    log_file: fc.constantFrom<string | boolean>(true, false, 'NULL', './all.log'),
    merge_logs: fc.boolean(),
    log_type: fc.constantFrom('raw', 'json'),
    log_date_format: fc.constantFrom<string | boolean>('HH:mm', '', false),
    time: fc.boolean(),
    logs: fc.constantFrom<object>(
      {},
      { rotate: false },
      { rotate: { keep: 0, compress: true } },
      { rotate: { max_size: '1.5M' } },
    ),
    instance_var: fc.constantFrom('N', 'INSTANCE_ID'),
    depends_on: fc.oneof(
      fc.constantFrom('x', ['x', 'y']),
      fc.dictionary(text, fc.constantFrom('started', 'ready', 'completed')),
    ),
    revision: fc.constantFrom<unknown>('auto', 'package', 'none', 'v7', { include: 'src' }, { exclude: ['a', 'b'] }),
    listen_timeout: duration,
    wait_ready: fc.boolean(),
    readiness: fc.oneof(fc.constantFrom({ message: 'ready' }, { listening: true }), probe),
    startup: probe,
    liveness: fc.constantFrom({ tcp: 6379, period: '5s' }, { exec: './check', failures: 1 }),
    fail_when: fc.constantFrom('EADDRINUSE', 'a|b'),
    rollout: fc.constantFrom({}, { max_surge: '25%', max_unavailable: 1 }, { min_ready: '3s', rollback: false }),
    shutdownWithMessage: fc.boolean(),
    maxRestarts: fc.oneof(fc.nat(99), fc.nat(99).map(String)),
    min_uptime: duration,
    restart_delay: duration,
    exp_backoff_restart_delay: duration,
    stop_exit_codes: fc.oneof(fc.nat(255), fc.constantFrom([], [9, 0, 9], ['7', 3])),
    restart: fc.constantFrom(
      {},
      { policy: 'on-failure', no_restart_exit_codes: [3] },
      { policy: 'never', reset_after: '30s' },
      { delay: 5, max_delay: '5m', give_up: { count: 0 } },
      { give_up: { count: 5, window: '1h' } },
    ),
    limits: fc.constantFrom({}, { memory: '1G', cpu: '50%' }, { memory: 0 }, { pids: 3 }, { cpu: 1.5 }),
    max_memory_restart: fc.constantFrom(0, 4096, '300M', '1.5G', '512kb', '7'),
  },
  { requiredKeys: [] },
);
const app = fc
  .tuple(options, program, errors)
  .map(([some, what, error]): Record<string, unknown> => ({ ...some, ...what, ...error }));

test('normalising what was normalised changes nothing', () => {
  fc.assert(
    fc.property(app, (written) => {
      const once = normalize(written, 'production');
      expect(normalize(serialise(once), undefined)).toEqual(once);
    }),
  );
});

test('the order of keys means nothing', () => {
  const shuffled = app.chain((written) =>
    fc.tuple(
      fc.constant(written),
      fc.shuffledSubarray(Object.keys(written), { minLength: Object.keys(written).length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([written, keys]) => {
      const reordered = Object.fromEntries(keys.map((key) => [key, written[key]]));
      expect(JSON.stringify(normalize(reordered, undefined).spec)).toBe(
        JSON.stringify(normalize(written, undefined).spec),
      );
    }),
  );
});

test('a normalised app is plain JSON with every field filled in', () => {
  fc.assert(
    fc.property(app, (written) => {
      const { spec } = normalize(written, undefined);
      expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
      expect(Object.keys(spec)).toHaveLength(Object.keys(FILE_KEYS).length - 1);
      expect(spec.instances).toBeGreaterThanOrEqual(1);
      expect(Object.keys(spec.env)).toEqual(Object.keys(spec.env).sort());
    }),
  );
});

test('a graph of dependencies has a cycle reported exactly when it has one', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const graph = fc.tuple(...names.map(() => fc.subarray(names)));
  fc.assert(
    fc.property(graph, (edges) => {
      const apps = names.map((name, index) => ({ name, script: './server.js', depends_on: edges[index] ?? [] }));
      const document = documentOf({ apps });
      const report = createReport(document);
      const form = readForm(document, report);
      if (form === null) throw new Error('not read');
      const keyed = readKeys(form, document, report);
      const envOf = (app: MergedApp) => readEnv(app, { environment: {}, onRead: () => {}, report });
      const context = { environment: {}, cpus: 4, envOf, report };
      checkApps(
        keyed.apps.flatMap((block) => normalizeApp(mergeApp(block, [], { envName: undefined }), context) ?? []),
        [],
        report,
      );
      expect(report.diagnostics().some(({ code }) => code === 'ECO1408')).toBe(!canBeOrdered(names, edges));
    }),
  );
});

/** Kahn: an app without open dependencies goes, until none is left. */
function canBeOrdered(names: readonly string[], edges: readonly (readonly string[])[]): boolean {
  const open = new Map(names.map((name, index) => [name, new Set(edges[index])]));
  for (let free = freeOne(open); free !== undefined; free = freeOne(open)) {
    open.delete(free);
    for (const needs of open.values()) needs.delete(free);
  }
  return open.size === 0;
}

function freeOne(open: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  return [...open].find(([, needs]) => needs.size === 0)?.[0];
}

function normalize(
  written: Readonly<Record<string, unknown>>,
  envName: string | undefined,
): Omit<NormalizedApp, 'path' | 'dependencyPaths' | 'portPath'> {
  const document = documentOf({ apps: [written] });
  const report = createReport(document);
  const form = readForm(document, report);
  if (form === null) throw new Error('not read');
  const keyed = readKeys(form, document, report);
  validateValues(keyed, report);
  const [block] = keyed.apps;
  const environment = { PATH: `${fixtures}/bin` };
  const envOf = (app: MergedApp) => readEnv(app, { environment, onRead: () => {}, report });
  const normalized =
    block === undefined
      ? null
      : normalizeApp(mergeApp(block, [], { envName }), { environment, cpus: 4, envOf, report });
  const errors = report.diagnostics().filter(({ severity }) => severity === 'error');
  if (normalized === null || errors.length > 0) throw new Error(JSON.stringify(errors, null, 2));
  const { spec, writtenName, revision, foreign } = normalized;
  return { spec, writtenName, revision, foreign };
}

function documentOf(value: unknown): SourceDocument {
  return { file: `${folder}/ecosystem.json`, text: '', value, positions: null, duplicates: [], root: [] };
}

/** A spec as somebody would write it who leaves nothing to a default. */
function serialise({ spec, revision }: Pick<NormalizedApp, 'spec' | 'revision'>): Record<string, unknown> {
  return {
    name: spec.name,
    namespace: spec.namespace,
    kind: spec.kind,
    script: spec.script,
    args: spec.args,
    cwd: spec.cwd,
    interpreter: spec.interpreter.type === 'program' ? spec.interpreter.path : spec.interpreter.type,
    interpreter_args: spec.interpreterArgs,
    instances: spec.instances,
    exec_mode: spec.execMode,
    balance: spec.balance,
    env: spec.env,
    instance_var: spec.instanceVar,
    autorestart: spec.autorestart,
    ...(spec.maxRestarts === null ? {} : { max_restarts: spec.maxRestarts }),
    min_uptime: spec.minUptime,
    ...(spec.restartDelay === null ? {} : { restart_delay: spec.restartDelay }),
    ...(spec.expBackoffRestartDelay === null ? {} : { exp_backoff_restart_delay: spec.expBackoffRestartDelay }),
    stop_exit_codes: spec.stopExitCodes,
    restart: restartOption(spec),
    max_memory_restart: spec.maxMemoryRestart ?? 0,
    limits: spec.limits === null ? {} : withoutNulls(spec.limits),
    kill_timeout: spec.killTimeout,
    stop_signal: spec.stopSignal,
    listen_timeout: spec.readyTimeout,
    wait_ready: spec.readiness.type === 'message',
    ...(spec.readiness.type === 'listening'
      ? { readiness: { listening: true } }
      : probeOption('readiness', spec.readinessProbe)),
    ...probeOption('startup', spec.startupProbe),
    ...probeOption('liveness', spec.livenessProbe),
    ...(spec.failWhen === null ? {} : { fail_when: spec.failWhen }),
    rollout: rolloutOption(spec.rollout),
    shutdown_with_message: spec.shutdownWithMessage,
    ...logOption('out_file', spec.outFile),
    ...logOption('error_file', spec.errorFile),
    ...combinedOption(spec.combinedFile),
    merge_logs: spec.mergeLogs,
    log_type: spec.logType,
    ...(spec.logDateFormat === null ? {} : { log_date_format: spec.logDateFormat }),
    logs: { rotate: rotationOption(spec.logRotation) },
    depends_on: spec.dependsOn,
    revision: revisionOption(revision),
  };
}

function revisionOption(revision: NormalizedApp['revision']): unknown {
  if (revision.type === 'fixed') return revision.value;
  if (revision.type !== 'files') return revision.type;
  const { include, exclude } = revision;
  return { ...(include === null ? {} : { include }), ...(exclude.length === 0 ? {} : { exclude }) };
}

/** A delay of its own would end PM2's. */
function restartOption({ restart, restartDelay, expBackoffRestartDelay }: NormalizedApp['spec']) {
  const { delay, maxDelay, giveUp } = restart;
  const pm2 = restartDelay !== null || expBackoffRestartDelay !== null;
  return { ...(pm2 ? {} : { delay, max_delay: maxDelay }), give_up: giveUp };
}

function probeOption(name: string, probe: Probe | null): Record<string, unknown> {
  if (probe === null) return {};
  const { target, period, timeout, failures } = probe;
  const { type, ...place } = target;
  const asked = target.type === 'exec' ? target.command : target.type === 'log' ? target.pattern : withoutNulls(place);
  return { [name]: { [type]: asked, period, timeout, ...(name === 'liveness' ? { failures } : {}) } };
}

function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null));
}

function rolloutOption(rollout: RolloutSettings): Record<string, unknown> {
  const share = ({ type, value }: Share) => (type === 'percent' ? `${value}%` : value);
  return {
    ...(rollout.maxSurge === null ? {} : { max_surge: share(rollout.maxSurge) }),
    max_unavailable: share(rollout.maxUnavailable),
    min_ready: rollout.minReady,
    progress_deadline: rollout.progressDeadline,
    rollback: rollout.rollback,
  };
}

function combinedOption(target: LogTarget): Record<string, unknown> {
  if (target.type === 'discard') return {};
  return { log_file: target.type === 'default' ? true : target.path };
}

function rotationOption(rotation: LogRotation | null): unknown {
  if (rotation === null) return false;
  return { max_size: rotation.maxSize, keep: rotation.keep, compress: rotation.compress };
}

function logOption(name: string, target: LogTarget): Record<string, string> {
  if (target.type === 'default') return {};
  return { [name]: target.type === 'discard' ? 'NULL' : target.path };
}
