import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { EcoRig } from './eco-rig.ts';
import type { HeavyApp } from './heavy-apps.ts';

interface FrameworkApp {
  /** In `fixtures/apps`. */
  readonly fixture: string;
  /** It is installed and built apart. */
  readonly heavy?: HeavyApp;
  readonly start: Readonly<Record<string, unknown>>;
  /** The file that holds `version = 1`. */
  readonly version: string;
}

/** Servers that answer as those of `fixtures/apps/loaded` do, and the way in which each is usually started. */
const FRAMEWORKS = {
  koa: { fixture: 'koa', start: { script: 'server.js' }, version: 'version.js' },
  hono: { fixture: 'hono', start: { script: 'server.js' }, version: 'version.js' },
  'socket.io': { fixture: 'socket-io', start: { script: 'server.js' }, version: 'version.js' },
  NestJS: {
    fixture: 'nest',
    heavy: 'nest',
    start: { script: 'npm', args: 'run start:prod' },
    version: 'dist/version.js',
  },
  'Next.js': {
    fixture: 'next',
    heavy: 'next',
    start: { script: 'next', args: 'start' },
    version: 'pages/api/answer.js',
  },
  'Next.js in a server of its own': {
    fixture: 'next',
    heavy: 'next',
    start: { script: 'server.js', env: { NODE_ENV: 'production' } },
    version: 'pages/api/answer.js',
  },
} as const satisfies Readonly<Record<string, FrameworkApp>>;
export type Framework = keyof typeof FRAMEWORKS;
export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as readonly Framework[];

export interface FrameworkApps {
  readonly mode: 'fork' | 'cluster';
  readonly instances: number;
  /** Milliseconds that slow answers take. */
  readonly slow: number;
}

export interface ServedFramework {
  /** As the app is named. */
  readonly framework: Framework;
  readonly port: number;
  /** The file that holds `version = 1`, within the project. */
  readonly version: string;
}

/** An app of each, in a folder of its own. */
export async function startFrameworks(
  eco: EcoRig,
  frameworks: readonly Framework[],
  { mode, instances, slow }: FrameworkApps,
): Promise<readonly ServedFramework[]> {
  const served: ServedFramework[] = [];
  const apps: object[] = [];
  for (const framework of frameworks) {
    const { fixture, heavy, start, version }: FrameworkApp = FRAMEWORKS[framework];
    const [port, cwd] = [await eco.port(), framework.replaceAll(' ', '-')];
    if (heavy === undefined) await eco.copyFixture(`apps/${fixture}`, cwd);
    else await copyHeavyApp(eco, heavy, cwd);
    const env = { ...(start['env'] as object | undefined), PORT: port, SLOW: slow };
    apps.push({ name: framework, cwd, ...start, exec_mode: mode, instances, kill_timeout: '10s', env });
    served.push({ framework, port, version: `${cwd}/${version}` });
  }
  await eco.write({ 'ecosystem.json': { project: 'frameworks', apps } });
  await eco.apply();
  return served;
}

/** Its packages are too many to be copied. */
export async function copyHeavyApp(eco: EcoRig, name: HeavyApp, into: string): Promise<void> {
  const source = inject('heavyApps')[name];
  const packages = join(source, 'node_modules');
  await cp(source, eco.path(into), { recursive: true, filter: (path) => path !== packages });
  await symlink(packages, eco.path(into, 'node_modules'));
}
