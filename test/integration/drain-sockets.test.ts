import { existsSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTo, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { get, getAgainAndAgain, type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';

const UNIX_SERVER = `
const http = require('node:http');
const server = http.createServer((request, response) => response.end(String(process.pid)));
if (process.env.UNLINK === 'yes') require('node:fs').rmSync(process.env.SOCKET, { force: true });
server.listen(process.env.SOCKET);
console.log(JSON.stringify({ address: server.address(), listening: server.listening }));
`;
const TLS_SERVER = `
const https = require('node:https');
const { key, cert } = JSON.parse(process.env.TLS);
https.createServer({ key, cert }, (request, response) => response.end(String(process.pid))).listen(Number(process.env.PORT));
`;
const UDP_SERVER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (message, { port }) => socket.send(String(process.pid), port, '127.0.0.1'));
socket.bind(Number(process.env.PORT), '127.0.0.1', () => process.send('ready'));
`;

describe.for(inject('nodeLines'))('Node $line', { concurrent: true }, ({ program }) => {
  const interpreter: AppSpec['interpreter'] = { type: 'program', path: program };

  test.for(['fork', 'cluster'] as const)(
    'a server on a unix path is handed over, and its path is always there (%s)',
    async (execMode, { rig }) => {
      await rig.startDaemon();
      const socket = rig.path('app.sock');
      const script = await rig.write('app.cjs', UNIX_SERVER);
      const spec = rig.spec(script, { interpreter, execMode, env: { SOCKET: socket } });
      await rig.ok({ type: 'start', spec });
      const [before] = await rig.pids();
      expect((await rig.observe()).workers[0]?.handsOver).toBe(true);
      const client = getAgainAndAgain(socket, { clients: 1 });
      await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
      const [after] = await rig.pids();
      await eventually(() => client.answers.has(String(after)));
      const { problems, answers } = await client.stop();
      expect(problems).toEqual([]);
      expect([...answers].sort()).toEqual([String(before), String(after)].sort());
      const said = (await rig.output('out')).trim().split('\n');
      if (execMode === 'fork')
        expect(said).toEqual(Array.from({ length: 2 }, () => JSON.stringify({ address: socket, listening: true })));
      await rig.ok({ type: 'stop', workers: 1 });
      expect(existsSync(socket)).toBe(false);
    },
  );

  test('a program that removes its path before it listens is reached after a reload', async ({ rig }) => {
    await rig.startDaemon();
    const socket = rig.path('app.sock');
    const script = await rig.write('app.cjs', UNIX_SERVER);
    const spec = rig.spec(script, { interpreter, env: { SOCKET: socket, UNLINK: 'yes' } });
    await rig.ok({ type: 'start', spec });
    for (const greeting of ['hello', 'again']) {
      await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: greeting } } });
      const [pid] = await rig.pids();
      expect(await get(socket)).toBe(String(pid));
    }
    await rig.ok({ type: 'stop', workers: 1 });
    expect(existsSync(socket)).toBe(false);
  });

  test('a client resumes its TLS session with another worker', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write('app.cjs', TLS_SERVER);
    const env = { PORT: String(port), TLS: JSON.stringify(await devCertificate()) };
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter, execMode: 'cluster', instances: 2, env }) });
    const first = await askByTls(port, undefined);
    const other = await eventually(async () => {
      const next = await askByTls(port, first.session);
      return next.pid !== first.pid && next;
    });
    expect(first.reused).toBe(false);
    expect(other.reused).toBe(true);
  });

  test('the workers of a cluster app share a UDP port', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write('app.cjs', UDP_SERVER);
    const spec = rig.spec(script, {
      interpreter,
      execMode: 'cluster',
      instances: 2,
      readiness: { type: 'message' },
      env: { PORT: String(port) },
    });
    await rig.ok({ type: 'start', spec });
    expect((await rig.pids()).map(String)).toContain(await askByUdp(port));
    await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
    expect((await rig.pids()).map(String)).toContain(await askByUdp(port));
  });

  test('a program that is shut down by message gets it after the drain, and no signal', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write(
      'app.cjs',
      `process.on('SIGTERM', () => console.log('SIGTERM'));
       process.on('SIGINT', () => console.log('SIGINT'));
       const server = require('node:http').createServer((request, response) => response.end('x'));
       server.listen(0);
       process.on('message', (message) => {
         console.log(JSON.stringify({ message, listening: server.listening }));
         process.exit(0);
       });`,
    );
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter, shutdownWithMessage: true }) });
    await rig.ok({ type: 'stop', workers: 1 });
    expect(await rig.output('out')).toBe('{"message":"shutdown","listening":false}\n');
  });

  test('a program that has nothing left to do once it is drained still hears its stop signal', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write(
      'app.cjs',
      `process.on('SIGTERM', () => console.log('SIGTERM'));
       require('node:http').createServer((request, response) => response.end('x')).listen(0);`,
    );
    await rig.ok({ type: 'start', spec: rig.spec(script, { interpreter, killTimeout: 60_000 }) });
    await rig.ok({ type: 'stop', workers: 1 });
    expect(await rig.output('out')).toBe('SIGTERM\n');
  });

  test('requests that were sent at once are all answered by a worker that drains', async ({ rig }) => {
    const { socket, stopping } = await drainedWhileAsking(rig, interpreter, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
    socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n');
    const answers = (await textOf(socket)).match(/^\/\w+(?=HTTP|$)|connection: \w+(-alive)?/gim);
    await stopping;
    expect(answers?.at(-1)?.toLowerCase()).toBe('/2');
  });

  test('a connection that is silent, and a request whose body is slow, are served by a worker that drains', async ({
    rig,
  }) => {
    const post = 'POST /post HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab';
    const { socket, stopping } = await drainedWhileAsking(rig, interpreter, post);
    socket.write('cd');
    const answer = await textOf(socket);
    await stopping;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*connection: close\r\n(?:.*\r\n)*/i);
  });
});

/** A connection on which `text` was sent before the only worker was told to drain for its successor. */
async function drainedWhileAsking(rig: DaemonRig, interpreter: AppSpec['interpreter'], text: string) {
  await rig.startDaemon();
  const port = await freePort();
  const script = await rig.write(
    'app.cjs',
    `require('node:http').createServer(async (request, response) => {
       for await (const chunk of request);
       setTimeout(() => response.end(request.url), request.url === '/slow' ? 1500 : 0);
     }).listen(Number(process.env.PORT));`,
  );
  const spec = rig.spec(script, { interpreter, killTimeout: 10_000, env: { PORT: String(port) } });
  await rig.ok({ type: 'start', spec });
  const socket = connectTo(port, '127.0.0.1');
  socket.setEncoding('utf8');
  await once(socket, 'connect');
  socket.write(text);
  const stopping = rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
  await eventually(async () => (await rig.observe()).workers.some(({ phase }) => phase === 'draining'));
  return { socket, stopping };
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function devCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const read = (name: string) =>
    readFile(fileURLToPath(new URL(`../../fixtures/apps/loaded/${name}.pem`, import.meta.url)), 'utf8');
  return { key: await read('key'), cert: await read('cert') };
}

async function askByTls(port: number, session: Buffer | undefined) {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, session });
  let latest: Buffer | undefined;
  socket.on('session', (received) => {
    latest = received;
  });
  await once(socket, 'secureConnect');
  const reused = socket.isSessionReused();
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  const answer = await textOf(socket.setEncoding('utf8'));
  return { reused, pid: answer.split('\r\n\r\n')[1], session: latest };
}

async function askByUdp(port: number): Promise<string> {
  const socket = createSocket('udp4');
  socket.send('who', port, '127.0.0.1');
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return message.toString();
}
