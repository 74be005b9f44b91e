import { readFileSync } from 'node:fs';
import { expect, test } from '../support/eco-test.ts';

test('limits hold, or it is said why they do not, and the app runs all the same', async ({ eco }) => {
  const port = await eco.port();
  await eco.write({
    'server.js': "require('node:http').createServer((_, response) => response.end('{}')).listen(process.env.PORT);",
    'ecosystem.json': {
      project: 'shop',
      apps: [
        { name: 'api', script: 'server.js', env: { PORT: port }, limits: { memory: '512M', cpu: 1.5, pids: 100 } },
      ],
    },
  });
  const { stdout } = await eco.apply();
  await eco.get(port);
  const [worker] = (await eco.app('api')).workers;
  const described = (await eco.ok(['describe', 'api'])).stdout;
  const cgroup = readFileSync(`/proc/${worker?.pid}/cgroup`, 'utf8');
  if (worker?.unlimited === null) {
    expect(cgroup).toContain('/eco-worker-');
  } else {
    const said = `runs without all of its limits: ${worker?.unlimited}`;
    expect(stdout).toContain(said);
    expect(described).toContain(said);
  }
  expect((await eco.apply()).stdout).toContain('No changes');
});
