import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import { EcoRig } from '../support/eco-rig.ts';
import { appsOf, OPTION_CASES } from '../support/option-cases/index.ts';
import {
  CALLER,
  ENV_NAME,
  OPTION_FILES,
  type OptionCase,
  type RunningApp,
  type Told,
} from '../support/option-cases/option-case.ts';

const isRoot = process.getuid?.() === 0;
const cases = OPTION_CASES.flatMap((option) =>
  'effect' in option.shown && (isRoot || option.asRoot !== true) ? [{ ...option, ...option.shown }] : [],
);
const ending = cases.flatMap(({ afterStop, ...option }) => (afterStop === undefined ? [] : [{ ...option, afterStop }]));

/** One project with an app for each option, applied once. */
let eco: EcoRig;

beforeAll(async () => {
  eco = await EcoRig.create(inject('ecoPackage'));
  await eco.write(OPTION_FILES);
  await chmod(eco.path('wrapper.sh'), 0o755);
  // What runs as somebody else reads the program and writes down what it is told.
  await Promise.all([chmod(eco.root, 0o755), chmod(eco.path('told'), 0o777)]);
  await eco.write({ 'ecosystem.json': { project: 'options', apps: cases.flatMap(appsOf) } });
  await eco.ok(['apply', '--env', ENV_NAME], { env: CALLER, timeout: 110_000 });
});
afterAll(() => eco.dispose());

test.each(cases)('$option', async (option) => {
  await option.effect(running(option));
});

describe('once they are stopped', () => {
  beforeAll(() => eco.ok(['stop', 'all'], { timeout: 110_000 }));

  test.each(ending)('$option', async (option) => {
    await option.afterStop(running(option));
  });
});

function running({ option, spec }: OptionCase): RunningApp {
  const name = spec.name ?? option;
  const place = (instance: number) => `told/${encodeURIComponent(name)}-${instance}`;
  return {
    eco,
    name,
    told: (instance = 0) => eco.eventually(async () => JSON.parse(await eco.read(`${place(instance)}.json`)) as Told),
    listed: () => eco.app(name),
    ended: async () => (await eco.read(`${place(0)}.ended`)).trim(),
    other: (wanted) => {
      const found = cases.find((candidate) => candidate.option === wanted);
      if (found === undefined) throw new Error(`no app shows ${wanted}`);
      return running(found);
    },
    log: (ending) => {
      const file = join(eco.home, 'logs', 'options', `${encodeURIComponent(name)}.${ending}`);
      return readFile(file, 'utf8').catch(() => null);
    },
  };
}
