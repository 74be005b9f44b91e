import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { execa } from 'execa';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { get, getAgainAndAgain } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';

const CLUSTER_CJS = `
const cluster = require('node:cluster');
const http = require('node:http');
if (cluster.isPrimary) throw new Error('this is no worker');
const answer = JSON.stringify({ pid: process.pid, isWorker: cluster.isWorker, isMaster: cluster.isMaster, id: cluster.worker.id });
http.createServer((request, response) => response.end(answer)).listen(Number(process.env.PORT));
`;
const CLUSTER_ESM = `
import cluster, { isPrimary, isWorker } from 'node:cluster';
import { createServer } from 'node:http';
if (isPrimary) throw new Error('this is no worker');
const answer = JSON.stringify({ pid: process.pid, isWorker, isMaster: cluster.isMaster, id: cluster.worker.id });
createServer((request, response) => response.end(answer)).listen(Number(process.env.PORT));
`;
const FORK_SERVER = `
const http = require('node:http');
const server = http.createServer((request, response) => response.end(String(process.pid)));
server.listen(Number(process.env.PORT), () => console.log(JSON.stringify(server.address())));
`;

/** What a program can see of how it was started; the same text runs as the first process, as a child and in a thread. */
const LOOK = `
const look = () => ({
  args: process.argv.slice(2),
  argv: process.argv.length,
  script: process.argv[1],
  execPath: process.execPath,
  execArgv: process.execArgv,
  variables: Object.keys(process.env).filter((name) => /PRELOAD|NODE_CHANNEL|NODE_OPTIONS|NODE_UNIQUE_ID/.test(name)),
  listeners: process.eventNames().map(String).filter((name) => /^SIG|Exception|Rejection|^message$|disconnect|beforeExit/.test(name)),
  globals: Object.getOwnPropertyNames(globalThis).filter((name) => /eco/i.test(name) && !/codec|decode|encode/i.test(name)),
  title: process.title,
  cluster: { isPrimary: cluster.isPrimary, isWorker: cluster.isWorker, isMaster: cluster.isMaster, worker: typeof cluster.worker },
});
const report = async (self, main) => {
  if (process.argv[2] === 'child') {
    process.send({ ...look(), send: typeof process.send, main });
    process.disconnect();
    return;
  }
  const server = http.createServer().listen(0);
  const { port, ...address } = server.address();
  const own = { ...look(), main, address: { ...address, port: typeof port === 'number' && port > 0 ? 1 : port } };
  await new Promise((resolve) => server.close(resolve));
  const child = await new Promise((resolve, reject) => {
    const started = fork(self, ['child']);
    started.on('message', resolve);
    started.on('exit', (code) => reject(new Error('ended with ' + code)));
  });
  const code = "require('node:worker_threads').parentPort.postMessage({ execArgv: process.execArgv, send: typeof process.send, variables: Object.keys(process.env).filter((name) => /PRELOAD/.test(name)) })";
  const thread = await new Promise((resolve) => new Worker(code, { eval: true }).on('message', resolve));
  const version = execFileSync(process.execPath, ['-p', 'process.execArgv.join() + typeof process.send'], { encoding: 'utf8' });
  console.log(JSON.stringify({ own, child, thread, version }));
};
`;
const LOOKS_AROUND_CJS = `
const cluster = require('node:cluster');
const http = require('node:http');
const { Worker } = require('node:worker_threads');
const { fork, execFileSync } = require('node:child_process');
${LOOK}
void report(__filename, { isMain: require.main === module, filename: require.main.filename, parent: module.parent, paths: module.paths[0] });
`;
const LOOKS_AROUND_ESM = `
import cluster from 'node:cluster';
import http from 'node:http';
import { Worker } from 'node:worker_threads';
import { fork, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
${LOOK}
await report(fileURLToPath(import.meta.url), { main: import.meta.main });
`;

describe.for(inject('nodeLines'))('Node $line', { concurrent: true }, ({ program }) => {
  const interpreter: AppSpec['interpreter'] = { type: 'program', path: program };

  test.for([
    ['cjs', CLUSTER_CJS],
    ['mjs', CLUSTER_ESM],
  ] as const)(
    'two workers of a cluster app share its port, the daemon accepts nothing (%s)',
    async ([ending, code], { rig }) => {
      const daemon = await rig.startDaemon();
      const port = await freePort();
      const script = await rig.write(`app.${ending}`, code);
      await rig.ok({
        type: 'start',
        spec: rig.spec(script, { interpreter, execMode: 'cluster', instances: 2, env: { PORT: String(port) } }),
      });
      const pids = await rig.pids();
      expect(pids).toHaveLength(2);
      const open = await Promise.all(Array.from({ length: 20 }, () => connection(port)));
      expect(acceptedBy(daemon.pid ?? 0, port)).toEqual([]);
      for (const socket of open) socket.destroy();

      const answers = new Set<string>();
      await eventually(async () => {
        for (const answer of await Promise.all(Array.from({ length: 20 }, () => get(port)))) answers.add(answer);
        return answers.size === 2;
      });
      const said = [...answers].map((answer) => JSON.parse(answer) as { id: number; pid: number });
      expect(said.sort((a, b) => a.id - b.id)).toEqual(
        pids.map((pid, i) => ({ pid, isWorker: true, isMaster: false, id: i + 1 })),
      );
    },
  );

  test('workers of one app share a port that the system chose, two servers on port 0 have two', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write(
      'app.cjs',
      `const http = require('node:http');
       for (const name of ['first', 'second']) {
         http.createServer((request, response) => response.end(name)).listen(0);
       }`,
    );
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter, execMode: 'cluster', instances: 2 }) });
    const [one = 0, other = 0, ...more] = await eventually(async () => {
      const { workers } = await rig.observe();
      return workers.every(({ listening }) => listening.length === 2) && rig.ports();
    });
    expect(more).toEqual([]);
    expect((await Promise.all([get(one), get(other)])).sort()).toEqual(['first', 'second']);
  });

  test('a reload in fork mode hands the socket over: no connection is refused', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write('app.cjs', FORK_SERVER);
    const spec = rig.spec(script, { interpreter, env: { PORT: String(port) } });
    await rig.ok({ type: 'start', spec });
    const [before] = await rig.pids();
    const client = getAgainAndAgain(port, { clients: 2 });
    await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
    const [after] = await rig.pids();
    await eventually(() => client.answers.has(String(after)));
    const { problems, answers } = await client.stop();
    expect(problems).toEqual([]);
    expect(after).not.toBe(before);
    expect([...answers].sort()).toEqual([String(before), String(after)].sort());
    expect(
      (await rig.output('out'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([expect.objectContaining({ port }), expect.objectContaining({ port })]);
  });

  test('a reload in cluster mode refuses no connection', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write('app.cjs', FORK_SERVER);
    const spec = rig.spec(script, { interpreter, execMode: 'cluster', instances: 2, env: { PORT: String(port) } });
    await rig.ok({ type: 'start', spec });
    const client = getAgainAndAgain(port, { clients: 2 });
    await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
    const { problems } = await client.stop();
    expect(problems).toEqual([]);
  });

  test.for(['fork', 'cluster'] as const)(
    "process.send('ready') makes a worker ready (%s)",
    async (execMode, { rig }) => {
      await rig.startDaemon();
      const script = await rig.write(
        'app.cjs',
        `process.send('ready', undefined, undefined, (error) => console.log(JSON.stringify({ error })));
       setInterval(() => {}, 1000);`,
      );
      await rig.ok({
        type: 'start',
        spec: rig.spec(script, { interpreter, execMode, readiness: { type: 'message' } }),
      });
      expect(await rig.printed()).toEqual({ error: null });
    },
  );

  test('a worker that never says ready is late', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.cjs', 'setInterval(() => {}, 1000);');
    const spec = rig.spec(script, { interpreter, readiness: { type: 'message' }, readyTimeout: 1500 });
    expect(await rig.step({ type: 'start', spec })).toMatchObject({
      error: { workers: [{ cause: { type: 'not-ready-in-time', waitingFor: "send 'ready'" } }], serving: null },
    });
  });

  test.for(['fork', 'cluster'] as const)(
    'runs on when the daemon dies, whatever it does on disconnect (%s)',
    async (execMode, { rig }) => {
      await rig.startDaemon();
      const script = await rig.write(
        'app.cjs',
        `process.on('disconnect', () => process.exit(1));
       process.send('ready');
       require('node:http').createServer((request, response) => {
         process.send({ any: 'thing' });
         response.end(String(process.pid));
       }).listen(0);`,
      );
      await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter, execMode }) });
      const [pid] = await rig.pids();
      const [port = 0] = await rig.ports();
      await rig.killDaemon();
      for (let i = 0; i < 5; i += 1) expect(await get(port)).toBe(String(pid));
      await rig.startDaemon();
      await eventually(async () => (await rig.observe()).workers[0]?.managed === true);
      expect(await rig.pids()).toEqual([pid]);
      expect(await rig.ports()).toEqual([port]);
    },
  );

  test.for(['cjs', 'mjs'] as const)('a program sees what it sees under plain node (%s)', async (ending, { rig }) => {
    await rig.startDaemon();
    const script = await rig.write(`app.${ending}`, ending === 'cjs' ? LOOKS_AROUND_CJS : LOOKS_AROUND_ESM);
    const [flags, args] = [['--stack-trace-limit=20'], ['first', '--flag', 'a b']];
    const plain = await execa(program, [...flags, script, ...args], { env: { ECO_PRELOAD: undefined } });
    const seenPlainly: unknown = JSON.parse(plain.stdout);
    const spec = rig.spec(script, { interpreter, kind: 'task', args, interpreterArgs: flags });
    await rig.ok({ type: 'start', spec });
    expect(await rig.printed()).toEqual(seenPlainly);
    expect(await rig.output('err')).toBe(plain.stderr);
    expect(seenPlainly).toMatchObject({
      own: { args, execArgv: flags, address: { port: expect.any(Number) as number } },
      child: { args: ['child'], execArgv: flags, send: 'function' },
      thread: { execArgv: flags, send: 'undefined' },
    });
  });

  test.for(['fork', 'cluster'] as const)(
    'can always tell that it is ready, and its address (%s)',
    async (execMode, { rig }) => {
      await rig.startDaemon();
      const port = await freePort();
      const script = await rig.write(
        'app.cjs',
        `const server = require('node:http').createServer((request, response) => response.end()).listen(${port});
       const atOnce = server.address();
       server.on('listening', () => console.log(JSON.stringify({ send: typeof process.send, atOnce, later: server.address() })));`,
      );
      const spec = rig.spec(script, { interpreter, execMode });
      await rig.ok({ type: 'start', spec });
      const address = { address: '::', family: 'IPv6', port };
      const said = async () =>
        (await rig.output('out'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);
      // As under node:cluster, whose workers have to ask for a socket first.
      expect(await said()).toEqual([
        { send: 'function', atOnce: execMode === 'fork' ? address : null, later: address },
      ]);
      await rig.ok({ type: 'reload', spec: { ...spec, env: { GREETING: 'hello' } } });
      expect((await said()).at(-1)).toEqual({ send: 'function', atOnce: address, later: address });
    },
  );

  test('a server that is long in loading is not taken to be one that never listens', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write(
      'app.mjs',
      `import http from 'node:http';
       for (const end = Date.now() + 2500; Date.now() < end; ) {
         for (const turn = Date.now() + 40; Date.now() < turn; );
         await new Promise((resolve) => setTimeout(resolve, 1));
       }
       http.createServer((request, response) => response.end('loaded')).listen(${port});`,
    );
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter }) });
    expect(await get(port)).toBe('loaded');
  });

  test('a program that always works has started nevertheless', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write(
      'app.cjs',
      `setInterval(() => {
         for (const turn = Date.now() + 40; Date.now() < turn; );
       }, 1);`,
    );
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter }) });
    expect((await rig.observe()).workers).toMatchObject([{ phase: 'ready', listening: [] }]);
  });

  test.for([
    ['nothing is left to do', '', 'completed'],
    ['process.exit', 'process.exit(7);', { type: 'exit-code', code: 7 }],
    ['process.exitCode', 'process.exitCode = 8;', { type: 'exit-code', code: 8 }],
    ['a signal', "process.kill(process.pid, 'SIGUSR2');", { type: 'signal', signal: 'SIGUSR2' }],
    ['an exception', "throw new Error('no database');", { type: 'exit-code', code: 1 }],
    ['a later exception', "setTimeout(() => { throw new Error('late'); }, 50);", { type: 'exit-code', code: 1 }],
    ['a rejection', "void Promise.reject(new Error('no database'));", { type: 'exit-code', code: 1 }],
    ['no error at all', 'Promise.reject(undefined);', { type: 'exit-code', code: 1 }],
    [
      'a handler for exceptions',
      "process.on('uncaughtException', (error, origin) => { console.error(origin, error.message); process.exit(9); }); x();",
      { type: 'exit-code', code: 9 },
    ],
    [
      'a handler for rejections',
      "process.on('unhandledRejection', (error) => { console.error(error.message); process.exit(10); }); Promise.reject(new Error('y'));",
      { type: 'exit-code', code: 10 },
    ],
    ['an await that never ends', 'await new Promise(() => {});', { type: 'exit-code', code: 13 }],
  ] as const)('ends as under plain node: %s', async ([way, code, cause], { rig }) => {
    await rig.startDaemon();
    const script = await rig.write(way.startsWith('an await') ? 'app.mjs' : 'app.cjs', code);
    const plain = await execa(program, [script], { reject: false });
    const spec = rig.spec(script, { interpreter, kind: 'task' });
    const outcome = await rig.step({ type: 'start', spec });
    const failure = outcome.ok || outcome.error.reason !== 'task-failed' ? outcome : outcome.error.workers[0]?.cause;
    expect(outcome.ok ? 'completed' : failure).toEqual(cause);
    const same =
      plain.signal === undefined
        ? { type: 'exit-code', code: plain.exitCode }
        : { type: 'signal', signal: plain.signal };
    expect(cause === 'completed' ? { type: 'exit-code', code: 0 } : cause).toEqual(same);
    const error = await rig.output('err');
    expect(error.trimEnd()).toBe(plain.stderr.trimEnd());
    expect(await rig.output('out')).toBe('');
  });
});

async function connection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** The connections on a local port that a process holds, by inode; Linux only. */
function acceptedBy(pid: number, port: number): readonly string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const established = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, address, , state]) => address?.endsWith(local) === true && state === '01')
      .map((fields) => `socket:[${fields[9]}]`),
  );
  expect(established.length).toBeGreaterThan(0);
  const held = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return established.filter((socket) => held.includes(socket));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
