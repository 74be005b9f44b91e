import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';

/**
 * Makes sure that a folder is there which is costly to make: once, whoever asks first. It is made in a folder of its own
 * and then renamed, for another run of the tests may be doing the same.
 */
export async function ensureFolder(place: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (await exists(place)) return place;
  await mkdir(dirname(place), { recursive: true });
  const temporary = await mkdtemp(join(dirname(place), `.${basename(place)}-`));
  try {
    await make(temporary);
    await rename(temporary, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return place;
}

/** One package without what it depends on or runs when it is installed. */
export async function installPackage(folder: string, wanted: string): Promise<void> {
  await npm(folder, ['install', '--prefix', folder, '--no-save', wanted]);
}

/** npm without its questions, news and scripts. */
export async function npm(folder: string, args: readonly string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await execa('npm', [...args, ...quiet], { cwd: folder, stdin: 'ignore' });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
