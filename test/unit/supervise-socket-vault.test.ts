import { beforeEach, describe, expect, test } from 'vitest';
import { formatSocketAddress, type SocketAddress } from '../../src/domain/socket-address.ts';
import { SocketVault } from '../../src/supervise/socket-vault.ts';

const SHOP = { key: { project: 'shop', app: 'api' }, slot: null };
const BLOG = { key: { project: 'blog', app: 'api' }, slot: null };
const tcp = (port: number, host: string | null = null): SocketAddress => ({ type: 'tcp', host, port });
const udp = (port: number): SocketAddress => ({ type: 'udp', host: null, port, family: 4 });
const path = (name: string): SocketAddress => ({ type: 'path', path: name });

let open: string[];
let vault: SocketVault;
let made: number;
/** Whose path somebody has removed. */
let unlinked: Set<string>;
/** With whatever belongs to them: a path is gone. */
let closed: string[];

beforeEach(() => {
  open = [];
  made = 0;
  unlinked = new Set();
  closed = [];
  const bind = (address: SocketAddress) => (address.type === 'tcp' && address.port === 80 ? 'EACCES' : socket(address));
  vault = new SocketVault({ bind, bindReusePort: null, newTicketKeys: () => `keys ${(made += 1)}` });
});

function socket(address: SocketAddress) {
  made += 1;
  const name = `${made} ${formatSocketAddress(address)}`;
  open.push(name);
  return {
    fd: made,
    handle: name,
    identity: () => name,
    close: () => {
      open.splice(open.indexOf(name), 1);
      closed.push(name);
    },
    drop: () => void open.splice(open.indexOf(name), 1),
    reachable: () => !unlinked.has(name),
  };
}

function names(asker = SHOP): readonly string[] {
  return vault.inheritance(asker).map(({ address }) => formatSocketAddress(address));
}

/** What `obtain` answers, without its place. */
function obtained(...asked: Parameters<SocketVault['obtain']>): unknown {
  const placed = vault.obtain(...asked);
  return typeof placed === 'string' ? placed : placed.socket;
}

describe('obtain', () => {
  test('binds once, whoever asks of the same app', () => {
    expect(obtained(SHOP, tcp(3000), 0)).toBe(obtained(SHOP, tcp(3000), 0));
    expect(open).toEqual(['1 *:3000']);
  });

  test('every way to write "every address" is one address', () => {
    const first = obtained(SHOP, tcp(3000), 0);
    expect(obtained(SHOP, tcp(3000, '::'), 0)).toBe(first);
    expect(obtained(SHOP, tcp(3000, ''), 0)).toBe(first);
    expect(obtained(SHOP, tcp(3000, '127.0.0.1'), 0)).not.toBe(first);
  });

  test('a path that somebody removed is bound again', () => {
    obtained(SHOP, path('/run/app.sock'), 0);
    unlinked.add('1 /run/app.sock');
    obtained(SHOP, path('/run/app.sock'), 0);
    expect(open).toEqual(['2 /run/app.sock']);
  });

  test('apps share nothing', () => {
    expect(obtained(SHOP, tcp(3000), 0)).not.toBe(obtained(BLOG, tcp(3000), 0));
    expect(names(BLOG)).toEqual(['*:3000']);
  });

  test('two servers on port 0 are two ports, the same two for each worker', () => {
    const [first, second] = [obtained(SHOP, tcp(0), 0), obtained(SHOP, tcp(0), 1)];
    expect(first).not.toBe(second);
    expect(obtained(SHOP, tcp(0), 0)).toBe(first);
    expect(obtained(SHOP, tcp(0), 1)).toBe(second);
  });

  test('two servers on one fixed port are one socket: the second is for the app to find taken', () => {
    expect(obtained(SHOP, tcp(3000), 1)).toBe(obtained(SHOP, tcp(3000), 0));
  });

  test('a refusal is answered by name, and not remembered', () => {
    expect(obtained(SHOP, tcp(80), 0)).toBe('EACCES');
    expect(names()).toEqual([]);
  });
});

describe('deposit', () => {
  test('is what the next worker inherits', () => {
    vault.deposit(SHOP, tcp(3000), socket(tcp(3000)));
    expect(vault.inheritance(SHOP)).toMatchObject([{ address: tcp(3000), slot: null, socket: { fd: 1 } }]);
  });

  test('a second socket of the same address is closed, the first stays', () => {
    vault.deposit(SHOP, tcp(3000), socket(tcp(3000)));
    vault.deposit(SHOP, tcp(3000, '::'), socket(tcp(3000)));
    expect(open).toEqual(['1 *:3000']);
  });
});

describe('TLS ticket keys', () => {
  test('are the same for every worker of an app, other ones for another app and after a stop', () => {
    const first = vault.ticketKeys(SHOP.key);
    expect(vault.ticketKeys(SHOP.key)).toBe(first);
    expect(vault.ticketKeys(BLOG.key)).not.toBe(first);
    vault.releaseAll(SHOP.key);
    expect(vault.ticketKeys(SHOP.key)).not.toBe(first);
  });
});

describe('a deposit for a path', () => {
  test('takes the place of a socket whose path is gone, but of no other', () => {
    vault.deposit(SHOP, path('/run/app.sock'), socket(path('/run/app.sock')));
    vault.deposit(SHOP, path('/run/app.sock'), socket(path('/run/app.sock')));
    expect(open).toEqual(['1 /run/app.sock']);
    unlinked.add('1 /run/app.sock');
    vault.deposit(SHOP, path('/run/app.sock'), socket(path('/run/app.sock')));
    expect(open).toEqual(['3 /run/app.sock']);
  });
});

describe('what a new worker inherits', () => {
  test('is every stream socket with a fixed name', () => {
    vault.obtain(SHOP, tcp(3000), 0);
    vault.obtain(SHOP, tcp(0), 0);
    vault.obtain(SHOP, udp(53), 0);
    vault.obtain(SHOP, path('/run/app.sock'), 0);
    expect(names()).toEqual(['*:3000', '/run/app.sock']);
  });
});

describe('release', () => {
  test('unused: closes what no worker uses, but not what workers cannot tell of', () => {
    for (const address of [tcp(3000), tcp(4000), tcp(0), udp(53), path('/run/app.sock')])
      vault.obtain(SHOP, address, 0);
    vault.obtain(BLOG, tcp(4000), 0);
    vault.releaseUnused(SHOP.key, new Set(['*:3000']));
    expect(open).toEqual(['1 *:3000', '3 *:0', '4 udp4 *:53', '6 *:4000']);
    expect(names()).toEqual(['*:3000']);
  });

  test('all: closes everything of the app and binds anew when asked', () => {
    for (const address of [tcp(3000), tcp(0), udp(53)]) vault.obtain(SHOP, address, 0);
    vault.obtain(BLOG, tcp(4000), 0);
    vault.releaseAll(SHOP.key);
    vault.releaseAll(SHOP.key);
    expect(open).toEqual(['4 *:4000']);
    vault.obtain(SHOP, tcp(3000), 0);
    expect(open).toEqual(['4 *:4000', '5 *:3000']);
  });
});

test('a second duplicate of what is held is let go of without its path: the first one needs it', () => {
  const path = { type: 'path', path: '/run/app.sock' } as const;
  vault.deposit(SHOP, path, socket(path));
  vault.deposit(SHOP, path, socket(path));
  expect(open).toHaveLength(1);
  expect(closed).toEqual([]);
});
