import { fileURLToPath } from 'node:url';
import { documentSchemas, jsonLines } from '../support/document-schemas.ts';
import { expect, test as base } from '../support/eco-test.ts';
import { FarHost, sshSettings } from '../support/far-host.ts';

interface Hosts {
  readonly web1: FarHost;
  readonly web2: FarHost;
}

const test = base.extend<{ readonly hosts: Hosts }>({
  hosts: async ({ eco, onTestFailed }, use) => {
    const web1 = await FarHost.start(eco);
    const web2 = await FarHost.start(eco);
    onTestFailed(() => console.error(web1.rig.logs, web2.rig.logs));
    await use({ web1, web2 });
    await web2.dispose();
    await web1.dispose();
  },
});

const check = documentSchemas(fileURLToPath(new URL('../../schemas', import.meta.url)));

const SERVER = `
if (process.env.BROKEN) throw new Error('the database is not there');
require('http').createServer((q, s) => s.end('{}')).listen(Number(process.env.PORT ?? 0), '127.0.0.1');`;

test('the hosts of a file, one after another: where the first fails, the others stay as they are', async ({
  eco,
  hosts,
}) => {
  const { web1, web2 } = hosts;
  const env = sshSettings(eco);
  for (const { rig } of [web1, web2]) await rig.write({ 'server.js': SERVER });
  await web2.rig.write({ 'jobs.js': SERVER });
  const broken = '      BROKEN: "1"\n';
  const file = (more: string): string =>
    [
      'project: shop',
      `hosts: { web: [${web1.url}, ${web2.url}], jobs: ${web2.url} }`,
      'apps:',
      '  - name: api',
      '    script: ./server.js',
      '    on: web',
      '    env:',
      `      STAGE: one\n${more}  - name: jobs`,
      '    script: ./jobs.js',
      '    on: jobs\n',
    ].join('\n');
  await eco.write({ 'ecosystem.yaml': file('') });

  // jobs.js is on one of them only, which is no mistake.
  expect((await eco.ok(['validate'], { env })).stdout).toContain('eco validate --host all');
  const plan = await eco.run(['plan', '--detailed-exitcode', '--json'], { env });
  expect(plan.exitCode).toBe(2);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    hosts: [
      { host: web1.url, exit_code: 2, document: { changes: [{ app: 'api' }] } },
      { host: web2.url, exit_code: 2, document: { changes: [{ app: 'api' }, { app: 'jobs' }] } },
    ],
  });
  const first = await eco.ok(['apply'], { env });
  expect(first.stdout).toContain(`${web1.url} · 1 of 2`);
  expect(first.stdout).toMatch(new RegExp(`${web1.url} +done +api revision 1 \\(1/1 ready\\)`));
  expect(first.stdout).toMatch(new RegExp(`${web2.url} +done +api revision 1 .*; jobs revision 1`));
  expect(await eco.list()).toEqual([]);
  const pids = [await web1.rig.pid('api'), await web2.rig.pid('api')];

  await eco.write({ 'ecosystem.yaml': file(broken) });
  const failed = await eco.run(['apply', '--json'], { env });
  expect(failed.exitCode).toBe(8);
  const lines = jsonLines(failed.stdout) as readonly { readonly type: string }[];
  for (const line of lines) check('apply', line);
  expect(lines.filter(({ type }) => type === 'host')).toEqual([{ type: 'host', host: web1.url }]);
  expect(lines.at(-1)).toMatchObject({
    type: 'hosts',
    hosts: [
      { host: web1.url, outcome: 'failed', exit_code: 8, apps: [{ name: 'api', ready: 1 }] },
      { host: web2.url, outcome: 'untouched', exit_code: null, apps: [{ name: 'api', revision: 1 }, { name: 'jobs' }] },
    ],
  });
  expect([await web1.rig.pid('api'), await web2.rig.pid('api')]).toEqual(pids);

  const list = await eco.run(['list', '--host', 'all', '--json'], { env });
  check('hosts', JSON.parse(list.stdout));
  expect(JSON.parse(list.stdout)).toMatchObject({
    hosts: [{ document: { apps: [{ name: 'api' }] } }, { document: { apps: [{ name: 'api' }, { name: 'jobs' }] } }],
  });
  const stranger = await eco.run(['apply', '--host', 'ssh://web9'], { env });
  expect(stranger.exitCode).toBe(1);
  expect(stranger.stderr).toContain('ssh://web9 is none of the hosts of ecosystem.yaml');
  expect((await eco.run(['logs', '--host', 'web'], { env })).stderr).toContain('one machine at a time');
  await eco.ok(['down', '--yes', '--host', 'jobs'], { env });
  expect([await web1.rig.list(), await web2.rig.list()].map((apps) => apps.length)).toEqual([1, 0]);
});
