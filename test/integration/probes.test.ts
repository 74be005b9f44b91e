import type { AppSpec } from '../../src/domain/app-spec.ts';
import { get } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, inject, test } from '../support/daemon-test.ts';

/** Well only if what it is asked by looks like a client to it; says what it saw. */
const SELF_CRITICAL = `
const http = require('node:http');
const server = http.createServer((request, response) => {
  if (request.url !== '/health') return response.end(process.env.VERSION);
  request.setTimeout(1000);
  request.socket.setNoDelay(true).setKeepAlive(true);
  const seen = { ip: request.socket.remoteAddress, host: request.headers.host, port: request.socket.localPort };
  console.log(JSON.stringify(seen));
  response.writeHead(Number(process.env.STATUS), { 'content-type': 'text/plain' });
  response.write('a body'.repeat(20_000));
  response.end('HTTP/1.1 200 OK');
});
server.listen(Number(process.env.PORT));
`;

describe.for(inject('nodeLines'))('Node $line', { concurrent: true }, ({ program }) => {
  const interpreter: AppSpec['interpreter'] = { type: 'program', path: program };
  const readinessProbe: AppSpec['readinessProbe'] = {
    target: { type: 'http', host: 'localhost', port: null, path: '/health' },
    period: 100,
    timeout: 1000,
    failures: 3,
  };

  for (const execMode of ['fork', 'cluster'] as const) {
    test(`a probe in ${execMode} mode is answered by the worker itself, not by others on its port`, async ({ rig }) => {
      await rig.startDaemon();
      const port = await freePort();
      const script = await rig.write('app.cjs', SELF_CRITICAL);
      const env = { PORT: String(port), STATUS: '200', VERSION: 'one' };
      const common = { interpreter, execMode, readinessProbe, readyTimeout: 2000, env };
      const spec = rig.spec(script, common);
      await rig.ok({ type: 'start', spec });
      const [before] = await rig.pids();
      const [seen] = (await rig.output('out')).split('\n');
      expect(JSON.parse(seen ?? '')).toEqual({ ip: '127.0.0.1', host: `localhost:${port}`, port });

      const answer = await rig.step({
        type: 'reload',
        spec: { ...spec, env: { ...env, STATUS: '503', VERSION: 'two' } },
      });
      expect(answer).toMatchObject({
        ok: false,
        error: {
          reason: 'rollout-failed',
          workers: [
            {
              cause: {
                type: 'not-ready-in-time',
                waitingFor: `answer GET http://localhost:${port}/health with 200 to 399: it said 503`,
              },
            },
          ],
          serving: { ready: 1 },
        },
      });
      expect(await rig.pids()).toEqual([before]);
      expect(await get(port)).toBe('one');
    });
  }

  test('a server that does not speak plain HTTP is asked over its port', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const script = await rig.write(
      'app.cjs',
      `const net = require('node:net');
       const server = net.createServer((socket) => {
         socket.on('error', () => {});
         socket.end('HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n');
       });
       server.listen(Number(process.env.PORT));`,
    );
    await rig.ok({
      type: 'start',
      spec: rig.spec(script, { interpreter, readinessProbe, env: { PORT: String(port) } }),
    });
  });
});
