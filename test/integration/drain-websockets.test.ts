import { once } from 'node:events';
import { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';

const WS_SERVER = `
const { WebSocketServer } = require('ws');
const server = require('node:http').createServer((request, response) => response.end('x'));
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.send(String(process.pid));
  socket.on('close', (code) => console.log('closed ' + code));
});
server.listen(Number(process.env.PORT));
`;

describe.for(inject('nodeLines'))('Node $line', { concurrent: true }, ({ program }) => {
  const start = async (rig: DaemonRig, killTimeout: number) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write('app.cjs', WS_SERVER);
    const interpreter = { type: 'program', path: program } as const;
    const spec = rig.spec(script, { interpreter, killTimeout, env: { PORT: String(port) } });
    await rig.ok({ type: 'start', spec });
    return { port, reload: () => rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'x' } } }) };
  };

  test('a WebSocket client is told 1012 and closes cleanly, and the app hears of it', async ({ rig }) => {
    const { port, reload } = await start(rig, 30_000);
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const closed = new Promise<readonly [number, string]>((resolve, reject) => {
      client.on('error', reject);
      client.on('close', (code, reason) => resolve([code, reason.toString()]));
    });
    const first = await new Promise<string>((resolve) => client.on('message', (data) => resolve(data.toString())));
    await reload();
    expect(await closed).toEqual([1012, 'Service Restart']);
    await eventually(async () => (await rig.output('out')) === 'closed 1012\n');
    expect((await rig.pids()).map(String)).not.toContain(first);
  });

  test('a WebSocket client that stays is closed at the deadline', async ({ rig }) => {
    const { port, reload } = await start(rig, 4000);
    const client = new Socket({ allowHalfOpen: true });
    client.connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.on('error', () => {});
    client.write(
      'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(client, 'data');
    const ended = once(client, 'end').catch(() => undefined);
    await reload();
    await ended;
    expect(Buffer.concat(chunks).includes(Buffer.from([0x88, 17, 0x03, 0xf4]))).toBe(true);
    client.destroy();
  });
});
