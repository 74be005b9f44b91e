import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const tarball = inject('ecoTarball');
const typescript = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

/** A project without a dependency, on a machine whose npm has neither a cache nor a registry. */
async function freshProject(eco: EcoRig): Promise<number> {
  await rm(join(eco.root, 'node_modules'));
  const PORT = await eco.port();
  const apps = [{ name: 'web', script: './server.js', instances: 2, env: { PORT } }];
  await eco.write({
    'package.json': { name: 'shop', version: '1.0.0', private: true },
    'server.js': `require('node:http').createServer((_, answer) => answer.end('{"shop":true}')).listen(process.env.PORT);`,
    'ecosystem.json': { project: 'shop', apps },
  });
  return PORT;
}

async function npm(eco: EcoRig, line: string): Promise<string> {
  const settings = 'npm_config_offline=true npm_config_registry=http://127.0.0.1:9 npm_config_update_notifier=false';
  const { exitCode, stdout, stderr } = await eco.shell(`export ${settings}; ${line}`);
  expect(exitCode, `${line}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

/** Up, up to date, and down again. */
async function deploy(eco: EcoRig, { command, port }: { readonly command: string; readonly port: number }) {
  expect(await npm(eco, `${command} apply`)).toContain('web: started, 2/2 ready');
  expect((await eco.get(port)).body).toEqual({ shop: true });
  const listed = JSON.parse(await npm(eco, `${command} list --json`)) as { readonly apps: readonly object[] };
  expect(listed.apps).toMatchObject([{ name: 'web', status: 'ready', ready: 2 }]);
  expect(await npm(eco, `${command} apply`)).toContain('No changes: 1 app matches ecosystem');
  await npm(eco, `${command} down --yes`);
  expect(await eco.refuses(port)).toBe(true);
}

describe.concurrent('with nothing but Node and npm, and no network', () => {
  test('npx deploys, and leaves nothing in the project', async ({ eco }) => {
    const port = await freshProject(eco);
    await deploy(eco, { command: `npx --yes file:${tarball}`, port });
    expect(await npm(eco, `npx --yes --package=${tarball} eco list`)).toContain('No apps');
    expect((await readdir(eco.folder)).sort()).toEqual(['ecosystem.json', 'package.json', 'server.js']);
  });

  test('the package, installed globally, deploys', async ({ eco }) => {
    const port = await freshProject(eco);
    const prefix = join(eco.root, 'global');
    await npm(eco, `npm install --global --prefix ${prefix} ${tarball}`);
    expect(await readdir(join(prefix, 'lib', 'node_modules'))).toEqual(['eco-runner']);
    await deploy(eco, { command: join(prefix, 'bin', 'eco'), port });
  });

  test('the package, installed in the project, deploys, and gives its file completion and checks', async ({ eco }) => {
    const port = await freshProject(eco);
    await npm(eco, `npm install --save-dev ${tarball}`);
    const packages = (await readdir(eco.path('node_modules'))).filter((name) => !name.startsWith('.'));
    expect(packages).toEqual(['eco-runner']);
    const file = (instances: string) => `
      import { defineEcosystem } from 'eco-runner';
      export default defineEcosystem({
        project: 'shop',
        apps: [{ name: 'web', script: './server.js', instances: ${instances}, env: { PORT: ${port} } }],
      });
    `;
    await rm(eco.path('ecosystem.json'));
    await eco.write({ 'ecosystem.config.mts': file('true'), 'ecosystem.config.mjs': file('2') });
    const check = `${typescript} --noEmit --strict --module nodenext --target es2022 --types '' ecosystem.config.mts`;
    expect((await eco.shell(check)).stdout).toMatch(/ecosystem\.config\.mts\(5,\d+\): error/);
    await eco.write({ 'ecosystem.config.mts': file('2') });
    await npm(eco, check);
    await rm(eco.path('ecosystem.config.mts'));
    await deploy(eco, { command: 'npx eco', port });
  });
});
