import { expect } from 'vitest';
import { DEFAULTS } from '../../../src/domain/policies.ts';
import type { OptionCase } from './option-case.ts';

const restarts = (title: string) => ({ in: 'test/integration/restarts.test.ts', title });
const probes = (title: string) => ({ in: 'test/e2e/probes.test.ts', title });
const READINESS_PROBE = DEFAULTS.readinessProbe;

/** How an app starts, is found to be well, is replaced, and ends. */
export const LIFE_CASES: readonly OptionCase[] = [
  {
    option: 'autostart',
    written: { autostart: false },
    spec: { autostart: false },
    shown: {
      effect: async ({ listed }) => expect(await listed()).toMatchObject({ status: 'stopped', workers: [] }),
    },
  },
  {
    option: 'depends_on',
    written: { depends_on: { 'what it depends on': 'completed' } },
    beside: [{ name: 'what it depends on', kind: 'task', env: { TASK: 1 } }],
    spec: { dependsOn: { 'what it depends on': 'completed' } },
    shown: {
      effect: async ({ told }) =>
        expect((await told()).seen).toContain(`${encodeURIComponent('what it depends on')}-0.json`),
    },
  },
  {
    option: 'hooks',
    written: { hooks: { pre_start: 'touch told/hook-was-run' } },
    spec: {
      hooks: {
        preStart: { command: 'touch told/hook-was-run', timeout: DEFAULTS.hookTimeout },
        postReady: null,
        preStop: null,
      },
    },
    shown: { effect: async ({ told }) => expect((await told()).seen).toContain('hook-was-run') },
  },
  {
    option: 'listen_timeout',
    written: { listen_timeout: 3000 },
    spec: { readyTimeout: 3000 },
    shown: {
      in: 'test/e2e/failures.test.ts',
      title: 'never sends the ready that it promised fails when listen_timeout is over',
    },
  },
  {
    option: 'wait_ready',
    written: { wait_ready: true },
    spec: { readiness: { type: 'message' } },
    shown: { in: 'test/e2e/failures.test.ts', title: 'sends ready late is waited for' },
  },
  {
    option: 'readiness',
    written: { readiness: { http: '/health', timeout: '3s' } },
    spec: {
      readinessProbe: {
        ...READINESS_PROBE,
        timeout: 3000,
        target: { type: 'http', host: 'localhost', port: null, path: '/health' },
      },
    },
    shown: probes('answers as it would a client'),
  },
  {
    option: 'startup',
    written: { startup: { tcp: 6379 } },
    spec: { startupProbe: { ...READINESS_PROBE, target: { type: 'tcp', host: 'localhost', port: 6379 } } },
    shown: probes('startup comes first, and is told when it is what is missing'),
  },
  {
    option: 'liveness',
    written: { liveness: { exec: 'test -f alive', failures: 2 } },
    spec: {
      livenessProbe: { ...DEFAULTS.livenessProbe, failures: 2, target: { type: 'exec', command: 'test -f alive' } },
    },
    shown: probes('ends a worker that does not answer any more, and it is started again'),
  },
  {
    option: 'fail_when',
    written: { fail_when: 'EADDRINUSE' },
    spec: { failWhen: 'EADDRINUSE' },
    shown: probes('fail_when ends a start at once'),
  },
  {
    option: 'rollout',
    written: { rollout: { max_surge: 0, max_unavailable: '50%' } },
    spec: {
      rollout: {
        ...DEFAULTS.rollout,
        maxSurge: { type: 'count', value: 0 },
        maxUnavailable: { type: 'percent', value: 50 },
      },
    },
    shown: {
      in: 'test/e2e/rollback.test.ts',
      title: 'surge 0 and 1 unavailable: never fewer than 2 of 3 ready, never more than 3 processes',
    },
  },
  {
    option: 'stop_signal',
    written: { stop_signal: 'SIGUSR2' },
    spec: { stopSignal: 'SIGUSR2' },
    shown: { effect: async () => {}, afterStop: async ({ ended }) => expect(await ended()).toBe('SIGUSR2') },
  },
  {
    option: 'shutdown_with_message',
    written: { shutdown_with_message: true },
    spec: { shutdownWithMessage: true },
    shown: { effect: async () => {}, afterStop: async ({ ended }) => expect(await ended()).toBe('message') },
  },
  {
    option: 'kill_timeout',
    written: { kill_timeout: '1.5s' },
    spec: { killTimeout: 1500 },
    shown: { in: 'test/e2e/stop-tree.test.ts', title: 'leaves no process of it behind' },
  },
  {
    option: 'treekill',
    written: { treekill: false },
    spec: { treekill: false },
    shown: { in: 'test/e2e/pm2-options.test.ts', title: 'treekill: false leaves alone what it started' },
  },
  {
    option: 'autorestart',
    written: { autorestart: false },
    spec: { autorestart: false },
    shown: restarts('without autorestart stays as it is'),
  },
  {
    option: 'max_restarts',
    written: { max_restarts: '3' },
    spec: { maxRestarts: 3 },
    shown: restarts('is given up at max_restarts'),
  },
  {
    option: 'min_uptime',
    written: { min_uptime: '10s' },
    spec: { minUptime: 10_000 },
    shown: restarts('after a good run is there again at once'),
  },
  {
    option: 'restart_delay',
    written: { restart_delay: 400 },
    spec: { restartDelay: 400 },
    shown: restarts('restart_delay'),
  },
  {
    option: 'exp_backoff_restart_delay',
    written: { exp_backoff_restart_delay: 100 },
    spec: { expBackoffRestartDelay: 100 },
    shown: restarts('exp_backoff_restart_delay'),
  },
  {
    option: 'stop_exit_codes',
    written: { stop_exit_codes: [9, '3'] },
    spec: { stopExitCodes: [3, 9] },
    shown: restarts('with a stop exit code is done'),
  },
  {
    option: 'restart',
    written: { restart: { delay: '2s', give_up: { count: 5, window: '1m' } } },
    spec: { restart: { ...DEFAULTS.restart, delay: 2000, giveUp: { count: 5, window: 60_000 } } },
    shown: restarts('is given up at restart.give_up, even if each run was a good one'),
  },
];
