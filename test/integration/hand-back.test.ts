import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { DaemonRig } from '../support/daemon-rig.ts';
import { get } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { gone, kill } from '../support/processes.ts';

const SERVER = `
require('node:http').createServer((request, response) => response.end(String(process.pid))).listen({ port: Number(process.env.PORT), host: process.env.HOST });
`;

/** As it is for the next daemon: the app runs, and the daemon that held its sockets was killed. */
async function afterTheDaemonDied(rig: DaemonRig, fields: Partial<AppSpec>): Promise<AppSpec> {
  await rig.startDaemon();
  const spec = rig.spec(await rig.write('app.cjs', SERVER), fields);
  await rig.ok({ type: 'start', spec });
  const before = await rig.pids();
  await rig.killDaemon();
  await rig.startDaemon();
  await eventually(async () => (await rig.observe()).workers.every(({ handsOver, managed }) => managed && handsOver));
  expect(await rig.pids()).toEqual(before);
  return spec;
}

describe.for(inject('nodeLines'))('Node $line, another daemon than before', { concurrent: true }, ({ program }) => {
  const interpreter: AppSpec['interpreter'] = { type: 'program', path: program };

  test.for([
    ['fork', 1, {}],
    ['cluster', 2, {}],
    ['cluster', 2, { HOST: 'localhost' }],
  ] as const)('a reload in %s mode refuses no connection', async ([execMode, instances, env], { rig }) => {
    const port = await freePort();
    const spec = await afterTheDaemonDied(rig, {
      interpreter,
      execMode,
      instances,
      env: { ...env, PORT: String(port) },
    });
    const old = await rig.pids();
    const answers: string[] = [];
    const reloading = { over: false };
    const client = (async () => {
      while (!reloading.over) answers.push(await get(port));
    })();
    await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
    reloading.over = true;
    await client;
    expect((await rig.pids()).filter((pid) => old.includes(pid))).toEqual([]);
    expect(new Set(answers).size).toBeGreaterThan(1);
  });

  test('a unix path that two workers share is still there, and stays through a reload', async ({ rig }) => {
    const path = rig.path('app.sock');
    const code = `require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(${JSON.stringify(path)});`;
    await rig.startDaemon();
    const spec = rig.spec(await rig.write('app.cjs', code), { interpreter, execMode: 'cluster', instances: 2 });
    await rig.ok({ type: 'start', spec });
    await rig.killDaemon();
    await rig.startDaemon();
    await eventually(async () => (await rig.observe()).workers.every(({ handsOver, managed }) => managed && handsOver));
    expect(existsSync(path)).toBe(true);
    await rig.ok({ type: 'reload', spec: { ...spec, env: { GREETING: 'hello' } } });
    expect(existsSync(path)).toBe(true);
  });

  test('an app that was forgotten lets go of its port', async ({ rig }) => {
    await rig.startDaemon();
    const env = { PORT: String(await freePort()) };
    const spec = rig.spec(await rig.write('app.cjs', SERVER), { interpreter, execMode: 'cluster', instances: 2, env });
    await rig.ok({ type: 'start', spec });
    const old = await rig.pids();
    await rig.killDaemon();
    await rm(join(rig.home, 'apps'), { recursive: true });
    await rig.startDaemon();
    await rig.ok({ type: 'start', spec });
    expect((await rig.pids()).filter((pid) => old.includes(pid))).toEqual([]);
    expect((await rig.observe()).workers.map(({ restarts }) => restarts)).toEqual([0, 0]);
  });

  test('who is about to change something sees it once it is back, who looks on sees it at once', async ({ rig }) => {
    const port = await freePort();
    await rig.startDaemon();
    const spec = rig.spec(await rig.write('app.cjs', SERVER), { interpreter, env: { PORT: String(port) } });
    await rig.ok({ type: 'start', spec });
    const [pid = 0] = await rig.pids();
    process.kill(pid, 'SIGSTOP');
    await rig.killDaemon();
    await rig.startDaemon();
    const settled = rig.client.observe('test', { settled: true });
    expect((await rig.observe()).workers).toMatchObject([{ pid, managed: false, listening: [] }]);
    process.kill(pid, 'SIGCONT');
    const state = await settled;
    const workers = state.ok ? state.value.projects[0]?.apps[0]?.workers : [];
    expect(workers).toMatchObject([{ pid, managed: true, handsOver: true, listening: [`*:${port}`] }]);
  });

  test('a cluster worker that dies is replaced while its sibling serves', async ({ rig }) => {
    const port = await freePort();
    await afterTheDaemonDied(rig, { interpreter, execMode: 'cluster', instances: 2, env: { PORT: String(port) } });
    const [victim = 0, sibling = 0] = await rig.pids();

    kill(victim);
    await gone([victim], { within: 5000 });
    await eventually(async () => {
      const { workers } = await rig.observe();
      return workers.some(({ restarts }) => restarts > 0) && workers.every(({ phase }) => phase === 'ready');
    });
    const { workers } = await rig.observe();
    expect(workers.map(({ restarts }) => restarts).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(await rig.pids()).toContain(sibling);
  });
});
