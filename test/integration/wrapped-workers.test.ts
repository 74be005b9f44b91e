import type { AppSpec } from '../../src/domain/app-spec.ts';
import { get, type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { kill } from '../support/processes.ts';

/** Answers with its pid, at `/slow` after a second; begins to listen after DELAY. */
const SERVER = `
const http = require('node:http');
process.on('SIGTERM', () => { console.log('told to end'); process.exit(0); });
process.on('message', (message) => { console.log('message ' + message); process.exit(0); });
const server = http.createServer((request, response) => {
  if (request.url === '/slow') console.log('asked');
  setTimeout(() => response.end(String(process.pid)), request.url === '/slow' ? 1000 : 0);
});
setTimeout(() => server.listen(Number(process.argv[2] ?? process.env.PORT)), Number(process.env.DELAY ?? 0));
`;
/** As package runners do: Node itself, with a socket on a path for its own purposes, and it starts Node again. */
const RUNNER = `
const { spawn } = require('node:child_process');
require('node:net').createServer().listen(process.pid + '.sock', () => {
  const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' });
  process.on('SIGTERM', () => {});
  child.on('exit', (code) => process.exit(code));
});
`;

describe.for(inject('nodeLines'))('Node $line, below a wrapper', { concurrent: true }, ({ line, program }) => {
  /** What a shell makes of that line, in which `node` is the Node of this line. */
  async function wrapped(rig: DaemonRig, command: string, fields: Partial<AppSpec> = {}): Promise<AppSpec> {
    await rig.write('server.cjs', SERVER);
    await rig.write('runner.cjs', RUNNER);
    const args = ['-c', `node() { ${program} "$@"; }; ${command}`];
    return rig.spec('sh', { interpreter: { type: 'none' }, args, ...fields });
  }

  const listening = async (rig: DaemonRig, port: number) =>
    eventually(async () => {
      const [worker] = (await rig.observe()).workers;
      return worker?.listening[0]?.endsWith(`:${port}`) === true && worker;
    });

  test('the process that listens is the worker: seen, and drained before it is told to end', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const spec = await wrapped(rig, 'node runner.cjs server.cjs; exit', { env: { PORT: String(port) } });
    await rig.ok({ type: 'start', spec });
    expect(await listening(rig, port)).toMatchObject({ managed: true, handsOver: false, phase: 'ready' });
    const [wrapper] = await rig.pids();
    const slow = get(port, '/slow');
    await eventually(async () => (await rig.output('out')).includes('asked'));
    await rig.ok({ type: 'stop', workers: 1 });
    expect(Number(await slow)).not.toBe(wrapper);
    expect(await rig.output('out')).toBe('asked\ntold to end\n');
    expect(await rig.output('err')).toBe('');
  });

  test('its successor counts as ready once it listens as well, however long that takes', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const spec = await wrapped(rig, 'node server.cjs; exit', { env: { PORT: String(port), DELAY: '2500' } });
    await rig.ok({ type: 'start', spec });
    await listening(rig, port);
    const before = await get(port);
    await rig.ok({ type: 'replace', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } }, because: 'a test' });
    expect(Number(await get(port))).toBeGreaterThan(1);
    expect(await get(port)).not.toBe(before);
    expect((await rig.observe()).workers).toMatchObject([{ managed: true }]);
  });

  test('of two processes that listen the first counts, and the other once that is gone', async ({ rig }) => {
    await rig.startDaemon();
    const [first, second] = [await freePort(), await freePort()];
    const command = `node server.cjs ${first} & while ! test -e go; do sleep 0.05; done; node server.cjs ${second} & wait; wait`;
    await rig.ok({ type: 'start', spec: await wrapped(rig, command) });
    await listening(rig, first);
    await rig.write('go', '');
    const other = Number(await eventually(() => get(second)));
    expect((await rig.observe()).workers).toMatchObject([{ listening: [expect.stringMatching(`:${first}$`)] }]);
    kill(Number(await get(first)));
    await listening(rig, second);
    expect(Number(await get(second))).toBe(other);
  });

  test('what it starts while it serves is nothing to eco', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    await rig.write(
      'parent.cjs',
      `const { fork } = require('node:child_process');
       const server = require('node:http').createServer((request, response) => response.end('parent'));
       server.listen(${port}, () => {
         const child = fork('./server.cjs', ['0']);
         console.log(JSON.stringify({ orders: 'ECO_PRELOAD' in process.env, options: process.execArgv }));
       });`,
    );
    await rig.ok({ type: 'start', spec: await wrapped(rig, 'node parent.cjs; exit') });
    expect(await rig.printed()).toEqual({ orders: false, options: [] });
    expect(await listening(rig, port)).toMatchObject({ listening: [expect.stringMatching(`:${port}$`)] });
  });

  test('it reports to the next daemon as well, and keeps its sockets to itself', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const spec = await wrapped(rig, 'node server.cjs; exit', { env: { PORT: String(port) } });
    await rig.ok({ type: 'start', spec });
    await listening(rig, port);
    await rig.killDaemon();
    const pid = await get(port);
    await rig.startDaemon();
    expect(await listening(rig, port)).toMatchObject({ managed: true, handsOver: false });
    expect(await get(port)).toBe(pid);
  });

  test('is told to end by a message where the file says so', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const fields = { env: { PORT: String(port) }, shutdownWithMessage: true };
    await rig.ok({ type: 'start', spec: await wrapped(rig, 'node server.cjs; exit', fields) });
    await listening(rig, port);
    await rig.ok({ type: 'stop', workers: 1 });
    expect(await rig.output('out')).toBe('message shutdown\n');
  });

  test('under the permission model it runs without eco', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const interpreter = { type: 'program', path: program } as const;
    const script = await rig.write('server.cjs', SERVER);
    const flags = [Number(line) >= 22 ? '--permission' : '--experimental-permission', '--allow-fs-read=*'];
    const spec = rig.spec(script, {
      interpreter,
      interpreterArgs: [...flags, ...(Number(line) >= 26 ? ['--allow-net'] : [])],
      env: { PORT: String(port) },
    });
    await rig.ok({ type: 'start', spec });
    expect(await eventually(() => get(port))).toBe(String((await rig.pids())[0]));
    expect((await rig.observe()).workers).toMatchObject([{ managed: false, phase: 'ready', listening: [] }]);
  });
});
