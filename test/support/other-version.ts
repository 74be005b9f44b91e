import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface OtherVersion {
  /** As `npm install` would leave it. */
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/** The package once more, built as another version and installed elsewhere. */
export async function packageAs(version: string, packageFolder: string): Promise<OtherVersion> {
  const folder = await mkdtemp(join(tmpdir(), 'eco-version-'));
  await promisify(execFile)(process.execPath, ['.build/build.mjs', 'as', version, join(folder, 'dist')], {
    cwd: repository,
  });
  await cp(join(packageFolder, 'schemas'), join(folder, 'schemas'), { recursive: true });
  const description = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as object;
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...description, version }));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
