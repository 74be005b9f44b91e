import { expect } from 'vitest';
import { DEFAULTS } from '../../../src/domain/policies.ts';
import type { OptionCase } from './option-case.ts';

/** Where the output goes, and in which form. */
export const OUTPUT_CASES: readonly OptionCase[] = [
  {
    option: 'out_file',
    written: { out_file: './logs/out.txt' },
    spec: { outFile: { type: 'file', path: '<folder>/logs/out.txt' } },
    shown: {
      effect: async ({ eco, name }) => {
        await eco.eventually(async () => (await eco.read('logs/out.txt')) === `out of ${name}\n`);
      },
    },
  },
  {
    option: 'error_file',
    written: { error_file: './logs/err.txt' },
    spec: { errorFile: { type: 'file', path: '<folder>/logs/err.txt' } },
    shown: {
      effect: async ({ eco, name }) => {
        await eco.eventually(async () => (await eco.read('logs/err.txt')) === `err of ${name}\n`);
      },
    },
  },
  {
    option: 'log_file',
    written: { log_file: './logs/all.txt' },
    spec: { combinedFile: { type: 'file', path: '<folder>/logs/all.txt' } },
    shown: {
      effect: async ({ eco, name }) => {
        await eco.eventually(async () => (await eco.read('logs/all.txt')) === `out of ${name}\nerr of ${name}\n`);
      },
    },
  },
  {
    option: 'disable_logs',
    written: { disable_logs: true },
    spec: { outFile: { type: 'discard' }, errorFile: { type: 'discard' } },
    shown: {
      effect: async ({ told, log }) => {
        await told();
        expect(await log('out.log')).toBeNull();
        expect(await log('err.log')).toBeNull();
      },
    },
  },
  {
    option: 'merge_logs',
    written: { instances: 2, merge_logs: true },
    spec: { instances: 2, execMode: 'cluster' },
    shown: {
      effect: async ({ eco, name, log }) => {
        await eco.eventually(async () => (await log('out.log')) === `out of ${name}\n`.repeat(2));
      },
    },
  },
  {
    option: 'log_type',
    written: { log_type: 'json' },
    spec: { logType: 'json' },
    shown: {
      effect: async ({ eco, name, log }) => {
        const line = await eco.eventually(async () => JSON.parse((await log('out.log')) ?? '') as object);
        expect(line).toMatchObject({ message: `out of ${name}`, type: 'out', app_name: name });
      },
    },
  },
  {
    option: 'log_date_format',
    written: { log_date_format: '[in] YYYY' },
    spec: { logDateFormat: '[in] YYYY' },
    shown: {
      effect: async ({ eco, log }) => {
        await eco.eventually(async () => /^in \d{4}: out of/.test((await log('out.log')) ?? ''));
      },
    },
  },
  {
    option: 'time',
    written: { time: true },
    spec: { logDateFormat: 'YYYY-MM-DDTHH:mm:ss' },
    shown: {
      effect: async ({ eco, log }) => {
        await eco.eventually(async () => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: out of/.test((await log('out.log')) ?? ''));
      },
    },
  },
  {
    option: 'logs',
    written: { logs: { rotate: { max_size: '1M', keep: 2 } } },
    spec: { logRotation: { ...DEFAULTS.logRotation, maxSize: 1 << 20, keep: 2 } },
    shown: {
      in: 'test/e2e/logs.test.ts',
      title:
        'are followed through rotations, a flush, a restart, more workers, a daemon that is killed and one that is stopped',
    },
  },
];
