import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EcoRig } from './eco-rig.ts';
import { startLoad, type Load, type LoadOptions } from './load.ts';

/** The servers of `fixtures/apps/loaded`, by file. */
export const SERVERS = {
  http: 'http',
  express: 'http',
  fastify: 'http',
  https: 'https',
  http2: 'h2',
  h2c: 'h2c',
} as const satisfies Readonly<Record<string, LoadOptions['protocol']>>;
export type ServerName = keyof typeof SERVERS;

export interface LoadedApps {
  /** One app for each, of that name. */
  readonly servers: readonly ServerName[];
  readonly mode: 'fork' | 'cluster';
  readonly instances: number;
  /** The program that runs the workers; the daemon's Node unless told. */
  readonly interpreter?: string;
  /** Milliseconds that slow answers take. */
  readonly slow: number;
  /** Keys of the file that are the same in each app. */
  readonly fields?: object;
}

export interface Served {
  readonly server: ServerName;
  readonly port: number;
}

/** Apps that share a folder: where its code changes, each is deployed. */
export async function startLoadedApps(eco: EcoRig, apps: LoadedApps): Promise<readonly Served[]> {
  const served: Served[] = [];
  for (const server of apps.servers) served.push({ server, port: await eco.port() });
  await eco.copyFixture('apps/loaded', 'web');
  await eco.write({
    'ecosystem.json': {
      project: 'drained',
      apps: served.map(({ server, port }) => ({
        name: server,
        cwd: 'web',
        script: `${server}.js`,
        exec_mode: apps.mode,
        instances: apps.instances,
        kill_timeout: '10s',
        ...(apps.interpreter === undefined ? {} : { interpreter: apps.interpreter }),
        env: { PORT: port, SLOW: apps.slow },
        ...apps.fields,
      })),
    },
  });
  await eco.apply();
  return served;
}

export async function loadOn({ server, port }: Served, load: Omit<LoadOptions, 'protocol' | 'port'>): Promise<Load> {
  return startLoad({ ...load, port, protocol: SERVERS[server] });
}

/** Reloads in turn with deploys of changed code: of the files that hold `version = 1`. */
export async function rollOut(eco: EcoRig, rounds: number, files = ['web/version.js']): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await eco.ok(['reload', 'all'], { timeout: 300_000 });
    for (const file of files) await eco.edit(file, `version = ${round + 1}`, `version = ${round + 2}`);
    await eco.ok(['apply'], { timeout: 300_000 });
  }
}

/** A copy of the package whose preload does not hear `drain`. Ends with the folder that `remove` removes. */
export async function packageThatDoesNotDrain(
  packageFolder: string,
): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'eco-undrained-'));
  const copied = ['dist', 'schemas', 'package.json'];
  for (const name of copied) await cp(join(packageFolder, name), join(folder, name), { recursive: true });
  const preload = join(folder, 'dist', 'preload.cjs');
  const code = await readFile(preload, 'utf8');
  const deaf = code.replace('message.type !== "drain"', 'message.type !== "never"');
  if (deaf === code) throw new Error('the preload no longer looks as this test expects');
  await writeFile(preload, deaf);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
