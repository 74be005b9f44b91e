import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';
import { ensureFolder, installPackage, npm } from './on-demand.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(repository, 'fixtures', 'apps');
/** Ignored by git; what is in it is named by what it was made of. */
const folder = join(repository, '.installed');

/** Those of `fixtures/apps` that have a lock file of their own, and how they are built. */
const BUILDS = {
  nest: (place) => run(place, join(repository, 'node_modules', '.bin', 'tsc'), []),
  next: async (place) => {
    await run(place, join('node_modules', '.bin', 'next'), ['build']);
    await rm(join(place, '.next', 'cache'), { recursive: true, force: true });
  },
  wrappers: async () => {},
} as const satisfies Readonly<Record<string, (place: string) => Promise<void>>>;
export type HeavyApp = keyof typeof BUILDS;

/** Other runtimes: npm packages that hold nothing but the program. */
const RUNTIMES = {
  bun: {
    version: '1.4.5',
    package: `@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`,
    file: 'bin/bun',
  },
  deno: { version: '2.9.6', package: `@deno/linux-${process.arch}-glibc`, file: 'deno' },
} as const;
export type Runtime = keyof typeof RUNTIMES;

declare module 'vitest' {
  interface ProvidedContext {
    /** The folders in which the heavy apps are, installed and built. */
    readonly heavyApps: Readonly<Record<HeavyApp, string>>;
    /** Absolute paths of programs. */
    readonly runtimes: Readonly<Record<Runtime, string>>;
  }
}

/** Installs and builds them where that has not been done yet, so that `npm ci` of eco itself stays small. */
export default async function provideHeavyApps(project: TestProject): Promise<void> {
  const [nest, next, wrappers, bun, deno] = await Promise.all([
    ensureApp('nest'),
    ensureApp('next'),
    ensureApp('wrappers'),
    ensureRuntime('bun'),
    ensureRuntime('deno'),
  ]);
  project.provide('heavyApps', { nest, next, wrappers });
  project.provide('runtimes', { bun, deno });
}

async function ensureApp(name: HeavyApp): Promise<string> {
  const source = join(fixtures, name);
  return ensureFolder(join(folder, `${name}-${await digestOf(source)}`), async (temporary) => {
    await cp(source, temporary, { recursive: true });
    await npm(temporary, ['ci']);
    await BUILDS[name](temporary);
  });
}

async function ensureRuntime(name: Runtime): Promise<string> {
  const { version, package: packageName, file } = RUNTIMES[name];
  const place = await ensureFolder(join(folder, `${name}-${version}`), (temporary) => {
    return installPackage(temporary, `${packageName}@${version}`);
  });
  return join(place, 'node_modules', packageName, file);
}

async function digestOf(source: string): Promise<string> {
  const names = await readdir(source, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.sort())
    hash
      .update(file.slice(source.length))
      .update('\0')
      .update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function run(cwd: string, program: string, args: readonly string[]): Promise<void> {
  await execa(program, args, { cwd, stdin: 'ignore', env: { NEXT_TELEMETRY_DISABLED: '1' } });
}
