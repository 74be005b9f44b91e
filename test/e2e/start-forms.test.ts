import { inject } from 'vitest';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { copyHeavyApp } from '../support/framework-apps.ts';
import { descendsFrom } from '../support/processes.ts';

const { bun, deno } = inject('runtimes');
const nodeLines = inject('nodeLines');

interface Form {
  /** In `fixtures/apps`. */
  readonly fixture: 'http' | 'typescript' | 'typescript-erasable' | 'wrappers' | 'npm-start' | 'fetch';
  readonly start: Readonly<Record<string, unknown>>;
  /** Node itself is the worker. Below a wrapper it is seen and drained, other programs are on their own. */
  readonly as: 'the worker' | 'below a wrapper' | 'unmanaged';
  readonly greeting?: string;
}

const FORMS: Readonly<Record<string, Form>> = {
  'TypeScript by tsx': { fixture: 'typescript', start: { script: 'tsx server.ts' }, as: 'the worker' },
  'tsx as the interpreter': {
    fixture: 'typescript',
    start: { script: 'server.ts', interpreter: 'tsx' },
    as: 'the worker',
  },
  'the tsx command itself': {
    fixture: 'typescript',
    start: { script: 'tsx', args: 'server.ts', unwrap: false },
    as: 'below a wrapper',
  },
  'a shell with one command': {
    fixture: 'http',
    start: { script: 'sh', args: ['-c', 'node server.js'] },
    as: 'the worker',
  },
  'a shell with more than that': {
    fixture: 'http',
    start: { script: 'sh', args: ['-c', 'echo preparing; node server.js; exit'] },
    as: 'below a wrapper',
  },
  'npm start': { fixture: 'npm-start', start: { script: 'npm', args: 'start' }, as: 'the worker' },
  'npm start, left as it is': {
    fixture: 'npm-start',
    start: { script: 'npm', args: 'start', unwrap: false },
    as: 'below a wrapper',
  },
  'npm run, compound': { fixture: 'wrappers', start: { script: 'npm run compound' }, as: 'below a wrapper' },
  'pnpm start': { fixture: 'wrappers', start: { script: 'pnpm start' }, as: 'the worker' },
  'pnpm start, left as it is': {
    fixture: 'wrappers',
    start: { script: 'pnpm', args: 'start', unwrap: false },
    as: 'below a wrapper',
  },
  'yarn start': { fixture: 'wrappers', start: { script: 'yarn', args: 'start' }, as: 'the worker' },
  'yarn start, left as it is': {
    fixture: 'wrappers',
    start: { script: 'yarn', args: 'start', unwrap: false },
    as: 'below a wrapper',
  },
  'cross-env': { fixture: 'wrappers', start: { script: 'npm run crossed' }, as: 'the worker', greeting: 'hello' },
  'cross-env, left as it is': {
    fixture: 'wrappers',
    start: { script: 'npm', args: 'run crossed', unwrap: false },
    as: 'below a wrapper',
    greeting: 'hello',
  },
  dotenv: { fixture: 'wrappers', start: { script: 'npm run dotenv' }, as: 'below a wrapper', greeting: 'hello' },
  Bun: { fixture: 'fetch', start: { script: 'bun.ts', interpreter: bun }, as: 'unmanaged' },
  Deno: {
    fixture: 'fetch',
    start: { script: 'deno.ts', interpreter: deno, interpreter_args: 'run --allow-net --allow-env' },
    as: 'unmanaged',
  },
  'Bun with node:http': { fixture: 'http', start: { script: 'server.js', interpreter: bun }, as: 'unmanaged' },
  'Deno with node:http': {
    fixture: 'http',
    start: { script: 'server.js', interpreter: deno, interpreter_args: ['run', '-A'] },
    as: 'unmanaged',
  },
};

/** Those that strip types by themselves. */
const NATIVE = Object.fromEntries(
  nodeLines
    .filter(({ line }) => Number(line) >= 22)
    .map(({ line, program }): [string, Form] => [
      `TypeScript by Node ${line} itself`,
      { fixture: 'typescript-erasable', start: { script: 'server.ts', interpreter: program }, as: 'the worker' },
    ]),
);

/** What the plan of a deploy says. */
const PLANS = {
  'the worker': 'reload 1 worker   rolling, surge 1, no downtime',
  'below a wrapper': 'replace 1 worker  with downtime: web cannot hand over its port',
  unmanaged: 'replace 1 worker  with downtime: web runs unmanaged and cannot hand over a port',
} as const;

describe.concurrent.each(Object.entries({ ...FORMS, ...NATIVE }))('%s', (_name, { fixture, start, as, greeting }) => {
  test(`runs ${as}`, async ({ eco }) => {
    const port = await eco.port();
    await write(eco, fixture);
    const app = { name: 'web', cwd: 'web', ...start, kill_timeout: '10s', env: { PORT: port } };
    await eco.write({ 'ecosystem.json': { project: 'forms', apps: [app] } });
    await eco.apply();
    const said = async () => {
      const { body } = await eco.eventually(() => eco.get(port));
      return { pid: Number(body['pid']), greeting: body['greeting'] };
    };
    const first = await said();
    expect(first.greeting).toBe(greeting);
    await isShownAs(eco, { as, answers: first.pid, port });

    await eco.write({
      'ecosystem.json': { project: 'forms', apps: [{ ...app, env: { ...app.env, CHANGED: 'yes' } }] },
    });
    expect((await eco.ok(['plan'])).stdout.replace(/ +/g, ' ')).toContain(PLANS[as].replace(/ +/g, ' '));
    await eco.apply();
    const second = await said();
    expect(second.pid).not.toBe(first.pid);
    expect((await eco.app('web')).workers).toMatchObject([{ status: 'ready', restarts: 0 }]);
  });
});

async function write(eco: EcoRig, fixture: Form['fixture']): Promise<void> {
  if (fixture === 'wrappers') await copyHeavyApp(eco, 'wrappers', 'web');
  else await eco.copyFixture(`apps/${fixture}`, 'web');
}

async function isShownAs(
  eco: EcoRig,
  { as, answers, port }: { readonly as: Form['as']; readonly answers: number; readonly port: number },
): Promise<void> {
  const managed = as !== 'unmanaged';
  await eco.eventually(async () => (await eco.app('web')).workers[0]?.managed === managed);
  const worker = await eco.pid('web');
  expect(as === 'below a wrapper' ? descendsFrom(answers, worker) && answers !== worker : answers === worker).toBe(
    true,
  );
  const { stdout } = await eco.ok(['list']);
  expect(stdout.includes('unmanaged')).toBe(!managed);
  const description = (await eco.ok(['describe', 'web'])).stdout;
  expect(description.includes('unmanaged')).toBe(!managed);
  expect(new RegExp(`:${port}\\b`).test(description)).toBe(managed);
}
