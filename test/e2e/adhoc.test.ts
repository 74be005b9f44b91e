import { describe, expect, test } from '../support/eco-test.ts';
import { gone } from '../support/processes.ts';

const SERVER = `
const answer = JSON.stringify({ pid: process.pid, args: process.argv.slice(2), greeting: process.env.GREETING ?? null });
require('node:http').createServer((_request, response) => response.end(answer)).listen(process.env.PORT);
`;

describe.concurrent('a program that is in no file', () => {
  test('becomes an app with the environment of the caller; the same again changes nothing', async ({ eco }) => {
    const PORT = await eco.port();
    await eco.write({ 'server.js': SERVER });
    const env = { PORT: `${PORT}`, GREETING: 'hello' };
    const start = ['start', 'server.js', '-i', '2', '--name', 'front', '--', '--queue', 'mail'];
    await eco.ok(start, { env });
    expect(await eco.app('front')).toMatchObject({ project: 'adhoc', status: 'ready', ready: 2 });
    expect((await eco.get(PORT)).body).toMatchObject({ args: ['--queue', 'mail'], greeting: 'hello' });
    const pids = await eco.pids('front');
    expect((await eco.ok(start, { env })).stdout).toContain('No changes');
    expect(await eco.pids('front')).toEqual(pids);

    await eco.ok(['start', 'server.js', '-i', '1', '--name', 'front', '--', '--queue', 'post'], { env });
    expect((await eco.get(PORT)).body).toMatchObject({ args: ['--queue', 'post'] });
    await eco.ok(['delete', 'front']);
    await gone(pids, { within: 0 });
  });

  test('leaves alone what a file keeps', async ({ eco }) => {
    const web = { name: 'web', script: './server.js', env: { PORT: await eco.port() } };
    await eco.write({ 'server.js': SERVER, 'ecosystem.json': { project: 'shop', apps: [web] } });
    await eco.apply();
    const pids = await eco.pids('web');
    await eco.ok(['start', 'server.js'], { env: { PORT: `${await eco.port()}` } });
    expect((await eco.list()).map(({ name, project }) => [project, name])).toEqual([
      ['adhoc', 'server'],
      ['shop', 'web'],
    ]);
    expect((await eco.apply()).stdout).toContain('No changes');
    expect(await eco.pids('web')).toEqual(pids);
  });

  test('that ends at once is told with its output, and with an exit code', async ({ eco }) => {
    await eco.write({ 'broken.js': "throw new Error('no such database')" });
    const { exitCode, all } = await eco.run(['start', 'broken.js']);
    expect(exitCode).toBe(9);
    expect(all).toContain('no such database');
  });

  test('whose option is wrong is told where', async ({ eco }) => {
    await eco.write({ 'server.js': SERVER });
    const { exitCode, all } = await eco.run(['start', 'server.js', '-i', 'many']);
    expect(exitCode).toBe(3);
    expect(all).toContain('"instances"');
    expect(await eco.list()).toEqual([]);
  });
});

test('the list is drawn again in a terminal, and ends with Ctrl-C', async ({ eco }) => {
  await eco.write({ 'server.js': SERVER });
  await eco.ok(['start', 'server.js'], { env: { PORT: `${await eco.port()}` } });
  const watching = eco.start(['list', '--watch', '100ms']);
  let text = '';
  watching.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await expect.poll(() => text.split('server').length, { timeout: 15_000 }).toBeGreaterThan(3);
  watching.kill('SIGINT');
  await expect.poll(() => watching.exitCode, { timeout: 5000 }).toBe(0);
});
