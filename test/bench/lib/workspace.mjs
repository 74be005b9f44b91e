import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanups, run } from './processes.mjs';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
const apps = fileURLToPath(new URL('../apps', import.meta.url));
const installed = join(repository, '.bench');

/** A short-lived folder, short in its path too: a unix socket's may have 107 bytes. It has the apps in it. */
export async function createFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'b-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await cp(apps, join(folder, 'apps'), { recursive: true });
  return folder;
}

/** The built product as it is now: another build meanwhile changes nothing. */
export async function copyOfProduct(folder) {
  if (!existsSync(join(repository, 'dist', 'eco.js'))) throw new Error('not built: npm run build');
  await cp(join(repository, 'dist'), join(folder, 'dist'), { recursive: true });
  await cp(join(repository, 'package.json'), join(folder, 'package.json'));
  await cp(join(repository, 'schemas'), join(folder, 'schemas'), { recursive: true });
  return join(folder, 'dist', 'eco.js');
}

/** Installs a package into the ignored folder, unless it is there. Answers the path of one of its files. */
export async function install(specifier, file) {
  const name = specifier.replace(/@[^@]+$/, '');
  const prefix = join(installed, name);
  const path = join(prefix, 'node_modules', name, file);
  if (!existsSync(path)) {
    console.log(`installs ${specifier} into .bench/`);
    await mkdir(prefix, { recursive: true });
    await run('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', specifier], { cwd: prefix });
  }
  return path;
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
