import { expect, test } from 'vitest';
import type { DesiredState } from '../../src/domain/desired-state.ts';
import { err, ok } from '../../src/domain/result.ts';
import type { Host } from '../../src/domain/host.ts';
import { fakeEco, type World } from './cli-fake-context.ts';

const web: Host = { user: null, name: 'web1', port: null, folder: null, command: null };

const desired: DesiredState = {
  project: 'shop',
  origin: { type: 'folder', path: '/home/me/shop' },
  file: '/home/me/shop/ecosystem.yaml',
  apps: [],
  manifests: {},
};
const LOADED = ok({ desired, warnings: [], locateApp: () => null });

async function run(args: readonly string[], world: World = {}) {
  const eco = fakeEco({ observed: { projects: [] }, ...world });
  const exitCode = await eco.run(...args);
  return { exitCode, err: eco.seen.err, out: eco.seen.out };
}

test.each(['watch', 'dev', 'run', 'init', 'schema', 'explain', 'completion bash'])(
  'eco %s refuses a host',
  async (line) => {
    const { exitCode, err: text } = await run([...line.split(' '), '--host', 'ssh://web1']);
    expect(exitCode).toBe(1);
    expect(text).toContain(line.startsWith('completion') ? "unknown option '--host'" : '--host has no place here');
  },
);

test.each(['watch', 'run', 'init'])('eco %s is not run here where ECO_HOST says elsewhere', async (command) => {
  const { exitCode, err: text } = await run([command], { environment: { ECO_HOST: 'ssh://web1' } });
  expect(exitCode).toBe(1);
  expect(text).toContain('ECO_HOST names a host: to run it here, unset it');
});

test('what says the same everywhere says it whatever ECO_HOST is; an empty ECO_HOST names none', async () => {
  const explained = await run(['explain', '8'], { environment: { ECO_HOST: 'ssh://web1' } });
  expect(explained).toMatchObject({ exitCode: 0, err: '' });
  expect(await run(['list'], { environment: { ECO_HOST: '' } })).toMatchObject({ exitCode: 0 });
});

test.each([
  ['ssh://a:b@web1', 'ssh takes no password from an address; use a key'],
  ['http://web1', 'it does not begin with ssh://'],
  ['ssh://-oProxyCommand=x', 'no machine has such a name'],
])('%s is refused as a host', async (host, problem) => {
  const { exitCode, err: text } = await run(['list', '--host', host]);
  expect(exitCode).toBe(1);
  expect(text).toContain(problem);
});

test('how to go there says nothing without where', async () => {
  const { exitCode, err: text } = await run(['list', '--remote-eco', '/opt/eco']);
  expect(exitCode).toBe(1);
  expect(text).toContain('need --host ssh://user@host');
});

test.each([
  [['apply', '--sync'], 'name it, --host ssh://user@host/folder'],
  [['apply', '--sync', '--dry-run'], '--dry-run changes nothing: leave one of them out'],
])('eco %s copies nothing, and says why', async (args, problem) => {
  const { exitCode, err: text } = await run(args, { loaded: LOADED });
  expect(exitCode).toBe(1);
  expect(text).toContain(problem);
});

test('a file that is for other machines changes nothing here, and says for which it is', async () => {
  const elsewhere = (asked: string | null) =>
    err({
      reason: 'runs-elsewhere' as const,
      file: '/home/me/shop/ecosystem.yaml',
      project: 'shop',
      groups: [{ name: 'web', hosts: [web, { ...web, name: 'web2' }] }],
      apps: 1,
      asked,
      warnings: [],
    });
  const unknown = await run(['apply', '--host', 'db'], { loaded: elsewhere('db') });
  expect(unknown.exitCode).toBe(1);
  expect(unknown.err).toMatchInlineSnapshot(`
    "db is none of the hosts of ecosystem.yaml; nothing was changed
      web: ssh://web1, ssh://web2
      Say which: --host ssh://web1, or the name of a group, or all
    "
  `);
  const saved = await run(['plan', '--out', 'plan.json'], { loaded: elsewhere(null) });
  expect(saved.exitCode).toBe(1);
  expect(saved.err).toMatchInlineSnapshot(`
    "ecosystem.yaml is for ssh://web1, ssh://web2; nothing was changed
      web: ssh://web1, ssh://web2
      Say which: --host ssh://web1, or the name of a group, or all
    "
  `);
  const followed = await run(['logs', '--host', 'web'], { loaded: elsewhere(null) });
  expect(followed.exitCode).toBe(1);
  expect(followed.err).toMatchInlineSnapshot(`
    "eco logs is about one machine at a time, and web is ssh://web1, ssh://web2. Say which: --host ssh://web1.
    "
  `);
  expect((await run(['validate'], { loaded: elsewhere(null) })).out).toMatchInlineSnapshot(`
    "ecosystem.yaml is valid by itself: 1 app of project shop. What is on its 2 hosts is checked too by: eco validate --host all
    "
  `);
});
