import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** Tries each path as a file, a folder and a socket, and prints those that let it in. */
const INTRUDER = `
const { openSync, readdirSync } = require('node:fs');
const { connect } = require('node:net');
const attempt = (action) => { try { action(); return true; } catch { return false; } };
for (const path of process.argv.slice(1)) {
  for (const flag of ['r', 'r+', 'a']) if (attempt(() => openSync(path, flag))) console.log('open ' + flag + ' ' + path);
  if (attempt(() => readdirSync(path))) console.log('read ' + path);
  connect(path).on('connect', function () { console.log('connect ' + path); this.destroy(); }).on('error', () => {});
}`;

test('another user can read nothing of the home and cannot talk to its sockets', async ({ eco }) => {
  await start(eco);
  const names = (await readdir(eco.home, { recursive: true })).sort();
  expect(names).toEqual(expect.arrayContaining(['daemon.sock', 'daemon.log', 'events.jsonl', 'home.json']));
  expect(names).toEqual(expect.arrayContaining(['apps/shop/web.json', 'logs/shop/web.out.log', 'run/workers.sock']));
  const paths = [eco.home, ...names.map((name) => join(eco.home, name))];
  expect(await openTo(paths)).toEqual([]);

  // Not because of the folders alone: each file and socket would be refused by itself.
  await chmod(eco.root, 0o755);
  for (const path of paths) if ((await stat(path)).isDirectory()) await chmod(path, 0o711);
  expect(await openTo(paths)).toEqual([]);
});

test('a home that others may write into is refused before a word is said to whoever answers there', async ({ eco }) => {
  await mkdir(eco.home);
  await chmod(eco.home, 0o777);
  let asked = 0;
  const impostor = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    impostor.listen(join(eco.home, 'daemon.sock'), resolve);
  });
  await write(eco);
  for (const args of [['list'], ['apply'], ['daemon', 'status'], ['daemon', 'start']]) {
    const { exitCode, stderr } = await eco.run(args);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 11,
      stderr: expect.stringContaining(`${eco.home} cannot be used: others may write into it`) as string,
    });
  }
  expect(asked).toBe(0);
  await new Promise((resolve) => impostor.close(resolve));
  await chmod(eco.home, 0o700);
});

test.runIf(isRoot)('a home that belongs to another user is refused', async ({ eco }) => {
  await mkdir(eco.home, { mode: 0o700 });
  await chown(eco.home, NOBODY, NOBODY);
  const { exitCode, stderr } = await eco.run(['list']);
  expect([exitCode, stderr]).toEqual([11, expect.stringContaining(`it belongs to another user (uid ${NOBODY})`)]);
  await chown(eco.home, 0, 0);
});

/** What of the paths lets another user in. Only root can become one; others look at the permissions. */
async function openTo(paths: readonly string[]): Promise<readonly string[]> {
  if (isRoot) {
    const options = { uid: NOBODY, gid: NOBODY, cwd: '/', env: {} };
    const program = ['-e', INTRUDER, '/etc/passwd', ...paths];
    const { stdout } = await promisify(execFile)(process.execPath, program, options);
    const [known, ...found] = stdout.trim().split('\n');
    expect(known).toBe('open r /etc/passwd');
    return found;
  }
  const modes = await Promise.all(paths.map(async (path) => ({ path, stats: await stat(path) })));
  return modes.filter(({ stats }) => !stats.isDirectory() && (stats.mode & 0o077) !== 0).map(({ path }) => path);
}

async function start(eco: EcoRig): Promise<void> {
  await write(eco);
  await eco.apply();
}

async function write(eco: EcoRig): Promise<void> {
  await eco.copyFixture('workers/never-listens.js', 'web.js');
  await eco.write({ 'ecosystem.json': { project: 'shop', apps: [{ name: 'web', script: './web.js' }] } });
}
