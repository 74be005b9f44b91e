import { expect } from 'vitest';
import { ENV_NAME, type OptionCase } from './option-case.ts';

/** Variables, and names that depend on them. */
export const VARIABLE_CASES: readonly OptionCase[] = [
  {
    option: 'env',
    written: { env: { TEXT: 'a b', NUMBER: 7, FLAG: true, LIST: [1, 'x'], GONE: null } },
    spec: { env: { TEXT: 'a b', NUMBER: '7', FLAG: 'true', LIST: '[1,"x"]' } },
    shown: {
      effect: async ({ told }) => {
        const { env } = await told();
        expect(env).toMatchObject({ TEXT: 'a b', NUMBER: '7', FLAG: 'true', LIST: '[1,"x"]' });
        expect(env).not.toHaveProperty('GONE');
      },
    },
  },
  {
    option: 'env_NAME',
    written: { env: { STAGE: 'any' }, [`env_${ENV_NAME}`]: { STAGE: ENV_NAME }, env_staging: { STAGE: 'staging' } },
    spec: { env: { STAGE: ENV_NAME } },
    shown: { effect: async ({ told }) => expect((await told()).env['STAGE']).toBe(ENV_NAME) },
  },
  {
    option: 'env_file',
    written: { env_file: './variables.env' },
    spec: { env: { FROM_FILE: 'yes' }, sensitiveEnv: ['FROM_FILE'] },
    shown: { effect: async ({ told }) => expect((await told()).env['FROM_FILE']).toBe('yes') },
  },
  {
    option: 'pass_env',
    written: { pass_env: ['PASSED_*'] },
    spec: { env: { PASSED_ON: 'yes', PASSED_BACK: 'no' } },
    shown: {
      effect: async ({ told }) => {
        const { env } = await told();
        expect(env).toMatchObject({ PASSED_ON: 'yes', PASSED_BACK: 'no' });
        expect(env).not.toHaveProperty('NOT_NAMED');
      },
    },
  },
  {
    option: 'filter_env',
    written: { pass_env: ['PASSED_*'], filter_env: ['_BACK'] },
    spec: { env: { PASSED_ON: 'yes' } },
    shown: { effect: async ({ told }) => expect((await told()).env).not.toHaveProperty('PASSED_BACK') },
  },
  {
    option: 'secrets',
    written: { secrets: { FROM_A_FILE: { file: './secret.txt' }, FROM_A_COMMAND: { command: 'echo whisper' } } },
    spec: {
      secrets: {
        FROM_A_FILE: { type: 'file', path: '<folder>/secret.txt' },
        FROM_A_COMMAND: { type: 'command', command: 'echo whisper' },
      },
    },
    shown: {
      effect: async ({ told }) =>
        expect((await told()).env).toMatchObject({ FROM_A_FILE: 'hush', FROM_A_COMMAND: 'whisper' }),
    },
  },
  {
    option: 'port',
    written: { port: 4711, env: { PORT: 1 } },
    spec: { env: { PORT: '4711' } },
    shown: { effect: async ({ told }) => expect((await told()).env['PORT']).toBe('4711') },
  },
  {
    option: 'increment_var',
    written: { instances: 2, env: { SHARD: 7 }, increment_var: 'SHARD' },
    spec: { instances: 2, execMode: 'cluster', mergeLogs: false, env: { SHARD: '7' }, incrementVar: 'SHARD' },
    shown: {
      effect: async ({ told }) => {
        expect((await told(0)).env['SHARD']).toBe('7');
        expect((await told(1)).env['SHARD']).toBe('8');
      },
    },
  },
  {
    option: 'instance_var',
    written: { instance_var: 'NUMBER' },
    spec: { instanceVar: 'NUMBER' },
    shown: {
      effect: async ({ told }) => {
        const { env } = await told();
        expect(env['NUMBER']).toBe('0');
        expect(env).not.toHaveProperty('NODE_APP_INSTANCE');
      },
    },
  },
  {
    option: 'pm2_env',
    written: { pm2_env: true },
    spec: { pm2Env: true },
    shown: { effect: async ({ told, name }) => expect((await told()).env).toMatchObject({ pm_id: '0', name }) },
  },
  {
    option: 'name_prefix',
    written: { name: 'prefixed', name_prefix: 'shop' },
    spec: { name: 'shop:prefixed' },
    shown: { effect: async ({ told }) => expect((await told()).env['ECO_APP']).toBe('shop:prefixed') },
  },
  {
    option: 'append_env_to_name',
    written: { name: 'appended', append_env_to_name: true, [`env_${ENV_NAME}`]: {} },
    spec: { name: `appended-${ENV_NAME}` },
    shown: { effect: async ({ told }) => expect((await told()).env['ECO_APP']).toBe(`appended-${ENV_NAME}`) },
  },
];
