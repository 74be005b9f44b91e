import { appendFile } from 'node:fs/promises';
import type { EcoRig } from '../support/eco-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';

const SERVER = `
const http = require('node:http');
const { version } = require('./version.json');
http.createServer((_request, response) => response.end(JSON.stringify({ version, pid: process.pid })))
  .listen(process.env.PORT, () => console.log('listening'));
`;

async function write(eco: EcoRig, options: object): Promise<number> {
  const port = await eco.port();
  await eco.write({
    'server.js': SERVER,
    'version.json': '{ "version": 1 }',
    'ecosystem.json': {
      apps: [{ name: 'web', script: './server.js', revision: 'none', env: { PORT: port }, ...options }],
    },
  });
  await eco.apply();
  return port;
}

async function triggers(eco: EcoRig): Promise<readonly string[]> {
  const { stdout } = await eco.ok(['events', '--json']);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; trigger?: { type: string; detail: string } });
  return events.flatMap(({ type, trigger }) =>
    type === 'app-triggered' ? [`${trigger?.type}: ${trigger?.detail}`] : [],
  );
}

/** Asks again and again; answers how many answers there were, and throws if one failed. */
function keepAsking(eco: EcoRig, port: number) {
  const over = new AbortController();
  let answers = 0;
  const run = (async () => {
    while (!over.signal.aborted) {
      await eco.get(port);
      answers += 1;
    }
    return answers;
  })();
  return async () => {
    over.abort();
    return run;
  };
}

describe.concurrent('cron_restart', () => {
  test('replaces the workers at its times, without a failed request, until it is taken away', async ({ eco }) => {
    const port = await write(eco, { cron_restart: '*/3 * * * * *', rollout: { min_ready: 0 } });
    const first = (await eco.get(port)).body['pid'];
    const stop = keepAsking(eco, port);
    await eco.eventually(async () => (await eco.get(port)).body['pid'] !== first);
    expect(await stop()).toBeGreaterThan(0);
    expect((await triggers(eco))[0]).toBe('cron_restart: */3 * * * * *');
    // Also of a daemon that did not hear of it.
    await eco.ok(['daemon', 'stop']);
    const before = (await eco.get(port)).body['pid'];
    await eco.ok(['daemon', 'start']);
    await eco.eventually(async () => (await eco.get(port)).body['pid'] !== before);

    await eco.edit('ecosystem.json', '"*/3 * * * * *"', '0');
    expect((await eco.ok(['apply'])).stdout).toContain('cron_restart');
    const count = (await triggers(eco)).length;
    await eco.ok(['stop', 'web']);
    expect((await triggers(eco)).length).toBe(count);
  });

  test('that names no times is told', async ({ eco }) => {
    await eco.write({
      'server.js': SERVER,
      'ecosystem.json': { apps: [{ script: './server.js', cron_restart: '61 * * * *' }] },
    });
    expect(await eco.run(['plan'])).toMatchObject({
      exitCode: 3,
      all: expect.stringContaining('error[ECO1312]: "61 * * * *" names no times') as string,
    });
  });
});

describe.concurrent('watch', () => {
  test('replaces the workers when their code changes, and never because of what they write', async ({ eco }) => {
    const port = await write(eco, {
      watch: true,
      ignore_watch: ['uploads', '**/*.md'],
      watch_delay: 200,
      out_file: './written.txt',
      rollout: { min_ready: 0 },
    });
    await eco.git(['init', '-q']);
    await eco.write({ '.gitignore': 'generated\n' });
    const first = (await eco.get(port)).body['pid'];
    const stop = keepAsking(eco, port);
    // The watcher is at work some time after the apply.
    let version = 1;
    await eco.eventually(async () => {
      await eco.write({ 'version.json': JSON.stringify({ version: (version += 1) }) });
      return (await triggers(eco)).length > 0;
    });
    await eco.eventually(async () => (await eco.get(port)).body['version'] === version);
    expect((await eco.get(port)).body['pid']).not.toBe(first);
    expect(await stop()).toBeGreaterThan(0);
    await eco.eventually(async () => (await eco.app('web')).workers.length === 1);

    const count = (await triggers(eco)).length;
    await eco.write({
      'generated/a.js': '1',
      'uploads/b.png': '1',
      'docs/c.md': '1',
      'node_modules/d/e.js': '1',
      '.cache/f': '1',
      'g.log': '1',
    });
    await appendFile(eco.path('written.txt'), 'more\n');
    // What is meant comes after it, and is the only thing that is told.
    await eco.write({ 'lib/last.js': '1' });
    await eco.eventually(async () => (await triggers(eco)).length > count);
    expect((await triggers(eco)).slice(count)).toEqual(['watch: lib/last.js']);
  });

  test('of paths watches those and no others; a version that does not start is not taken', async ({ eco }) => {
    const port = await write(eco, { watch: ['version.json'], listen_timeout: '20s', rollout: { min_ready: 0 } });
    const pid = (await eco.get(port)).body['pid'];
    await eco.eventually(async () => {
      await eco.write({ 'other.js': String(Math.random()), 'version.json': 'broken' });
      return (await triggers(eco)).length > 0;
    });
    expect((await triggers(eco))[0]).toBe('watch: version.json');
    await eco.eventually(async () => (await eco.ok(['events'])).stdout.includes('reload failed'));
    expect((await eco.get(port)).body['pid']).toBe(pid);
    await eco.write({ 'version.json': '{ "version": 7 }' });
    await eco.eventually(async () => (await eco.get(port)).body['version'] === 7);
  });

  test('looks itself where watch_options asks for that', async ({ eco }) => {
    const watch_options = { usePolling: true, interval: 100 };
    const port = await write(eco, { watch: ['version.json'], watch_options, rollout: { min_ready: 0 } });
    let version = 1;
    await eco.eventually(async () => {
      await eco.write({ 'version.json': JSON.stringify({ version: (version += 1) }) });
      return (await triggers(eco)).length > 0;
    });
    expect((await triggers(eco))[0]).toBe('watch: version.json');
    await eco.eventually(async () => (await eco.get(port)).body['version'] === version);
  });
});
