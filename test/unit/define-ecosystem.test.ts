import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, expectTypeOf, test } from 'vitest';
import { defineEcosystem } from '../../src/config/define-ecosystem.ts';
import type { App, Ecosystem, EcosystemFunction } from '../../src/config/generated/ecosystem-types.d.ts';

// The types are what is tested: `tsc` reads this file, and an `@ts-expect-error` without an error is one.

test('what eco knows is accepted, and given back as it is', () => {
  const ecosystem: Ecosystem = {
    project: 'shop',
    defaults: { kill_timeout: '20s', env: { REGION: 'eu' } },
    apps: [
      {
        name: 'api',
        script: './server.js',
        instances: 'max',
        exec_mode: 'cluster',
        env: { PORT: 3000, DEBUG: false, URL: process.env['URL'] },
        env_production: { LOG_LEVEL: 'warn' },
        env_file: ['.env'],
        readiness: { http: '/health' },
        liveness: { http: { path: '/health', port: 3000 }, period: '15s' },
        rollout: { max_surge: '25%', rollback: true },
        depends_on: { migrate: 'completed' },
        maxMemoryRestart: '400M',
        node_args: '--enable-source-maps',
        pmx: false,
        'x-owner': { team: 'shop' },
        stop_signal: undefined,
      },
      { name: 'migrate', script: './migrate.js', kind: 'task' },
    ],
    deploy: { production: { host: 'example.org' } },
  };
  expect(defineEcosystem(ecosystem)).toBe(ecosystem);
  expectTypeOf(defineEcosystem({ apps: { script: './a.js' } })).toEqualTypeOf<Ecosystem>();
});

test('a function, also one that takes its time, is accepted', () => {
  const defined = defineEcosystem(async ({ env, argv }) => ({
    apps: [{ name: argv[0], script: './a.js', env: { HOME: env['HOME'] } }],
  }));
  expectTypeOf(defined).toEqualTypeOf<EcosystemFunction>();
  expect(defineEcosystem(() => ({ apps: [] }))).toBeTypeOf('function');
});

test('what eco does not know or take is an error of types', () => {
  // @ts-expect-error -- a slip of the keys
  defineEcosystem({ apps: [{ script: './a.js', instnaces: 2 }] });
  // @ts-expect-error -- an unknown mode
  defineEcosystem({ apps: [{ script: './a.js', exec_mode: 'cluester' }] });
  // @ts-expect-error -- no list and no app
  defineEcosystem({ apps: 'server.js' });
  // @ts-expect-error -- a boolean is no duration
  defineEcosystem({ apps: [{ script: './a.js', kill_timeout: true }] });
  // @ts-expect-error -- a key within an option
  defineEcosystem({ apps: [{ script: './a.js', rollout: { max_sureg: 1 } }] });
  // @ts-expect-error -- an option at the top of the file
  defineEcosystem({ apps: [], max_restarts: 3 });
  // @ts-expect-error -- a condition that there is not
  defineEcosystem({ apps: [{ script: './a.js', depends_on: { a: 'finished' } }] });
  // @ts-expect-error -- a function of something else
  defineEcosystem(() => 7);
  expectTypeOf<App['instances']>().toEqualTypeOf<number | string | undefined>();
  expectTypeOf<App['autorestart']>().toEqualTypeOf<boolean | undefined>();
});

test('each option says in editors what the schema says of it', () => {
  const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
  const types = read('../../src/config/generated/ecosystem-types.d.ts');
  const schema = JSON.parse(read('../../schemas/ecosystem.schema.json'));
  for (const [name, property] of Object.entries<{ description: string }>(schema.$defs.app.properties)) {
    expect(types).toContain(`/** ${property.description} */\n  readonly ${name}?:`);
  }
});
