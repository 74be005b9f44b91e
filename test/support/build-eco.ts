import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the product unless what is built is newer than every source. */
export default async function buildEco(): Promise<void> {
  const built = await modifiedAt(join(repository, 'dist', 'preload.cjs'));
  const sources = await readdir(join(repository, 'src'), { recursive: true, withFileTypes: true });
  const files = sources.filter((entry) => entry.isFile() && !entry.parentPath.endsWith('generated'));
  const changed = await Promise.all(files.map(({ parentPath, name }) => modifiedAt(join(parentPath, name))));
  if (Math.max(...changed) < built) return;
  await execa('npm', ['run', 'build'], { cwd: repository, stdin: 'ignore' });
}

/** Milliseconds since 1970; 0 if there is no such file. */
async function modifiedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
