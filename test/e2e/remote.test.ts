import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test as base } from '../support/eco-test.ts';
import type { EcoRig, RunOptions } from '../support/eco-rig.ts';
import { FarHost, sshSettings } from '../support/far-host.ts';

const test = base.extend<{ readonly far: FarHost }>({
  far: async ({ eco, onTestFailed }, use) => {
    const far = await FarHost.start(eco);
    onTestFailed(() => console.error(far.rig.logs));
    await use(far);
    await far.dispose();
  },
});

const SERVER = `require('http').createServer((q, s) => s.end(JSON.stringify({ version: 1, greeting: process.env.GREETING }))).listen(Number(process.env.PORT), '127.0.0.1');`;

/** eco here, about the other machine. */
function there(eco: EcoRig, far: FarHost) {
  const options = (more: RunOptions = {}): RunOptions => ({
    ...more,
    env: { ...sshSettings(eco), ECO_HOST: far.url, ...more.env },
  });
  return {
    run: (args: readonly string[], more?: RunOptions) => eco.run(args, options(more)),
    ok: (args: readonly string[], more?: RunOptions) => eco.ok(args, options(more)),
  };
}

test('a file here makes apps run there; nothing of it runs or is kept here', async ({ eco, far }) => {
  const port = await far.rig.port();
  await far.rig.write({ 'server.js': SERVER });
  await eco.write({
    'ecosystem.json': {
      project: 'shop',
      apps: [{ name: 'api', script: './server.js', env: { PORT: port }, env_file: '.env' }],
    },
    '.env': 'GREETING=from here\n',
  });
  const remote = there(eco, far);
  const plan = await remote.ok(['plan']);
  expect(plan.stdout).toContain('+ api');
  const applied = await remote.ok(['apply']);
  console.log(applied.all);
  expect((await far.rig.get(port)).body).toEqual({ version: 1, greeting: 'from here' });
  expect((await remote.ok(['apply'])).stdout).toContain('No changes');
  expect((await far.rig.app('api')).workers).toHaveLength(1);
  expect(await eco.list()).toEqual([]);
  expect(JSON.parse((await remote.ok(['list', '--json'])).stdout)).toMatchObject({ apps: [{ name: 'api' }] });
});
