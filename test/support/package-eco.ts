import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';

const repository = fileURLToPath(new URL('../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the unpacked package: what a user gets from the registry. */
    readonly ecoPackage: string;
    /** The same, packed: what npm takes to install it. */
    readonly ecoTarball: string;
  }
}

/**
 * Packs the built product once a run and unpacks it apart from the repository, so that what is tested is what would be
 * published. It depends on no other package: all that it needs is inside.
 */
export default async function packageEco(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'eco-package-'));
  await execa('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: repository,
    stdin: 'ignore',
  });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack left no package in ${folder}`);
  await execa('tar', ['-xzf', tarball], { cwd: folder });
  await requireBuild(join(folder, 'package'));
  project.provide('ecoPackage', join(folder, 'package'));
  project.provide('ecoTarball', join(folder, tarball));
  return () => rm(folder, { recursive: true, force: true });
}

async function requireBuild(folder: string): Promise<void> {
  const files = await readdir(join(folder, 'dist')).catch((): string[] => []);
  const missing = ['eco.js', 'ecod.js', 'preload.cjs'].filter((name) => !files.includes(name));
  if (missing.length > 0) throw new Error(`dist lacks ${missing.join(', ')}: run npm run build first`);
}
