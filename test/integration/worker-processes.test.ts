import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { freePort, get } from '../support/daemon-rig.ts';
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
    const client = knockOn(port);
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
    const client = knockOn(port);
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

  test('a program sees what it would see under plain node', async ({ rig }) => {
    await rig.startDaemon();
    const probe = `
      const { Worker } = require('node:worker_threads');
      const { fork, execFileSync } = require('node:child_process');
      const look = () => ({
        main: require.main === module,
        argv: process.argv.slice(2),
        execArgv: process.execArgv,
        variables: Object.keys(process.env).filter((name) => /PRELOAD|NODE_CHANNEL|NODE_OPTIONS/.test(name)),
        listeners: process.eventNames().map(String).filter((name) => ['SIGTERM', 'SIGINT', 'uncaughtException', 'message', 'disconnect'].includes(name)),
        globals: Object.keys(globalThis).filter((name) => /eco/i.test(name)),
        title: process.title === process.execPath || process.title === 'node',
        cluster: { isPrimary: require('node:cluster').isPrimary, isWorker: require('node:cluster').isWorker },
      });
      if (process.argv[2] === 'child') {
        process.send({ ...look(), argv: [] });
        process.disconnect();
      } else if (process.argv[2] === 'first') {
        const seen = { own: look() };
        const child = fork(__filename, ['child']);
        child.on('message', (message) => {
          seen.child = message;
          const code = "require('node:worker_threads').parentPort.postMessage({ execArgv: process.execArgv, send: typeof process.send })";
          new Worker(code, { eval: true }).on('message', (thread) => {
            seen.thread = thread;
            seen.version = execFileSync(process.execPath, ['-p', 'process.execArgv.join()'], { encoding: 'utf8' });
            console.log(JSON.stringify(seen));
          });
        });
      }`;
    const script = await rig.write('app.cjs', probe);
    const spec = rig.spec(script, {
      interpreter,
      kind: 'task',
      args: ['first', '--flag', 'a b'],
      interpreterArgs: ['--stack-trace-limit=20'],
    });
    await rig.ok({ type: 'start', spec });
    const common = { main: true, variables: [], listeners: [], globals: [], title: true };
    const plain = { ...common, cluster: { isPrimary: true, isWorker: false }, execArgv: ['--stack-trace-limit=20'] };
    expect(await rig.printed()).toMatchObject({
      own: { ...plain, argv: ['first', '--flag', 'a b'] },
      child: plain,
      thread: { execArgv: ['--stack-trace-limit=20'], send: 'undefined' },
      version: '-p,process.execArgv.join()\n',
    });
    expect(await rig.output('err')).toBe('');
  });

  test('a program ends as it would under plain node', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write(
      'app.cjs',
      `const how = {
         throw: () => { throw new Error('no database'); },
         reject: () => void Promise.reject(new Error('no database')),
         nothing: () => {},
         exit: () => process.exit(7),
         exitCode: () => { process.exitCode = 8; },
         abort: () => process.kill(process.pid, 'SIGUSR2'),
       };
       how[process.argv[2]]();`,
    );
    const ends = async (way: string) => {
      const spec = rig.spec(script, { interpreter, name: way, kind: 'task', args: [way] });
      const outcome = await rig.step({ type: 'start', spec });
      if (outcome.ok) return 'completed';
      return outcome.error.reason === 'task-failed' ? outcome.error.workers[0]?.cause : outcome.error;
    };
    expect(await ends('nothing')).toBe('completed');
    expect(await ends('exit')).toEqual({ type: 'exit-code', code: 7 });
    expect(await ends('exitCode')).toEqual({ type: 'exit-code', code: 8 });
    expect(await ends('abort')).toEqual({ type: 'signal', signal: 'SIGUSR2' });
    for (const way of ['throw', 'reject']) {
      expect(await ends(way)).toEqual({ type: 'exit-code', code: 1 });
      const error = await rig.output('err', way);
      expect(error).toContain('Error: no database');
      expect(error).toContain(`${script}:`);
      expect(error).not.toContain('preload');
    }
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

/** A client that asks again and again, each time on a new connection. */
function knockOn(port: number) {
  const answers = new Set<string>();
  const problems: string[] = [];
  const stop = new AbortController();
  const knock = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await get(port).then(
        (answer) => answers.add(answer),
        (error: unknown) => problems.push(String(error)),
      );
    }
  };
  const done = Promise.all([knock(), knock()]);
  return {
    answers,
    stop: async () => {
      stop.abort();
      await done;
      return { answers, problems };
    },
  };
}
