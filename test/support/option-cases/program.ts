import { expect } from 'vitest';
import { NOBODY, type OptionCase } from './option-case.ts';

/** What is run, how often, and as whom. */
export const PROGRAM_CASES: readonly OptionCase[] = [
  {
    option: 'name',
    written: { name: 'the API (blue)' },
    spec: { name: 'the API (blue)' },
    shown: { effect: async ({ told }) => expect((await told()).env['ECO_APP']).toBe('the API (blue)') },
  },
  {
    option: 'extends',
    written: { extends: 'what it extends' },
    beside: [{ name: 'what it extends', env: { EXTENDED: 'yes' } }],
    spec: { env: { EXTENDED: 'yes' } },
    shown: { effect: async ({ told }) => expect((await told()).env['EXTENDED']).toBe('yes') },
  },
  {
    option: 'on',
    written: { on: 'web' },
    spec: {},
    shown: {
      in: 'test/e2e/remote-hosts.test.ts',
      title: 'the hosts of a file, one after another: where the first fails, the others stay as they are',
    },
  },
  {
    option: 'namespace',
    written: { namespace: 'web' },
    spec: { namespace: 'web' },
    shown: {
      effect: async ({ eco, name }) => {
        await eco.eventually(async () => {
          return (await eco.ok(['logs', 'web', '--raw', '--no-follow'])).stdout === `out of ${name}\nerr of ${name}\n`;
        });
      },
    },
  },
  {
    option: 'script',
    written: { script: './other.js' },
    spec: { script: '<folder>/other.js' },
    shown: { effect: async ({ eco, told }) => expect((await told()).program).toBe(eco.path('other.js')) },
  },
  {
    option: 'args',
    written: { args: `--title "two words" ''` },
    spec: { args: ['--title', 'two words', ''] },
    shown: { effect: async ({ told }) => expect((await told()).args).toEqual(['--title', 'two words', '']) },
  },
  {
    option: 'cwd',
    written: { cwd: './sub', script: '../tells.js' },
    spec: { cwd: '<folder>/sub' },
    shown: { effect: async ({ eco, told }) => expect((await told()).cwd).toBe(eco.path('sub')) },
  },
  {
    option: 'interpreter',
    written: { interpreter: './wrapper.sh' },
    spec: { interpreter: { type: 'program', path: '<folder>/wrapper.sh' } },
    shown: { effect: async ({ told }) => expect((await told()).env['WRAPPED']).toBe('yes') },
  },
  {
    option: 'interpreter_args',
    written: { interpreter_args: '--no-warnings --stack-trace-limit=7' },
    spec: { interpreterArgs: ['--no-warnings', '--stack-trace-limit=7'] },
    shown: {
      effect: async ({ told }) => expect((await told()).execArgv).toEqual(['--no-warnings', '--stack-trace-limit=7']),
    },
  },
  {
    option: 'unwrap',
    written: { script: 'npm', args: 'start', unwrap: false },
    spec: { script: 'npm', args: ['start'], interpreter: { type: 'none' } },
    shown: { effect: async ({ told }) => expect((await told()).env).toHaveProperty('npm_execpath') },
  },
  {
    option: 'source_map_support',
    written: { source_map_support: true },
    spec: { interpreterArgs: ['--enable-source-maps'] },
    shown: { effect: async ({ told }) => expect((await told()).execArgv).toEqual(['--enable-source-maps']) },
  },
  {
    option: 'instances',
    written: { instances: '2' },
    spec: { instances: 2, execMode: 'cluster', mergeLogs: false },
    shown: {
      effect: async ({ told, listed }) => {
        expect((await told(1)).pid).not.toBe((await told(0)).pid);
        expect(await listed()).toMatchObject({ ready: 2, desired: 2 });
      },
    },
  },
  {
    option: 'exec_mode',
    written: { exec_mode: 'cluster_mode' },
    spec: { execMode: 'cluster', mergeLogs: false },
    shown: { effect: async ({ told }) => expect((await told()).cluster).toBe(true) },
  },
  {
    option: 'execute_command',
    written: { instances: 1, execute_command: true },
    spec: {},
    shown: { effect: async ({ told }) => expect((await told()).cluster).toBe(false) },
  },
  {
    option: 'balance',
    written: { balance: 'reuseport' },
    spec: { balance: 'reuseport' },
    shown: {
      in: 'test/integration/reuseport.test.ts',
      title: 'each worker has a socket of its own',
    },
  },
  {
    option: 'kind',
    written: { kind: 'task', env: { TASK: 1 } },
    spec: { kind: 'task', autorestart: false, env: { TASK: '1' } },
    shown: { effect: async ({ listed }) => expect(await listed()).toMatchObject({ status: 'completed' }) },
  },
  {
    option: 'uid',
    written: { uid: NOBODY, out_file: './sub/of-root.txt' },
    spec: {
      user: { uid: NOBODY, gid: NOBODY, name: 'nobody', home: '/nonexistent' },
      outFile: { type: 'file', path: '<folder>/sub/of-root.txt' },
    },
    asRoot: true,
    shown: {
      effect: async ({ eco, name, told }) => {
        expect(await told()).toMatchObject({ uid: NOBODY, gid: NOBODY });
        // In a folder where that user could make no file.
        await eco.eventually(async () => (await eco.read('sub/of-root.txt')) === `out of ${name}\n`);
      },
    },
  },
  {
    option: 'gid',
    written: { gid: NOBODY },
    spec: { user: { uid: 0, gid: NOBODY, name: 'root', home: '/root' } },
    asRoot: true,
    shown: { effect: async ({ told }) => expect(await told()).toMatchObject({ uid: 0, gid: NOBODY }) },
  },
];
