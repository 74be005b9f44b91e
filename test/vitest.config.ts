import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

interface Settings {
  readonly timeout: number;
  readonly workers: number;
  readonly globalSetup?: readonly string[];
}

const project = (name: string, settings: Settings) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`, ...(name === 'unit' ? ['test/architecture.test.ts'] : [])],
    testTimeout: settings.timeout,
    hookTimeout: settings.timeout,
    maxWorkers: settings.workers,
    globalSetup: [...(settings.globalSetup ?? [])],
  },
});

/** A folder for the results of this run, beside what it prints: `.ci/run` counts them. */
const results = process.env['ECO_TEST_RESULTS'];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  define: { ECO_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    pool: 'forks',
    // Ecosystem files that are programs are run by Node itself, as they are for users.
    deps: { interopDefault: false },
    server: { deps: { external: [/\/(ecosystem|pm2)[\w.]*\.[cm]?[jt]s$/] } },
    reporters:
      results === undefined ? ['default'] : ['default', ['json', { outputFile: join(results, `${process.pid}.json`) }]],
    projects: [
      project('unit', { timeout: 20_000, workers: 2 }),
      project('integration', {
        timeout: 60_000,
        workers: 2,
        globalSetup: ['test/support/build-eco.ts', 'test/support/package-eco.ts', 'test/support/node-lines.ts'],
      }),
      project('faults', {
        timeout: 300_000,
        workers: 2,
        globalSetup: ['test/support/package-eco.ts'],
      }),
      project('e2e', {
        timeout: 120_000,
        workers: 2,
        globalSetup: ['test/support/package-eco.ts', 'test/support/node-lines.ts', 'test/support/heavy-apps.ts'],
      }),
    ],
  },
});
