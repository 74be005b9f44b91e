import { beforeEach, describe, expect, test } from 'vitest';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { DEFAULTS } from '../../src/domain/policies.ts';
import { formatSocketAddress, type SocketAddress } from '../../src/domain/socket-address.ts';
import { seconds } from '../../src/domain/time.ts';
import { newDocument } from '../../src/supervise/cluster-document.ts';
import { Cluster } from '../../src/supervise/cluster.ts';
import { orphanedSlots, slotsToServe, type SlotServer } from '../../src/supervise/lent-slots.ts';
import type { VaultSocket } from '../../src/supervise/socket-group.ts';
import { SocketVault, type SocketMaker, type TcpAddress } from '../../src/supervise/socket-vault.ts';
import { FakeMachine, type FakeProcess } from '../support/fake-machine.ts';
import { appSpec } from '../support/states.ts';

const SHOP = { project: 'shop', app: 'api' };
const BLOG = { project: 'blog', app: 'api' };
const ADDRESS: TcpAddress = { type: 'tcp', host: null, port: 3000 };

describe('the vault, where each worker has a socket of its own', () => {
  let open: string[];
  let vault: SocketVault;
  let made: number;
  const of = (slot: number | null, key = SHOP) => ({ key, slot });

  beforeEach(() => {
    open = [];
    made = 0;
    vault = new SocketVault(maker({}));
  });

  function socket(kind: string, address: SocketAddress): VaultSocket {
    made += 1;
    const name = `${made} ${kind} ${formatSocketAddress(address)}`;
    open.push(name);
    const close = (): void => void open.splice(open.indexOf(name), 1);
    return { fd: made, handle: name, identity: () => name, close, drop: close };
  }

  function maker(fields: Partial<SocketMaker>): SocketMaker {
    return {
      bind: (address) => socket('shared', address),
      bindReusePort: (address, { first }) => socket(first ? 'first' : 'further', address),
      newTicketKeys: () => 'keys',
      ...fields,
    };
  }

  function slots(key = SHOP): readonly number[] {
    return vault.slots(key).map(({ slot }) => slot);
  }

  test('one for each slot, the same for who asks again; only the first has to find the port free', () => {
    const first = vault.obtain(of(0), ADDRESS, 0);
    expect(vault.obtain(of(2), ADDRESS, 0)).toMatchObject({ slot: 2 });
    expect(vault.obtain(of(0), ADDRESS, 0)).toEqual(first);
    expect(open).toEqual(['1 first *:3000', '2 further *:3000']);
    expect(slots()).toEqual([0, 2]);
  });

  test('unix paths, UDP and ports that the system chooses are shared', () => {
    const others: readonly SocketAddress[] = [
      { type: 'path', path: '/run/app.sock' },
      { type: 'udp', host: null, port: 53, family: 4 },
      { ...ADDRESS, port: 0 },
    ];
    for (const address of others) {
      expect(vault.obtain(of(0), address, 0)).toMatchObject({ slot: null });
      expect(vault.obtain(of(1), address, 0)).toEqual(vault.obtain(of(0), address, 0));
    }
    expect(open).toHaveLength(3);
  });

  test('a new worker inherits its own socket of every known port, bound for it if need be', () => {
    vault.obtain(of(0), ADDRESS, 0);
    expect(vault.inheritance(of(1))).toMatchObject([{ address: ADDRESS, slot: 1, socket: { fd: 2 } }]);
    expect(vault.inheritance(of(1))).toMatchObject([{ slot: 1, socket: { fd: 2 } }]);
    expect(vault.inheritance(of(0, BLOG))).toEqual([]);
  });

  test('another app cannot join, even while nobody listens', () => {
    vault.obtain(of(0), ADDRESS, 0);
    expect(vault.obtain(of(0, BLOG), ADDRESS, 0)).toBe('EADDRINUSE');
    expect(slots(BLOG)).toEqual([]);
    vault.releaseAll(SHOP);
    expect(vault.obtain(of(0, BLOG), ADDRESS, 0)).toMatchObject({ slot: 0 });
  });

  test('a port that is taken is refused, and not remembered', () => {
    vault = new SocketVault(maker({ bindReusePort: () => 'EADDRINUSE' }));
    expect(vault.obtain(of(0), ADDRESS, 0)).toBe('EADDRINUSE');
    expect(vault.holds(of(0), '*:3000')).toBe(false);
  });

  test('where the system has no such sockets, all workers share one', () => {
    vault = new SocketVault(maker({ bindReusePort: null }));
    expect(vault.obtain(of(0), ADDRESS, 0)).toEqual(vault.obtain(of(1), ADDRESS, 0));
    expect(open).toEqual(['1 shared *:3000']);
  });

  describe('what comes back after a daemon', () => {
    test('is kept apart by slot; a second duplicate of the same socket is closed, whatever slot it is said to be', () => {
      const [zero, one] = [socket('back', ADDRESS), socket('back', ADDRESS)];
      expect(vault.deposit(of(0), ADDRESS, zero)).toBe(0);
      expect(vault.deposit(of(1), ADDRESS, one)).toBe(1);
      let closed = 0;
      expect(vault.deposit(of(4), ADDRESS, { ...one, drop: () => (closed += 1) })).toBe(1);
      expect(closed).toBe(1);
      expect(slots()).toEqual([0, 1]);
      expect([of(0), of(1), of(2)].map((asker) => vault.holds(asker, '*:3000'))).toEqual([true, true, false]);
    });

    test('is kept beside what was bound for its slot meanwhile, for connections may wait in it', () => {
      vault.obtain(of(0), ADDRESS, 0);
      expect(vault.deposit(of(0), ADDRESS, socket('back', ADDRESS))).toBe(1);
      expect(open).toHaveLength(2);
    });

    test('is shared by all where no more can be made', () => {
      vault = new SocketVault(maker({ bindReusePort: null }));
      vault.deposit(of(1), ADDRESS, socket('back', ADDRESS));
      expect(vault.obtain(of(0), ADDRESS, 0)).toMatchObject({ slot: 1 });
      expect(vault.holds(of(0), '*:3000')).toBe(true);
      expect(open).toHaveLength(1);
    });
  });

  test('the other kind is let go of, and only that', () => {
    vault.obtain(of(0), ADDRESS, 0);
    vault.obtain(of(0), { type: 'path', path: '/run/app.sock' }, 0);
    vault.releaseOtherKind(SHOP, { grouped: true });
    expect(open).toHaveLength(2);
    vault.releaseOtherKind(SHOP, { grouped: false });
    expect(open).toEqual(['2 shared /run/app.sock']);
    vault.obtain(of(null), ADDRESS, 0);
    vault.releaseOtherKind(SHOP, { grouped: true });
    expect(open).toEqual(['2 shared /run/app.sock']);
  });

  test('a port that nobody uses any more goes with all its sockets', () => {
    for (const slot of [0, 1]) vault.obtain(of(slot), ADDRESS, 0);
    vault.obtain(of(0), { ...ADDRESS, port: 4000 }, 0);
    vault.releaseUnused(SHOP, new Set(['*:4000']));
    expect(open).toEqual(['3 first *:4000']);
  });
});

describe('who serves which socket', () => {
  const slots = [0, 1, 2].map((slot) => ({ address: ADDRESS, slot }));
  const worker = (instance: number, fields: Partial<SlotServer> = {}): SlotServer => ({
    instance,
    phase: 'ready',
    listensOn: ['*:3000'],
    ...fields,
  });
  const orphans = (...workers: readonly SlotServer[]) => orphanedSlots(slots, workers).map(({ slot }) => slot);

  test.for<[string, readonly SlotServer[], readonly number[]]>([
    ['everybody its own', [worker(0), worker(1), worker(2)], []],
    ['one has no worker', [worker(0), worker(2)], [1]],
    ['one does not listen yet', [worker(0), worker(1), worker(2, { phase: 'starting', listensOn: [] })], [2]],
    ['one listens and is not ready', [worker(0), worker(1), worker(2, { phase: 'starting' })], []],
    ['one has ended', [worker(0), worker(1, { listensOn: [] }), worker(2)], [1]],
    ['one is on its way out', [worker(0), worker(1), worker(2, { phase: 'draining' })], [2]],
    [
      'a successor listens while the old one goes',
      [worker(0), worker(1), worker(2, { phase: 'draining' }), worker(2)],
      [],
    ],
    ['one listens elsewhere', [worker(0), worker(1), worker(2, { listensOn: ['*:4000'] })], [2]],
  ])('%s', ([, workers, expected]) => {
    expect(orphans(...workers)).toEqual(expected);
  });

  test('every ready worker of the address serves all of them, no other does', () => {
    expect(slotsToServe(slots, worker(5))).toEqual(slots);
    expect(slotsToServe(slots, worker(5, { phase: 'starting' }))).toEqual([]);
    expect(slotsToServe(slots, worker(5, { listensOn: ['*:4000'] }))).toEqual([]);
  });
});

describe('an app', () => {
  const SPEC = appSpec({
    name: 'api',
    instances: 3,
    balance: 'reuseport',
    execMode: 'cluster',
    killTimeout: seconds(4),
  });

  /** Three workers, each on its own socket. */
  async function started() {
    const machine = new FakeMachine();
    const documents = { save: () => {}, saveNow: () => null };
    const cluster = new Cluster({ document: newDocument(SHOP, SPEC), ports: machine.ports, documents });
    machine.find = (id) => cluster.workers.find((worker) => worker.id === id);
    machine.onLaunch = listen;
    const converge = async (spec: AppSpec, strategy: 'keep' | 'rolling' | 'replace') => {
      const by = { user: 'ada', host: 'here', pid: 1 };
      const request = { spec, strategy, onProgress: () => {}, rollback: true, by, source: null, fromFile: true };
      const asked = cluster.converge(request);
      await machine.clock.advance(seconds(20));
      expect((await asked).ok).toBe(true);
    };
    await converge(SPEC, 'keep');
    for (const process of machine.living) process.told.splice(0);
    return { machine, converge };
  }

  /** As a worker that finds its socket among what it inherits, or asks for it. */
  function listen(process: FakeProcess): void {
    process.register();
    process.say({ type: 'listening', requested: ADDRESS, bound: ADDRESS });
    setImmediate(() =>
      process.listener.onInternalMessage({ cmd: 'NODE_ECO_LISTEN', seq: 1, address: ADDRESS, nth: 0 }, undefined),
    );
  }

  const told = ({ told }: FakeProcess): readonly string[] =>
    (told as readonly { readonly type: string; readonly slot?: number }[]).map(({ type, slot }) =>
      slot === undefined ? type : `${type} ${slot}`,
    );

  test('has a socket for each worker, which each successor inherits', async () => {
    const { machine, converge } = await started();
    expect(machine.vault.open).toHaveLength(3);
    const inherited = machine.started.slice(1, 3).map(({ request }) => request.inherit);
    expect(new Set(inherited.flat()).size).toBe(2);
    await converge({ ...SPEC, env: { GREETING: 'hello' } }, 'rolling');
    expect(machine.started.slice(4).map(({ request }) => request.inherit)).toEqual(inherited);
    expect(machine.vault.open).toHaveLength(3);
  });

  test('keeps a socket for a worker that has asked for it and does not say yet that it listens', async () => {
    const { machine, converge } = await started();
    const admin = { ...ADDRESS, port: 9000 };
    machine.onLaunch = (process) => {
      listen(process);
      setImmediate(() =>
        process.listener.onInternalMessage({ cmd: 'NODE_ECO_LISTEN', seq: 2, address: admin, nth: 0 }, undefined),
      );
    };
    await converge({ ...SPEC, env: { GREETING: 'hello' } }, 'rolling');
    expect(machine.vault.open.filter((name) => name === '*:9000')).toHaveLength(3);
    machine.onLaunch = listen;
    await converge({ ...SPEC, env: { GREETING: 'again' } }, 'rolling');
    expect(machine.vault.open.filter((name) => name === '*:9000')).toEqual([]);
  });

  test('scaled down keeps all sockets, and who stays serves them; scaled up again they go to their workers', async () => {
    const { machine, converge } = await started();
    const [stays] = machine.living;
    await converge({ ...SPEC, instances: 1 }, 'keep');
    expect(machine.living).toEqual([stays]);
    expect(told(stays as FakeProcess)).toEqual(['serve 1', 'serve 2']);
    expect(machine.vault.open).toHaveLength(3);
    await converge(SPEC, 'keep');
    expect(told(stays as FakeProcess).toSorted()).toEqual(['let-go 1', 'let-go 2', 'serve 1', 'serve 2']);
    expect(machine.vault.open).toHaveLength(3);
  });

  test('whose worker dies has its siblings serve in its place before anything else is known of it', async () => {
    const { machine } = await started();
    const [first, second, third] = machine.living as [FakeProcess, FakeProcess, FakeProcess];
    machine.onLaunch = (process) => process.register();
    second.exit({ type: 'signal', signal: 'SIGKILL' });
    await machine.clock.advance(0);
    expect([first, third].map(told)).toEqual([['serve 1'], ['serve 1']]);
    await machine.clock.advance(seconds(1));
    const successor = machine.newest;
    expect(successor).not.toBe(third);
    expect(told(first)).toEqual(['serve 1']);
    listen(successor);
    await machine.clock.advance(0);
    expect([first, third].map(told)).toEqual([
      ['serve 1', 'let-go 1'],
      ['serve 1', 'let-go 1'],
    ]);
  });

  test('whose sockets change their kind lets go of the old ones between the old workers and the new', async () => {
    const { machine, converge } = await started();
    await converge({ ...SPEC, balance: 'shared' }, 'replace');
    expect(machine.vault.open).toHaveLength(1);
    expect(new Set(machine.living.slice(1).flatMap(({ request }) => request.inherit)).size).toBe(1);
    await converge({ ...SPEC, rollout: { ...DEFAULTS.rollout, minReady: 1 } }, 'replace');
    expect(machine.vault.open).toHaveLength(3);
  });
});
