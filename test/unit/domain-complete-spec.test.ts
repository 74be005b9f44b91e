import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadEcosystem } from '../../src/config/load-ecosystem.ts';
import { completeSpec } from '../../src/domain/complete-spec.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { appSpec } from '../support/states.ts';

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
describe('what an earlier version stored is what this one makes of the same file, so that an upgrade changes no plan', () => {
  test.each(readdirSync(`${fixtures}/stored-specs`))('%s', async (version) => {
    const folder = `${fixtures}/stored-specs/${version}`;
    const stored = readFileSync(`${folder}/stored.json`, 'utf8').replaceAll('<folder>', folder);
    const loaded = await loadEcosystem({
      file: 'ecosystem.yaml',
      cwd: folder,
      environment: { PATH: `${fixtures}/ecosystems/bin` },
      home: `${folder}/unused`,
      codeRevision: 'skip',
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    expect((JSON.parse(stored) as readonly AppSpec[]).map(completeSpec)).toEqual(loaded.value.desired.apps);
  });
});

test.each(Object.keys(appSpec({ name: 'api' })))(
  'a spec without %s gets what a file gets that says nothing',
  (field) => {
    const whole = { ...appSpec({ name: 'api' }), mergeLogs: true };
    const { [field as keyof AppSpec]: _, ...older } = whole;
    const perApp = ['name', 'script', 'cwd', 'code'];
    expect(completeSpec(older as AppSpec)).toEqual(perApp.includes(field) ? older : whole);
  },
);

test('settings within settings are completed, and nothing that is there is touched', () => {
  const { rollback: _, ...rollout } = { ...appSpec({ name: 'api' }).rollout, minReady: 7 };
  const spec = appSpec({
    name: 'api',
    rollout: rollout as AppSpec['rollout'],
    env: { A: '1' },
    interpreter: { type: 'program', path: '/usr/bin/node' },
    readinessProbe: { target: { type: 'tcp', host: '::', port: 1 }, period: 1, timeout: 1, failures: 1 },
  });
  expect(completeSpec(spec)).toEqual({ ...spec, rollout: { ...rollout, rollback: true } });
});

test('what a newer version added is kept', () => {
  const newer = { ...appSpec({ name: 'api' }), warp: 9 };
  expect(completeSpec(newer)).toEqual(newer);
});
