import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { relocated } from '../../src/cli/flow/relocate.ts';
import { loadEcosystem, type LoadedEcosystem } from '../../src/config/load-ecosystem.ts';
import { fakeEco } from './cli-fake-context.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'eco-relocate-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const FILE = `
project: shop
apps:
  - name: api
    cwd: ./api
    script: ./server.js
    args: --config={{cwd}}/a.json --near /srv/other
    env: { HERE: "{{cwd}}", NEAR: "ROOT-2/x", FAR: /mntROOT }
    out_file: ../logs/api.log
    node_args: "--import ./hook.mjs"
`;

/** A clone with all that it takes. */
function checkout(name: string, remote: string): string {
  const folder = join(root, name);
  mkdirSync(join(folder, 'apps/api'), { recursive: true });
  writeFileSync(join(folder, 'apps/api/server.js'), '1');
  writeFileSync(join(folder, 'apps/ecosystem.yaml'), FILE.replaceAll('ROOT', join(root, 'work')));
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  git('init');
  git('remote', 'add', 'origin', remote);
  return folder;
}

async function load(folder: string): Promise<LoadedEcosystem> {
  const environment = { PATH: process.env['PATH'] };
  const loaded = await loadEcosystem({
    cwd: join(folder, 'apps'),
    environment,
    home: join(root, 'home'),
    codeRevision: 'compute',
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

test('a checkout asks for the same as one in that other folder, and is of its origin', async () => {
  const [here, there] = [
    checkout('work', 'https://git.example/shop'),
    checkout('srv/shop', 'git@git.example:shop.git'),
  ];
  const wanted = (await load(there)).desired;
  expect((await relocated(await load(here), there)).desired).toEqual(wanted);
  symlinkSync(here, join(root, 'link'));
  expect((await relocated(await load(join(root, 'link')), there)).desired).toEqual(wanted);
  expect(wanted.apps[0]?.env).toMatchObject({ NEAR: `${here}-2/x`, FAR: `/mnt${here}` });
});

test('where nothing was deployed yet the origin is that of the checkout', async () => {
  const here = checkout('work', 'https://git.example/shop');
  const { desired } = await relocated(await load(here), '/srv/no$1such');
  expect(desired.file).toBe('/srv/no$1such/apps/ecosystem.yaml');
  expect(desired.apps[0]?.cwd).toBe('/srv/no$1such/apps/api');
  expect(desired.origin).toEqual({ type: 'git', remote: 'https://git.example/shop' });
});

test('is about this machine: with a host it is refused before anybody is asked', async () => {
  const { run, seen } = fakeEco({});
  expect(await run('plan', '--at', '/srv/shop', '--host', 'ssh://box')).toBe(1);
  expect(seen.err).toContain('--remote-cwd');
  expect(seen.loadedWith).toEqual([]);
});
