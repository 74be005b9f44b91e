import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { Channels, readAllText } from '../../src/platform/channels.ts';
import { sendLocal } from '../../src/platform/local-http.ts';
import { passOn } from '../../src/platform/pass-on.ts';

/** Two ends of one connection. */
function connected(onOpen: (name: string, channel: Duplex) => void) {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const ends: string[] = [];
  const near = new Channels({ input: back, output: there, onEnd: () => ends.push('near') });
  const far = new Channels({ input: there, output: back, onOpen, onEnd: () => ends.push('far') });
  return { near, far, ends, there, back };
}

test('a channel carries any bytes both ways, and its ends one by one', async () => {
  const { near } = connected((name, channel) => {
    void readAllText(channel).then((text) => channel.end(`${name}: ${text}`));
  });
  const [a, b] = [near.open('a'), near.open('b')];
  a.write('grüß');
  b.end('x'.repeat(3 << 20));
  a.end(' dich');
  expect(await readAllText(a)).toBe('a: grüß dich');
  expect(await readAllText(b)).toBe(`b: ${'x'.repeat(3 << 20)}`);
});

test('one that breaks off is told to the other side, and to no other channel', async () => {
  const far: Duplex[] = [];
  const { near } = connected((_name, channel) => {
    channel.on('error', () => {});
    far.push(channel);
  });
  const [a, b] = [near.open('a'), near.open('b')];
  await expect.poll(() => far.length).toBe(2);
  const closed = new Promise((resolve) => far[0]?.on('close', resolve));
  a.destroy();
  await closed;
  far[1]?.end('still here');
  expect(await readAllText(b)).toBe('still here');
  const broken = once(b, 'error');
  const c = near.open('c');
  await expect.poll(() => far.length).toBe(3);
  const why = once(c, 'error');
  far[2]?.destroy(new Error('nobody listens'));
  expect(await why).toMatchObject([{ message: 'nobody listens' }]);
  b.destroy(new Error('enough'));
  await broken;
});

test('a connection that ends takes its channels with it', async () => {
  const { near, ends, back } = connected((_name, channel) => void channel.on('error', () => {}));
  const channel = near.open('a');
  const failed = once(channel, 'error');
  back.end();
  expect(await failed).toMatchObject([{ message: 'the connection was lost' }]);
  expect(() => near.open('b')).toThrow('the connection was lost');
  expect(ends).toEqual(['near']);
});

test('where nobody is heard any more the connection is over, on both sides; where somebody is, it is not', () => {
  vi.useFakeTimers();
  try {
    const live = connected(() => {});
    const near = new Channels({
      input: new PassThrough(),
      output: new PassThrough(),
      onEnd: () => live.ends.push('mute'),
    });
    vi.advanceTimersByTime(40_000);
    expect(live.ends).toEqual([]);
    vi.advanceTimersByTime(20_000);
    expect(live.ends).toEqual(['mute']);
    near.close();
    live.near.close();
    live.far.close();
  } finally {
    vi.useRealTimers();
  }
});

test('bytes that are no frame are the end', () => {
  const { ends, there } = connected(() => {});
  there.write('bash: warning: here be dragons\n');
  return expect.poll(() => ends).toEqual(['far']);
});

test('what nobody reads waits where it is written', async () => {
  let written = 0;
  const { near } = connected((_name, channel) => {
    channel.on('error', () => {});
    const more = (): void => {
      while (written < 64 << 20 && channel.write(Buffer.alloc(1 << 16))) written += 1 << 16;
      channel.once('drain', more);
    };
    more();
  });
  const channel = near.open('a');
  channel.on('error', () => {});
  await once(channel, 'readable');
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(written).toBeLessThan(4 << 20);
  channel.destroy();
});

test('HTTP goes through a channel to a socket, as many requests at once as there are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eco-'));
  const socketPath = join(folder, 's');
  const server = createServer((request: IncomingMessage, response) => {
    request.on('end', () => response.end(`${request.method} ${request.url}`)).resume();
  });
  await once(server.listen(socketPath), 'listening');
  const { near } = connected((_name, channel) => {
    channel.on('error', () => {});
    passOn(channel, socketPath);
  });
  const open = () => near.open('daemon');
  const answers = Array.from({ length: 300 }, async (_, index) => {
    const response = await sendLocal({ socketPath: '', open, method: 'POST', path: `/${index}`, body: {} });
    return response.text();
  });
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 300 }, (_, index) => `POST /${index}`));
  await new Promise((resolve) => server.close(resolve));
  await expect(sendLocal({ socketPath: '', open, method: 'GET', path: '/' })).rejects.toThrow('ENOENT');
  await rm(folder, { recursive: true });
});
